"""Finds the Node.js installations on this machine: on PATH, nvm's, fnm's and volta's.

A function asks for a major version (`nodejs20.x`) and runs on that version or not at all: 18 on 20 would be another
runtime. Versions are read from file names and headers; a `node` that shows neither is asked once.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR, NEWEST_MAJOR = 18, 24
_IN_NAME = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_IN_HEADER = re.compile(r"#define NODE_(MAJOR|MINOR|PATCH)_VERSION (\d+)")
_ASK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Node:
    """One Node.js."""

    major: int  # the 20 of 20.11.1
    version: str  # "20.11.1"
    prefix: Path  # its installation, with bin/ and lib/
    executable: Path  # inside `prefix`


def find_nodes(environ: dict[str, str] | None = None) -> dict[int, Node]:
    """The Node.js to use for each supported major version: PATH first, then the newest of nvm, fnm and volta."""
    environ = dict(os.environ) if environ is None else environ
    home = Path(environ.get("HOME", "/nonexistent"))
    nvm = Path(environ.get("NVM_DIR", home / ".nvm")) / "versions/node"
    fnm = Path(environ.get("FNM_DIR", home / ".local/share/fnm")) / "node-versions"
    volta = Path(environ.get("VOLTA_HOME", home / ".volta")) / "tools/image/node"
    found: dict[int, Node] = {}
    for group in (
        _on_path(environ.get("PATH", "")),
        _installed(nvm, "*/bin/node"),
        _installed(fnm, "*/installation/bin/node"),
        _installed(volta, "*/bin/node"),
    ):
        for node in group:
            if OLDEST_MAJOR <= node.major <= NEWEST_MAJOR:
                found.setdefault(node.major, node)
    return found


def _on_path(path: str) -> list[Node]:
    """A manager's shim is not Node.js itself: it resolves to a program of another name."""
    found = []
    for folder in path.split(os.pathsep):
        executable = Path(os.path.realpath(Path(folder) / "node"))
        if executable.name == "node" and executable.parent.name == "bin" and os.access(executable, os.X_OK):
            prefix = executable.parent.parent
            version = _from_header(prefix) or _ask(executable)
            if version is not None:
                found.append(_node(version, prefix))
    return found


def _installed(folder: Path, pattern: str) -> list[Node]:
    """Installations with a folder each, newest first."""
    found = []
    for executable in folder.glob(pattern):
        match = _IN_NAME.fullmatch(executable.relative_to(folder).parts[0])
        if match and os.access(executable, os.X_OK):
            version = (int(match[1]), int(match[2]), int(match[3]))
            found.append(_node(version, executable.parent.parent))
    return sorted(found, key=lambda node: tuple(map(int, node.version.split("."))), reverse=True)


def _node(version: tuple[int, int, int], prefix: Path) -> Node:
    return Node(version[0], ".".join(map(str, version)), prefix, prefix / "bin/node")


def _from_header(prefix: Path) -> tuple[int, int, int] | None:
    try:
        text = (prefix / "include/node/node_version.h").read_text("ascii", "replace")
    except OSError:
        return None
    numbers = {name: int(value) for name, value in _IN_HEADER.findall(text)}
    if len(numbers) != 3:
        return None
    return numbers["MAJOR"], numbers["MINOR"], numbers["PATCH"]


def _ask(executable: Path) -> tuple[int, int, int] | None:
    try:
        done = subprocess.run(
            [str(executable), "--version"],
            capture_output=True,
            text=True,
            timeout=_ASK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _IN_NAME.fullmatch(done.stdout.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None
