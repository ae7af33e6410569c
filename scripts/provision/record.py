"""What set-up has done already: for each part, the key it was made from and the files it left, as size and time.

The files were checked by sha256 when they came; size and time tell that nobody touched them since, at no cost.
"""
from __future__ import annotations

import json
from pathlib import Path

from .placing import write_atomically


class Record:
    def __init__(self, path: Path, root: Path) -> None:
        self.path, self.root = path, root
        try:
            self.parts = dict(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            self.parts = {}

    def holds(self, part: str, key: str) -> bool:
        entry = self.parts.get(part)
        if not isinstance(entry, dict) or entry.get("key") != key:
            return False
        return all(_look(self.root / name) == look for name, look in entry.get("files", {}).items())

    def keep(self, part: str, key: str, files: list[Path]) -> None:
        self.parts[part] = {"key": key, "files": {str(file.relative_to(self.root)): _look(file) for file in files}}
        self._save()

    def forget(self, part: str) -> None:
        if self.parts.pop(part, None) is not None:
            self._save()

    def _save(self) -> None:
        write_atomically(self.path, json.dumps(self.parts, indent=1).encode())


def _look(file: Path) -> list[int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]
