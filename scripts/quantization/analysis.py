"""What the program itself finds in a video with a model: the server's own way to feed and to read it."""
from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from provision.report import Failure

from .comparison import Detection
from .workplace import Workplace

CONFIDENCE = 0.3


def analyse(work: Workplace, clip: Path, detector: str, models: Path, precision: str) -> list[list[Detection]]:
    """The detections of each frame. `detector` is a name in the folder `models`, or a path."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "frames.jsonl")
        command = [work.binary, "--log", "error", "analyze", clip.resolve(), "--no-video", "--pose", "none", "--no-tracking"]
        command += ["--detector", detector, "--models-dir", models, "--confidence", str(CONFIDENCE), "--precision", precision]
        ran = subprocess.run([*map(str, command), "--jsonl", str(results)], env=work.environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, errors="replace")
        if ran.returncode != 0:
            said = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit code {ran.returncode}"]
            raise Failure(f"The program does not analyse {clip.name} with {detector}: {said[-1].strip()}")
        with results.open() as lines:
            return frames(lines)


def frames(lines: Iterable[str]) -> list[list[Detection]]:
    """The frames of a result as JSON Lines; the header and the trailer are none."""
    read = (json.loads(line) for line in lines)
    return [[_detection(found) for found in line["detections"]] for line in read if "frame" in line]


def _detection(found: dict) -> Detection:
    return Detection(found["class_id"], found["confidence"], tuple(found["bbox"]))
