"""Finds the CPythons on this machine: fogbank's own, `python3.X` on PATH, pyenv's and uv's.

Looks at files only, runs nothing: a search costs a few directory listings.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r"(?<![\d.])(3)\.(\d{1,2})\.(\d{1,2})(?![\d.])")
_PATCHLEVEL = re.compile(r'#define PY_VERSION\s+"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One CPython."""

    minor: int  # the 12 of 3.12
    version: str  # "3.12.1"
    prefix: Path  # its installation, which becomes /var/lang
    executable: Path  # inside `prefix`

    def inner_executable(self, home: str) -> str:
        """Where the executable is inside a sandbox that has this installation at `home`."""
        return f"{home}/bin/{self.executable.name}"


def find_interpreters(environ: dict[str, str] | None = None) -> dict[int, Interpreter]:
    """The interpreter to use for each minor version: fogbank's own first, then PATH, pyenv, uv; newest patch of each."""
    environ = dict(os.environ) if environ is None else environ
    home = Path(environ.get("HOME", "/nonexistent"))
    own = _at(Path(sys.base_prefix), sys.version_info.minor)
    found = {own.minor: own} if own else {}
    pyenv = Path(environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    for group in (_on_path(environ.get("PATH", "")), _installed(pyenv), _installed(uv)):
        for interpreter in group:
            found.setdefault(interpreter.minor, interpreter)
    return found


def _on_path(path: str) -> list[Interpreter]:
    found = []
    for folder in path.split(os.pathsep):
        for executable in _glob(Path(folder), "python3.[0-9]*"):
            if match := re.fullmatch(r"python3\.(\d{1,2})", executable.name):
                real = Path(os.path.realpath(executable))
                if interpreter := _at(real.parent.parent, int(match[1])):
                    found.append(interpreter)
    return found


def _installed(folder: Path) -> list[Interpreter]:
    """Interpreters with a folder each, newest patch level first."""
    found = []
    for prefix in _glob(folder, "*3.*"):
        match = _VERSION.search(prefix.name)
        if match and not prefix.is_symlink() and (interpreter := _at(prefix, int(match[2]))):
            found.append(interpreter)
    return sorted(found, key=lambda one: tuple(map(int, re.findall(r"\d+", one.version))), reverse=True)


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _at(prefix: Path, minor: int) -> Interpreter | None:
    """The CPython 3.`minor` installed at `prefix`; None for virtual environments, shims and other implementations."""
    executable = Path(os.path.realpath(prefix / "bin" / f"python3.{minor}"))
    try:
        whole = (prefix / "lib" / f"python3.{minor}" / "os.py").is_file()
    except PermissionError:  # somebody else's: it can be named, not used
        return None
    if not whole or executable.parent != prefix / "bin":
        return None
    return Interpreter(minor, _version(prefix, minor), prefix, executable)


def _version(prefix: Path, minor: int) -> str:
    if prefix == Path(sys.base_prefix) and minor == sys.version_info.minor:
        return ".".join(map(str, sys.version_info[:3]))
    if (match := _VERSION.search(prefix.name)) and int(match[2]) == minor:
        return match[0]
    try:
        text = (prefix / "include" / f"python3.{minor}" / "patchlevel.h").read_text()
    except OSError:
        return f"3.{minor}"
    found = _PATCHLEVEL.search(text)
    return found[1] if found else f"3.{minor}"
