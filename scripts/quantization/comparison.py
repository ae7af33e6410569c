"""What one model finds, held against what another one finds in the same frames."""
from __future__ import annotations

from dataclasses import dataclass

from provision.report import Failure

Box = tuple[float, float, float, float]
OVERLAP = 0.5  # from here on, two boxes of a class are one object


@dataclass(frozen=True)
class Detection:
    """`box` is x1, y1, x2, y2."""

    class_id: int
    confidence: float
    box: Box


@dataclass(frozen=True)
class Comparison:
    reference: int
    found: int
    both: int
    mean_iou: float
    mean_shift: float  # of the confidence, without its sign

    @property
    def recall(self) -> float:
        return self.both / self.reference if self.reference else float(self.found == 0)

    @property
    def precision(self) -> float:
        return self.both / self.found if self.found else float(self.reference == 0)

    @property
    def loss(self) -> float:
        """1 - F1."""
        return 1 - 2 * self.both / (self.reference + self.found)


def compare(reference: list[list[Detection]], found: list[list[Detection]]) -> Comparison:
    """Frame by frame. Whose frames are not as many cannot be compared."""
    if len(reference) != len(found):
        raise Failure(f"One run gave {len(reference)} frames and the other {len(found)}: run this again.")
    pairs = [pair for before, after in zip(reference, found) for pair in matches(before, after)]
    counts = sum(map(len, reference)), sum(map(len, found))
    if not counts[0]:
        raise Failure("The model finds nothing in this video: choose one that shows what it is for.")
    overlap = sum(iou(before.box, after.box) for before, after in pairs)
    shift = sum(abs(before.confidence - after.confidence) for before, after in pairs)
    return Comparison(*counts, len(pairs), overlap / max(len(pairs), 1), shift / max(len(pairs), 1))


def matches(reference: list[Detection], found: list[Detection]) -> list[tuple[Detection, Detection]]:
    """The surest of `reference` chooses first, and each the one of its class that overlaps it most."""
    left, pairs = list(found), []
    for before in sorted(reference, key=lambda detection: -detection.confidence):
        same = [after for after in left if after.class_id == before.class_id and iou(before.box, after.box) >= OVERLAP]
        if same:
            best = max(same, key=lambda after: iou(before.box, after.box))
            left.remove(best)
            pairs.append((before, best))
    return pairs


def iou(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
