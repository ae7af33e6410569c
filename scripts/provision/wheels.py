"""Wheels pinned in scripts/wheels.txt: downloaded by pip with their hash checked, opened as the zip files they are."""
from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from .report import Failure

# The platform each wheel is tagged with. mediapipe's x86_64 wheel serves every machine: only its models are taken.
TAGS = {
    "imageio-ffmpeg": {"x86_64": "manylinux_2_28_x86_64", "aarch64": "manylinux_2_28_aarch64"},
    "openvino": {"x86_64": "manylinux_2_28_x86_64", "aarch64": "manylinux_2_35_aarch64"},
    "mediapipe": {"x86_64": "manylinux_2_28_x86_64", "aarch64": "manylinux_2_28_x86_64"},
}


class Wheels:
    """Fetches each wheel at most once a run, into a scratch folder."""

    def __init__(self, pins: Path, scratch: Path) -> None:
        self.requirements = read_pins(pins.read_text())
        self.scratch = scratch
        self.fetched: dict[str, Path] = {}

    def pin(self, name: str) -> str:
        """The requirement with its hashes: changes whenever the wheel does."""
        return self.requirements[name]

    def open(self, name: str) -> zipfile.ZipFile:
        if name not in self.fetched:
            self.fetched[name] = _download(name, self.requirements[name], self.scratch / f"wheel-{name}")
        return zipfile.ZipFile(self.fetched[name])


def read_pins(text: str) -> dict[str, str]:
    """Each requirement of a pip requirements file, by its name, on one line."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = "\n".join(lines).replace("\\\n", " ")
    return {line.split("==")[0].strip(): re.sub(r"\s+", " ", line).strip() for line in joined.splitlines() if "==" in line}


def version_of(requirement: str) -> str:
    return requirement.split("==")[1].split()[0]


def extract(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _download(name: str, requirement: str, folder: Path) -> Path:
    machine = platform.machine()
    tag = TAGS[name].get(machine)
    if tag is None:
        raise Failure(f"There is no wheel of {name} for {machine}: Sightline runs on x86_64 and aarch64.")
    folder.mkdir(parents=True, exist_ok=True)
    asked = folder / "requirement.txt"
    asked.write_text(requirement + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
    command += ["--platform", tag, "--dest", str(folder), "--requirement", str(asked)]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if ran.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    raise Failure(_why(name, version_of(requirement), ran.stderr))


def _why(name: str, version: str, stderr: str) -> str:
    wheel = f"the wheel {name} {version}"
    if "No module named pip" in stderr:
        return "Python 3 has no pip here: install it (on Debian and Ubuntu `apt-get install python3-pip`), then run this again."
    if "HASHES" in stderr:
        return f"What arrived as {wheel} is not what scripts/wheels.txt pins (its sha256 differs): nothing of it was kept; " \
            "look at your package mirror or proxy, then run this again."
    reasons = [line for line in stderr.splitlines() if line.startswith("ERROR")] or ["pip gave no reason"]
    return f"pip could not download {wheel}: check the network or pip's index settings, then run this again ({reasons[-1].strip()})."
