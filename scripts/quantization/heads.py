"""How the server feeds an object model, and where its surest score is: src/vision/detector.rs and head.rs in short.

Calibration has to see what the server's models see. Each run holds that against the server itself (`run._agree`).
"""
from __future__ import annotations

from dataclasses import dataclass

from provision.report import Failure

STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Head:
    """`centred`: the frame lies in the middle of the input, else at its top left. Values go from 0 to `brightest`."""

    name: str
    centred: bool
    blue_first: bool
    brightest: float


@dataclass(frozen=True)
class Network:
    head: Head
    width: int
    height: int

    def surest(self, output) -> float:
        """The score of the surest detection in an output, an array of the shape that was recognised."""
        if self.head is YOLOX:
            return float((output[0, :, 4] * output[0, :, 5:].max(axis=1)).max())
        return float(output[0, 4:].max())


YOLOX = Head("yolox", centred=False, blue_first=True, brightest=255.0)
ULTRALYTICS = Head("ultralytics", centred=True, blue_first=False, brightest=1.0)


def recognise(inputs: list[tuple[int, ...]], outputs: list[tuple[int, ...]]) -> Network:
    """Understands a network by its shapes; an open size is -1."""
    match inputs, outputs:
        case [(1, 3, height, width)], [(1, first, second)]:
            cells = sum((width // stride) * (height // stride) for stride in STRIDES)
            if first == cells > 0 and second > 5:
                return Network(YOLOX, width, height)
            if second == cells > 0 and first > 4:
                return Network(ULTRALYTICS, width, height)
    raise Failure(f"A network with the input {_written(inputs)} and the output {_written(outputs)} cannot be quantized: object models "
                  "are (YOLOX, [1,N,5+classes], and Ultralytics without NMS, [1,4+classes,N]) with a fixed input [1,3,height,width].")


def _written(shapes: list[tuple[int, ...]]) -> str:
    return " ".join("[" + ",".join("?" if side < 0 else str(side) for side in shape) + "]" for shape in shapes)
