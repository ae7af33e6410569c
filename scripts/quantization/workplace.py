"""What quantization runs in: an environment of its own for NNCF, what set-up brought, and the program itself."""
from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from provision.placing import write_atomically
from provision.report import Failure, Step
from provision.wheels import read_pins, version_of


@dataclass(frozen=True)
class Workplace:
    binary: Path
    ffmpeg: str
    openvino: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SIGHTLINE_FFMPEG": self.ffmpeg, "SIGHTLINE_OPENVINO": self.openvino}


def enter(root: Path) -> None:
    """Comes back within .deps/quantize, which is made first if need be: the program is started again by its Python."""
    folder = root / ".deps" / "quantize"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    _set_up(root)
    wanted = pins(root)
    with (root / ".deps" / "quantize.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "made-from"  # written last
        if not made.is_file() or made.read_text() != wanted:
            _install(folder, wanted)
            write_atomically(made, wanted.encode())
    python = str(folder / "bin" / "python")
    # NNCF reports its use to its makers, unless it takes the machine for one that runs tests.
    os.execve(python, [python, *sys.argv], {**os.environ, "NNCF_CI": "1"})


def pins(root: Path) -> str:
    """The environment as pip's requirements, with the OpenVINO that the server runs on and this Python's version."""
    runtime = version_of(read_pins((root / "scripts" / "wheels.txt").read_text())["openvino"])
    listed = read_pins((root / "scripts" / "quantize.txt").read_text()).values()
    python = f"# Python {sys.version_info.major}.{sys.version_info.minor}"
    return "\n".join([python, *listed, f"openvino=={runtime}"]) + "\n"


def provide(root: Path) -> Workplace:
    """What set-up brought, and the program: the one SIGHTLINE_BIN names, else the one that is built from here."""
    tell = '. "$1" && printf "%s\\n%s" "$SIGHTLINE_FFMPEG" "$SIGHTLINE_OPENVINO"'
    said = subprocess.run(["sh", "-c", tell, "sh", str(root / ".deps" / "env")], capture_output=True, text=True, check=True)
    ffmpeg, openvino = said.stdout.split("\n")
    named = os.environ.pop("SIGHTLINE_BIN", None)
    if named:
        if not os.access(named, os.X_OK):
            raise Failure(f"SIGHTLINE_BIN={named} is no program.")
        return Workplace(Path(named).resolve(), ffmpeg, openvino)
    cargo = shutil.which("cargo") or shutil.which("cargo", path=str(Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"), "bin")))
    if not cargo:
        raise Failure("Rust is missing: cargo is not on the PATH. Or name a built program with SIGHTLINE_BIN=<file>.")
    if subprocess.run([cargo, "build", "--release", "--locked"], cwd=root).returncode != 0:
        raise Failure("The program cannot be built: see above.")
    return Workplace(root / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "sightline", ffmpeg, openvino)


def _set_up(root: Path) -> None:
    # Only a program that is to be built needs the web app.
    more = ["--without-web"] if "SIGHTLINE_BIN" in os.environ else []
    if subprocess.run([sys.executable, str(root / "scripts" / "setup"), *more]).returncode != 0:
        raise Failure("The set-up failed: see above.")


def _install(folder: Path, wanted: str) -> None:
    with Step(f"NNCF: installing it into {folder}") as step:
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], "Python has no venv here (on Debian and Ubuntu `apt-get install python3-venv`)")
        listed = folder / "requirements.txt"
        listed.write_text(wanted)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--only-binary", ":all:", "--no-deps", "--requirement", str(listed)], "pip could not install it")
        step.result = f"{len(read_pins(wanted))} packages"


def _run(command: list[str], failing: str) -> None:
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode != 0:
        said = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit code {ran.returncode}"]
        raise Failure(f"{failing}: {said[-1].strip()}.")
