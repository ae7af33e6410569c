"""The C compiler that Rust links with."""
from __future__ import annotations

import shutil

from . import apt
from .report import Failure, Step


def provide() -> None:
    if shutil.which("cc"):
        return
    if apt.available():
        with Step("C compiler: installing the system's packages gcc and libc6-dev"):
            apt.install("gcc", "libc6-dev")
    if not shutil.which("cc"):
        raise Failure("Rust needs a C compiler to link with, `cc`: install it (on Debian and Ubuntu `apt-get install gcc libc6-dev`).")
