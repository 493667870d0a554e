"""Content-addressed files: code packages, layers, objects, large payloads. Never rows.

`<dir>/<first two digits>/<sha-256>`. A blob comes into being by one rename of a file that is already flushed, so a
name that exists holds its whole content whatever was killed and when; what a kill leaves behind lies in `<dir>/tmp`,
and `clean_up` removes it. A file under way is locked by its writer, so that another process's cleaning passes it by.
File I/O runs on threads, not the loop.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fogbank.core.errors import StoreError, StoreFull
from fogbank.core.limits import BLOB_CHUNK_BYTES

_NAME = re.compile(r"[0-9a-f]{64}")
_TRIES = 5


class FileBlobs:
    """`Blobs` in a directory of this machine, made when missing. Several processes may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._temporary = directory / "tmp"
        self._temporary.mkdir(parents=True, exist_ok=True)
        self._fans: set[Path] = set()  # those of the 256 that are known to survive a power loss

    async def put(self, content: bytes) -> str:
        """Raises StoreFull when the disk is full, StoreError when it fails otherwise; nothing is left behind."""
        return await asyncio.to_thread(self._put, content)

    async def get(self, name: str) -> bytes | None:
        return await asyncio.to_thread(_read_whole, self.path(name))

    async def open(self, name: str, chunk_bytes: int = BLOB_CHUNK_BYTES) -> AsyncIterator[bytes]:
        """The content in pieces of `chunk_bytes`. Raises KeyError when there is no such blob."""
        path = self.path(name)
        if not await asyncio.to_thread(path.exists):
            raise KeyError(name)
        return _chunks(path, chunk_bytes)

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self.path(name).unlink, missing_ok=True)

    def path(self, name: str) -> Path:
        """Raises ValueError for what is not a SHA-256 in hex: a name never leads out of the directory."""
        if _NAME.fullmatch(name) is None:
            raise ValueError("a blob is named by 64 hexadecimal digits")
        return self._directory / name[:2] / name

    async def older_than(self, time_ms: int) -> AsyncIterator[list[str]]:
        """The names of blobs that were made before a time, a part of the directory at a time: for sweeping."""
        for fan in range(256):
            yield await asyncio.to_thread(_older, self._directory / f"{fan:02x}", time_ms)

    async def clean_up(self) -> int:
        """Remove what killed writers left half-way; how many files."""
        return await asyncio.to_thread(self._clean_up)

    def _clean_up(self) -> int:
        removed = 0
        for leftover in self._temporary.iterdir():
            try:
                with leftover.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    leftover.unlink()
            except (FileNotFoundError, BlockingIOError):
                continue  # finished meanwhile, or being written
            removed += 1
        return removed

    def _put(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        target = self.path(name)
        try:
            if not target.exists():
                self._write(target, content)
            # Also for one that was there: whoever made it may have been killed before this.
            _flush_directory(target.parent)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull("no space left for a blob") from error
            raise StoreError(f"a blob cannot be written: {error.strerror}") from error
        return name

    def _write(self, target: Path, content: bytes) -> None:
        for _ in range(_TRIES):
            try:
                self._write_once(target, content)
                return
            except FileNotFoundError:
                # A cleaning process came between the making and the lock, or a reset removed the directories.
                self._fans.discard(target.parent)
        raise OSError(errno.ENOENT, "its directory keeps vanishing")

    def _write_once(self, target: Path, content: bytes) -> None:
        self._make_directories(target.parent)
        descriptor, half = tempfile.mkstemp(dir=self._temporary)
        try:
            with os.fdopen(descriptor, "wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
                os.replace(half, target)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise

    def _make_directories(self, fan: Path) -> None:
        if fan not in self._fans:
            self._temporary.mkdir(parents=True, exist_ok=True)
            fan.mkdir(exist_ok=True)
            _flush_directory(self._directory)
            self._fans.add(fan)


def _older(fan: Path, time_ms: int) -> list[str]:
    found: list[str] = []
    try:
        for entry in os.scandir(fan):
            if entry.stat().st_mtime_ns // 1_000_000 < time_ms:
                found.append(entry.name)
    except FileNotFoundError:
        pass  # no blob has such a name, or one is being deleted
    return found


def _read_whole(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


async def _chunks(path: Path, chunk_bytes: int) -> AsyncIterator[bytes]:
    try:
        descriptor = await asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyError(path.name) from None
    try:
        while chunk := await asyncio.to_thread(os.read, descriptor, chunk_bytes):
            yield chunk
    finally:
        os.close(descriptor)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
