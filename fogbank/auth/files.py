"""Private files of the data directory: put in place whole or not at all, readable by the owner only."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600


def write_once(path: Path, content: bytes, mode: int = PRIVATE) -> bytes:
    """Write a file that never changes again; gives what lies there in the end, which another process that started at
    the same time may have written."""
    temporary = _written(path, content, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        temporary.unlink()
    return content


def write_over(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write a file, in the place of an older one if there is one."""
    _written(path, content, mode).replace(path)


def _written(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return temporary
