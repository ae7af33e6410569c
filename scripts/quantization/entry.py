"""A model's entry in the manifest, in the manifest's style, as text: what is there, comments included, stays as it is."""
from __future__ import annotations

import json
from pathlib import Path

from provision.manifest import parse_toml
from provision.placing import sha256_of
from provision.report import Failure


def with_entry(manifest: str, entry: str) -> str:
    """The manifest with one entry more. A name that is there already is refused."""
    added = parse_toml(entry)["model"][0]["name"]
    if any(model["name"] == added for model in parse_toml(manifest).get("model", [])):
        raise Failure(f"The manifest has a model {added} already: remove its entry, or name another folder with --out.")
    return f"{manifest.rstrip()}\n\n{entry}".lstrip()


def entry(folder: Path, head: str, size: tuple[int, int], licence: str, source: str, known: dict[str, object]) -> str:
    """The entry of an object model whose files lie in `folder`, a folder in a folder of models. `known`: more of its lines."""
    lines = {"name": folder.name, "task": "detect", "head": head, "input": list(size), **known, "licence": licence, "source": source}
    text = "[[model]]\n" + _lines(lines)
    for file in sorted(folder.glob("*.xml")) + sorted(folder.glob("*.bin")):
        written = {"name": f"{folder.name}/{file.name}", "sha256": sha256_of(file), "size": file.stat().st_size}
        text += "\n[[model.file]]\n" + _lines(written)
    return text


def _lines(values: dict[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    # JSON's strings, numbers and lists are TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
