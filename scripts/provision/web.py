"""The web app: its packages as the lock names them, then its build into frontend/dist, which the binary embeds."""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from .placing import sha256_of
from .record import Record
from .report import Failure, Step, say

OLDEST_NODE = (20, 19)  # what Vite asks for
GENERATED = re.compile(r"^\.(?!env|npmrc)|\.tsbuildinfo$|\.timestamp-|\.log$")  # at the top of frontend/: made by tools, not sources


def provide(frontend: Path, record: Record) -> None:
    if not (frontend / "package.json").is_file():
        say("the web app is skipped: there is no frontend/package.json")
        return
    _install(frontend, record)
    _build(frontend, record)


def _install(frontend: Path, record: Record) -> None:
    lock, installed = frontend / "package-lock.json", frontend / "node_modules" / ".package-lock.json"
    if not lock.is_file():
        raise Failure("frontend/package-lock.json is missing: `npm install` in frontend/ writes it, and it belongs into git.")
    key = sha256_of(lock)
    if record.holds("web packages", key) and installed.is_file():
        return
    _check_node()
    with Step("web app: npm ci"):
        record.forget("web packages")
        _npm(frontend, "ci", "--no-audit", "--no-fund")
        record.keep("web packages", key, [])


def _build(frontend: Path, record: Record) -> None:
    key, page = sources_key(frontend), frontend / "dist" / "index.html"
    if record.holds("web build", key) and page.is_file():
        return
    _check_node()
    with Step("web app: npm run build") as step:
        record.forget("web build")
        _npm(frontend, "run", "build")
        if not page.is_file():
            raise Failure("`npm run build` left no frontend/dist/index.html.")
        files = [file for file in (frontend / "dist").rglob("*") if file.is_file()]
        record.keep("web build", key, files)
        step.result = f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1000:.0f} kB"


def sources_key(frontend: Path) -> str:
    """One hash of the names and contents of all that the build reads."""
    top = [file for file in frontend.iterdir() if file.is_file() and not GENERATED.search(file.name)]
    below = [file for folder in ("src", "public") for file in (frontend / folder).rglob("*") if file.is_file()]
    digest = hashlib.sha256()
    for file in sorted(top + below):
        digest.update(f"{file.relative_to(frontend)} {sha256_of(file)}\n".encode())
    return digest.hexdigest()


def _check_node() -> None:
    wanted = "The web app needs Node {}.{} or newer with npm on the PATH".format(*OLDEST_NODE)
    if not (shutil.which("node") and shutil.which("npm")):
        raise Failure(f"{wanted} (or run scripts/setup --without-web).")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    number = re.match(r"v(\d+)\.(\d+)", said)
    if not number or (int(number.group(1)), int(number.group(2))) < OLDEST_NODE:
        raise Failure(f"{wanted}; `node --version` says {said or 'nothing'}.")


def _npm(frontend: Path, *arguments: str) -> None:
    # Browsers for the tests are the system's: a test package must not download its own.
    environment = {**os.environ, "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}
    ran = subprocess.run(["npm", *arguments], cwd=frontend, env=environment, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if ran.returncode != 0:
        tail = "\n".join(re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout).strip().splitlines()[-30:])
        raise Failure(f"`npm {' '.join(arguments)}` failed in frontend/ (exit code {ran.returncode}). It said:\n{tail}")
