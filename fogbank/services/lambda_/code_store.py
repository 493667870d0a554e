"""Packages on this machine: the zip as a blob, and unpacked in a folder named by its hash, shared by all that use it.

The blob is the truth. The folders are a cache: they are filled beside and renamed into place, so one that exists is
whole, and they are thrown away after a power loss (the machine's boot id differs), since they are not flushed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from fogbank.core.errors import StoreFull
from fogbank.core.limits import CODE_UNZIPPED_BYTES_MAX
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.package import BadPackage, EmptyPackage, PackageTooLarge, unpack
from fogbank.store.api import Blobs

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TEMPORARY = ".new-"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was taken in. `sha` is the SHA-256 of the zip in hex."""

    sha: str
    zip_bytes: int
    unzipped_bytes: int


class CodeStore:
    """Takes packages in, has them unpacked when they are needed, and forgets them."""

    def __init__(self, blobs: Blobs, code_dir: Path) -> None:
        self._blobs = blobs
        self._code_dir = code_dir
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        """Make the folder; drop what a killed process left half-way and what a power loss may have damaged."""
        await asyncio.to_thread(_prepare, self._code_dir)

    def extensions(self, sha: str) -> list[str]:
        """External extensions in an unpacked package: what Lambda would start beside the runtime."""
        try:
            return sorted(entry.name for entry in (self.path(sha) / "extensions").iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def path(self, sha: str) -> Path:
        """Where the package lies unpacked, once `ensure` has returned."""
        return self._code_dir / sha

    @asynccontextmanager
    async def held(self, sha: str) -> AsyncIterator[None]:
        """Nobody takes in or discards this package meanwhile: for deciding whether it is still used."""
        lock = self._locks.get(sha)
        if lock is None:
            lock = self._locks[sha] = asyncio.Lock()
        async with lock:
            yield

    async def take_in(self, content: bytes) -> Package:
        """Check, unpack and keep a zip. The caller holds it (`held`) until its use of it is committed.

        Raises AWS's InvalidParameterValueException for what cannot be unpacked or is too large.
        """
        sha = sha_of(content)
        try:
            unzipped_bytes = await asyncio.to_thread(_unpack_into, content, self.path(sha))
        except EmptyPackage:
            raise invalid_parameter("Uploaded file must be a non-empty zip") from None
        except BadPackage:
            raise invalid_parameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from None
        except PackageTooLarge:
            raise invalid_parameter(
                f"Unzipped size must be smaller than {CODE_UNZIPPED_BYTES_MAX} bytes"
            ) from None
        await self._blobs.put(content)
        return Package(sha, len(content), unzipped_bytes)

    async def ensure(self, sha: str) -> bool:
        """Have the package unpacked; False when its blob is gone."""
        if self.path(sha).is_dir():
            return True
        content = await self._blobs.get(sha)
        if content is None:
            return False
        await asyncio.to_thread(_unpack_into, content, self.path(sha))
        return True

    async def read(self, sha: str) -> bytes | None:
        """The zip itself."""
        return await self._blobs.get(sha)

    async def taken_in_before(self, time_ms: int) -> list[str]:
        """The packages that have been unpacked for so long."""
        return await asyncio.to_thread(_older, self._code_dir, time_ms)

    async def discard(self, sha: str) -> None:
        """Forget a package that nothing refers to. Environments that still run keep what they have mounted."""
        await asyncio.to_thread(_remove, self.path(sha))
        await self._blobs.delete(sha)


def sha_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _prepare(code_dir: Path) -> None:
    code_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    marker = code_dir / ".boot"
    same_boot = marker.exists() and marker.read_text() == boot
    for entry in code_dir.iterdir():
        if entry.name.startswith(_TEMPORARY) or (entry.is_dir() and not same_boot):
            _remove(entry)
    marker.write_text(boot)


def _older(code_dir: Path, time_ms: int) -> list[str]:
    found: list[str] = []
    for entry in code_dir.iterdir():
        try:
            if not entry.name.startswith(".") and entry.stat().st_mtime_ns // 1_000_000 < time_ms:
                found.append(entry.name)
        except FileNotFoundError:
            continue  # discarded meanwhile
    return found


def _unpack_into(content: bytes, target: Path) -> int:
    if target.is_dir():
        return _size_of(target)
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
    try:
        unzipped_bytes = unpack(content, half)
        half.chmod(0o755)
        os.rename(half, target)
    except OSError as error:
        _remove(half)
        if target.is_dir():
            return _size_of(target)  # another process was quicker
        raise StoreFull("no space left for a code package") from error
    except BaseException:
        _remove(half)
        raise
    return unzipped_bytes


def _size_of(folder: Path) -> int:
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            found = os.lstat(os.path.join(where, name))
            total += 0 if os.path.islink(os.path.join(where, name)) else found.st_size
    return total


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
