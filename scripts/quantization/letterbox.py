"""A frame as a model's input: src/vision/letterbox.rs and resample.rs to the pixel."""
from __future__ import annotations

from dataclasses import dataclass

BITS = 11
ONE = 1 << BITS
PADDING = 114


@dataclass(frozen=True)
class Letterbox:
    """Where a frame of some size lies in the input, in pixels of the input."""

    width: int
    height: int
    left: int
    top: int


def letterbox(frame: tuple[int, int], size: tuple[int, int], centred: bool) -> Letterbox:
    """`frame` and `size` (of the input) are width and height."""
    scale = min(to / of for to, of in zip(size, frame))
    cut = round if centred else int  # round goes to even, as the server's does
    width, height = (min(max(cut(of * scale), 1), to) for to, of in zip(size, frame))
    left, top = ((max(round((to - of) / 2 - 0.1), 0) for to, of in zip(size, (width, height))) if centred else (0, 0))
    return Letterbox(width, height, left, top)


def taps(of: int, to: int) -> list[tuple[int, int, int]]:
    """For each place of the scaled line the samples before and after it, and how much of the second, in 1/2048."""
    found = []
    for place in range(to):
        at = max((place + 0.5) * (of / to) - 0.5, 0.0)
        first = min(int(at), of - 1)
        found.append((first, min(first + 1, of - 1), 0 if first == of - 1 else round((at - first) * ONE)))
    return found


def fitted(picture, size: tuple[int, int], centred: bool):
    """A picture, bytes [height, width, 3], scaled into the size of an input (width, height)."""
    import numpy

    place = letterbox((picture.shape[1], picture.shape[0]), size, centred)
    left, right, across = numpy.array(taps(picture.shape[1], place.width), numpy.int32).T
    above, below, down = numpy.array(taps(picture.shape[0], place.height), numpy.int32).T
    across, down = across[None, :, None], down[:, None, None]
    lines = picture[:, left] * (ONE - across) + picture[:, right] * across
    mixed = (lines[above] * (ONE - down) + lines[below] * down + (1 << (2 * BITS - 1))) >> (2 * BITS)
    fit = numpy.full((size[1], size[0], 3), PADDING, numpy.uint8)
    fit[place.top:place.top + place.height, place.left:place.left + place.width] = mixed
    return fit
