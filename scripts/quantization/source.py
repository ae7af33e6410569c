"""The model that is to be quantized, and what is known of it: its name, its labels, its licence."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from provision.manifest import parse_toml
from provision.placing import sha256_of
from provision.report import Failure

FORMATS = (".onnx", ".tflite", ".xml")
ITS_OWN = ("name", "task", "head", "input", "licence", "source", "default", "file")  # of an entry: not another model's


@dataclass(frozen=True)
class Source:
    """`name` as the server names it. `known` is what else its entry in the manifest says that holds in INT8, too."""

    file: Path
    name: str
    licence: str
    known: dict[str, object]

    @classmethod
    def at(cls, path: Path, licence: str | None, manifest: Path) -> "Source":
        file, name = _file(path.resolve())
        entry = _entry(file, manifest)
        licence = licence or entry.get("licence") or _licence(file.with_name("metadata.yaml"))
        if not licence:
            raise Failure(f"{file.name} does not say its licence: say it with --licence (`Apache-2.0`, or what its makers say).")
        return cls(file, name, licence, {key: value for key, value in entry.items() if key not in ITS_OWN})

    @property
    def metadata(self) -> str | None:
        beside = self.file.with_name("metadata.yaml")
        return beside.read_text(errors="replace") if beside.is_file() else None

    @property
    def size(self) -> int:
        files = [self.file, self.file.with_suffix(".bin")] if self.file.suffix.lower() == ".xml" else [self.file]
        return sum(file.stat().st_size for file in files if file.is_file())


def as_int8(metadata: str, of: str) -> str:
    """What an Ultralytics export says of itself, for the INT8 model made of it."""
    changed = re.sub(r"(?m)^(\s+int8:) false$", r"\1 true", re.sub(r"(?m)^(\s+half:) true$", r"\1 false", metadata))
    return f"# INT8 by scripts/quantize, of {of}\n{changed}"


def _file(path: Path) -> tuple[Path, str]:
    """The file that a path means, as src/vision/folder.rs has it."""
    if path.is_file() and path.suffix.lower() in FORMATS:
        return path, path.stem
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in FORMATS) if path.is_dir() else []
    if not files:
        raise Failure(f"{path} is neither a model file ({', '.join(FORMATS)}) nor a folder with one.")
    return files[0], path.name


def _entry(file: Path, manifest: Path) -> dict:
    """What the manifest says of this file, wherever it lies; nothing where it does not list it."""
    digest = sha256_of(file)
    entries = parse_toml(manifest.read_text()).get("model", []) if manifest.is_file() else []
    return next((entry for entry in entries if any(listed["sha256"] == digest for listed in entry["file"])), {})


def _licence(metadata: Path) -> str | None:
    if not metadata.is_file():
        return None
    found = re.search(r"(?m)^license: *(.+?) *$", metadata.read_text(errors="replace"))
    return found.group(1).strip("'\"") if found else None
