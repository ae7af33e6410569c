"""The OpenVINO runtime out of its wheel: what inference on a CPU takes, loaded by path at run time."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .placing import replace_folder
from .record import Record
from .report import Failure, Step, megabytes
from .wheels import Wheels, extract, version_of

# A list of what is kept, not of what goes: a new plugin or frontend in a later wheel stays out until it is wanted.
# The C interface, the core, three readers (IR, ONNX, TFLite), the CPU plugin and its threads.
KEPT = re.compile(
    r"openvino/libs/("
    r"libopenvino(_c|_ir_frontend|_onnx_frontend|_tensorflow_lite_frontend)?\.so\.\d+"
    r"|libopenvino_(intel|arm)_cpu_plugin\.so"
    r"|libtbb(malloc|bind_\d_\d)?\.so\.\d+"
    r"|libhwloc\.so\.\d+)"
)
START = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).ov_core_create(ctypes.byref(ctypes.c_void_p())))"
LICENCE = re.compile(r"openvino-[^/]+\.dist-info/licenses/.+")


def provide(deps: Path, scratch: Path, wheels: Wheels, record: Record) -> Path:
    """The path of libopenvino_c."""
    folder = deps / "openvino"
    key = wheels.pin("openvino") + KEPT.pattern
    if not record.holds("openvino", key):
        with Step(f"OpenVINO {version_of(wheels.pin('openvino'))}: fetching its wheel") as step:
            _unpack(scratch / "openvino", wheels)
            _check(_interface(scratch / "openvino"))
            replace_folder(folder, scratch / "openvino")
            files = sorted((folder / "libs").iterdir())
            record.keep("openvino", key, files)
            step.result = f"{len(files)} libraries, {megabytes(sum(file.stat().st_size for file in files))}"
    return _interface(folder)


def _unpack(made: Path, wheels: Wheels) -> None:
    with wheels.open("openvino") as archive:
        for member in archive.namelist():
            if KEPT.fullmatch(member):
                extract(archive, member, made / "libs" / Path(member).name)
            elif LICENCE.fullmatch(member) and not member.endswith("/"):
                extract(archive, member, made / "licenses" / Path(member).name)


def _interface(folder: Path) -> Path:
    found = sorted((folder / "libs").glob("libopenvino_c.so.*"))
    if len(found) != 1:
        raise Failure(f"{folder} holds {len(found)} libraries named libopenvino_c instead of one: look at scripts/provision/openvino.py.")
    return found[0]


def _check(library: Path) -> None:
    """Starts the runtime once, in a process of its own: a C library that is too old shows here and not in a job."""
    ran = subprocess.run([sys.executable, "-c", START, str(library)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode != 0:
        reason = (ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1]
        raise Failure(f"OpenVINO does not start on this machine; it takes Debian 12, Ubuntu 22.04 or newer ({reason}).")

