"""Files that are either whole or not there: written under a temporary name, then renamed."""
from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_atomically(target: Path, content: bytes | Iterable[bytes], mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        part.chmod(mode)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def replace_folder(target: Path, made: Path) -> None:
    """Puts the folder `made` (on the same file system) where `target` is."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)
