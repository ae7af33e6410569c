"""Frames out of a video, by FFmpeg."""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from provision.report import Failure

# The same pictures as the server's, except that what is brighter than a standard screen, interlaced or transparent is left as it is.
FILTERS = "scale=w='max(1,round(iw*sar))':h=ih,setsar=1,format=rgb24"


def spread(total: int, wanted: int) -> list[int]:
    """Which of `total` frames to take: the middles of `wanted` equal parts, all of them where there are no more."""
    count = min(total, wanted)
    return [(2 * part + 1) * total // (2 * count) for part in range(count)]


def pictures(ffmpeg: str, clip: Path, wanted: list[int]) -> Iterator[tuple[int, int, bytes]]:
    """Width, height and RGB bytes of the frames with these numbers, which ascend."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", f"file:{clip.resolve()}", "-map", "0:V:0"]
    command += ["-vf", FILTERS, "-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]
    remaining = iter(wanted)
    next_one = next(remaining, None)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            for number, picture in enumerate(ppm(child.stdout)):
                if number == next_one:
                    yield picture
                    next_one = next(remaining, None)
                if next_one is None:
                    return
        finally:
            child.kill()


def ppm(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The pictures of a stream of binary PPM, as FFmpeg writes them: three lines, then the bytes."""
    while stream.readline() == b"P6\n":
        width, height = map(int, stream.readline().split())
        if stream.readline() != b"255\n":
            raise Failure("FFmpeg wrote pictures of more than 8 bits.")
        content = stream.read(3 * width * height)
        if len(content) < 3 * width * height:
            return
        yield width, height, content
