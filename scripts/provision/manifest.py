"""models/manifest.toml: which models there are, and where each of their files comes from."""
from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from .report import Failure


@dataclass(frozen=True)
class ModelFile:
    name: str
    sha256: str
    size: int
    address: str | None = None
    wheel: str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Model:
    name: str
    task: str
    default: bool
    files: tuple[ModelFile, ...]


def read(path: Path) -> list[Model]:
    return [_model(entry) for entry in parse_toml(path.read_text()).get("model", [])]


def parse_toml(text: str) -> dict:
    # Python before 3.11 has no parser of its own, but its pip carries one.
    for parser in ("tomllib", "pip._vendor.tomli", "pip._vendor.toml"):
        try:
            return importlib.import_module(parser).loads(text)
        except ImportError:
            continue
    raise Failure("Python before 3.11 needs its pip here: install it (`apt-get install python3-pip`), then run this again.")


def _model(entry: dict) -> Model:
    try:
        default = entry.get("default", False)
        files = tuple(_file(entry["name"], file, default) for file in entry["file"])
        return Model(entry["name"], entry["task"], default, files)
    except KeyError as missing:
        raise Failure(f"models/manifest.toml: the model {entry.get('name', '?')} says no {missing}.")


def _file(model: str, entry: dict, brought: bool) -> ModelFile:
    """A model that set-up does not bring, because it was made or put here, needs no source."""
    file = ModelFile(entry["name"], entry["sha256"], entry["size"], entry.get("address"), entry.get("wheel"), entry.get("member"))
    if any(part in ("", "..") or part.startswith(".") for part in file.name.split("/")):
        raise Failure(f"models/manifest.toml: `{file.name}` of {model} is not the plain name of a file in this folder or below.")
    if brought and not (file.address or (file.wheel and file.member)):
        raise Failure(f"models/manifest.toml: {file.name} of {model} says neither `address` nor `wheel` and `member`.")
    return file
