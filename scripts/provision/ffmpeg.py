"""FFmpeg: the one on the PATH when it is 5.0 or newer, else the wheel's binary, else, as root, the system's package."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import apt
from .placing import replace_folder
from .record import Record
from .report import Failure, Step, say
from .wheels import Wheels, extract, version_of

OLDEST = (5, 0)
WHEEL = "imageio-ffmpeg"


def parse_version(banner: str) -> tuple[int, int] | None:
    """The version in `ffmpeg -version`. A build of git's master (`N-118-g123`) counts as newer than any release."""
    found = re.match(r"ffmpeg version (\S+)", banner)
    if not found:
        return None
    word = found.group(1)
    if re.match(r"(N-\d|git-)", word):
        return (999, 0)
    number = re.match(r"n?(\d+)(?:\.(\d+))?(?!\d)", word)
    return (int(number.group(1)), int(number.group(2) or 0)) if number else None


def version_at(binary: Path) -> tuple[int, int] | None:
    """None as well when it does not start: a wheel's binary may need a newer C library than the machine's."""
    try:
        ran = subprocess.run([binary, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             errors="replace", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(ran.stdout) if ran.returncode == 0 else None


def good(binary: Path) -> bool:
    version = version_at(binary)
    return version is not None and version >= OLDEST


def on_path() -> Path | None:
    found = shutil.which("ffmpeg")
    return Path(found).absolute() if found and good(Path(found)) else None


def provide(deps: Path, scratch: Path, wheels: Wheels, record: Record) -> Path:
    """The FFmpeg to use."""
    folder = deps / "ffmpeg"
    found = on_path()
    if found:
        if folder.exists():
            record.forget("ffmpeg")
            shutil.rmtree(folder)
            say(f"FFmpeg: {found} is new enough now, so the wheel's binary was removed")
        return found
    binary = folder / "ffmpeg"
    if record.holds("ffmpeg", wheels.pin(WHEEL)):
        return binary
    try:
        _from_wheel(folder, scratch / "ffmpeg", wheels)
        record.keep("ffmpeg", wheels.pin(WHEEL), [binary])
        return binary
    except Failure as failure:
        return _from_system(failure)


def _from_wheel(folder: Path, made: Path, wheels: Wheels) -> None:
    version = version_of(wheels.pin(WHEEL))
    with Step(f"FFmpeg: no 5.0 or newer on the PATH, fetching the wheel {WHEEL} {version}") as step:
        with wheels.open(WHEEL) as archive:
            for member in archive.namelist():
                if "/binaries/ffmpeg-" in member:
                    extract(archive, member, made / "ffmpeg")
                elif member.endswith("/LICENSE"):
                    extract(archive, member, made / "LICENSE")
        (made / "ffmpeg").chmod(0o755)
        found = version_at(made / "ffmpeg")
        if found is None or found < OLDEST:
            raise Failure(f"The FFmpeg of the wheel {WHEEL} {version} does not start on this machine: install FFmpeg 5.0 or newer.")
        replace_folder(folder, made)
        step.result = f"FFmpeg {found[0]}.{found[1]}, {os.stat(folder / 'ffmpeg').st_size / 1e6:.1f} MB"


def _from_system(failure: Failure) -> Path:
    if not apt.available():
        raise failure
    with Step("FFmpeg: installing the system's package"):
        installed = apt.install("ffmpeg")
        found = on_path()
        if not found:
            brought = "is older than 5.0 or not on the PATH" if installed else "cannot be installed"
            raise Failure(f"{failure} The system's package ffmpeg {brought} either: FFmpeg 5.0 or newer is needed.")
        return found
