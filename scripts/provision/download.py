"""One file from an address, given up quickly: a machine without that network must not wait for it."""
from __future__ import annotations

import queue
import threading
import time
import urllib.request
from collections.abc import Iterator

PATIENCE = 8.0  # seconds without a byte, name look-up and connection included
LONGEST = 300.0  # seconds in all: a few MB over a slow line


class Unreachable(Exception):
    pass


def chunks(address: str, size: int, patience: float = PATIENCE) -> Iterator[bytes]:
    """The bytes at `address`, never more than `size`.

    A thread reads, because no time-out of the standard library covers the name look-up; it ends with the process.
    """
    arrived: queue.Queue[bytes | Exception] = queue.Queue(maxsize=16)
    threading.Thread(target=_read, args=(address, patience, arrived), name="download", daemon=True).start()
    received, deadline = 0, time.monotonic() + LONGEST
    while True:
        try:
            chunk = arrived.get(timeout=patience)
        except queue.Empty:
            raise Unreachable(f"no answer in {patience:.0f} s") from None
        if isinstance(chunk, Exception):
            raise Unreachable(str(getattr(chunk, "reason", None) or chunk)) from None
        if not chunk:
            return
        received += len(chunk)
        if received > size:
            raise Unreachable(f"more than the {size} bytes expected")
        if time.monotonic() > deadline:
            raise Unreachable(f"not finished in {LONGEST:.0f} s")
        yield chunk


def _read(address: str, patience: float, arrived: queue.Queue[bytes | Exception]) -> None:
    try:
        with urllib.request.urlopen(address, timeout=patience) as answer:
            while chunk := answer.read1(1 << 16):
                arrived.put(chunk)
        arrived.put(b"")
    except Exception as error:  # whatever it is, it is the main thread's to tell
        arrived.put(error)
