"""What set-up says: one line for each thing done, one sentence for each thing that failed."""
from __future__ import annotations

import time


class Failure(Exception):
    """Set-up cannot go on. The message is one sentence for the user, with what to do."""


class Step:
    """`with Step("OpenVINO") as step: …; step.result = "91 MB"` prints `OpenVINO … 91 MB (4.1 s)`, its start at once."""

    def __init__(self, title: str) -> None:
        self.title, self.result = title, "done"

    def __enter__(self) -> "Step":
        self.started = time.monotonic()
        print(f"{self.title} … ", end="", flush=True)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        seconds = time.monotonic() - self.started
        print("failed" if kind else f"{self.result} ({seconds:.1f} s)", flush=True)


def say(line: str) -> None:
    print(line, flush=True)


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
