"""Debian's packages: only as root, and only for what neither the machine nor a wheel has."""
from __future__ import annotations

import os
import shutil
import subprocess


def available() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        ran = subprocess.run(["apt-get", "-qq", *command], env=environment, stdin=subprocess.DEVNULL, capture_output=True)
        # An update may fail for one of many sources: the install tells.
        if ran.returncode != 0 and command != ["update"]:
            return False
    return True
