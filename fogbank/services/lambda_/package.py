"""Code packages: a zip becomes a folder that is safe to mount. Synchronous file work, run off the loop.

A package comes from a stranger. Nothing of it lands outside of its folder: entries with `..`, absolute or empty names
are refused, symbolic links are made last and must stay inside, devices and pipes are refused; sizes are counted while
unpacking, never believed. What is not a file Lambda could use is the same error as on AWS: it could not be unzipped.
"""

from __future__ import annotations

import calendar
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fogbank.core.limits import (
    CODE_CENTRAL_BYTES_MAX,
    CODE_FILES_MAX,
    CODE_PATH_BYTES_MAX,
    CODE_UNZIPPED_BYTES_MAX,
)

_CHUNK_BYTES = 256 * 1024
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_MADE_ON_UNIX = 3
_LINK_BYTES_MAX = 4096
_NO_DATE_S = 315_532_800  # 1980, where the calendar of zip files begins
_END = b"PK\x05\x06"  # the record at the end of every zip
_END_BYTES_MAX = 22 + 65535
_END_SIZE_AT = 12  # where it holds the size of the central directory


class BadPackage(Exception):
    """Not a zip that can be unpacked."""


class EmptyPackage(Exception):
    """A zip without a single entry, or no bytes at all."""


class PackageTooLarge(Exception):
    """It unpacks to more than CODE_UNZIPPED_BYTES_MAX."""


@dataclass(frozen=True, slots=True)
class _Entry:
    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    mode: int  # st_mode as the zip says; 0 when it was not made on Unix

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


def unpack(content: bytes, target: Path) -> int:
    """Unpack the zip `content` into the existing empty folder `target`; the bytes that its files hold.

    Raises BadPackage, EmptyPackage, PackageTooLarge; then `target` is left half filled, for the caller to remove.
    """
    if not content:
        raise EmptyPackage
    try:
        _check_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpack(archive, os.path.realpath(target))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        LookupError,
        OverflowError,
        struct.error,
    ) as error:  # what zipfile raises over damaged ones
        raise BadPackage(str(error)) from error


def _check_directory(content: bytes) -> None:
    """Refuse a central directory that would fill the memory: `zipfile` reads it whole."""
    at = content.rfind(_END, max(0, len(content) - _END_BYTES_MAX))
    size_bytes = int.from_bytes(content[at + _END_SIZE_AT : at + _END_SIZE_AT + 4], "little")
    if at < 0 or size_bytes > CODE_CENTRAL_BYTES_MAX:
        raise BadPackage("no central directory, or one that is too large")


def _unpack(archive: zipfile.ZipFile, root: str) -> int:
    entries = list(_entries(archive))
    if not entries:
        raise EmptyPackage
    left_bytes = CODE_UNZIPPED_BYTES_MAX
    links: list[tuple[str, _Entry]] = []
    made: set[str] = {root}
    for entry in entries:
        path = os.path.join(root, *entry.parts)
        if entry.info.is_dir():
            _make_folder(path, root, made)
            continue
        _make_folder(os.path.dirname(path), root, made)
        if entry.is_link:
            links.append((path, entry))
        else:
            left_bytes -= _write_file(archive, entry, path, left_bytes)
    for path, entry in links:
        _make_link(archive, entry, path)
    # Only now all links stand, and a chain of them shows where it leads.
    for path, _ in links:
        if not _is_inside(os.path.realpath(path), root):
            raise BadPackage("a symbolic link leads out of the package")
    return CODE_UNZIPPED_BYTES_MAX - left_bytes


def _entries(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    """The entries to unpack, checked; of several with one name, the last."""
    infos = archive.infolist()
    if len(infos) > CODE_FILES_MAX:
        raise BadPackage("too many entries")
    last = {info.filename: info for info in infos}
    for info in last.values():
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _COMPRESSIONS:
            raise BadPackage("an encryption or compression that Lambda does not take")
        mode = info.external_attr >> 16 if info.create_system == _MADE_ON_UNIX else 0
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise BadPackage("neither a file nor a folder nor a symbolic link")
        yield _Entry(info, _parts(info.filename), mode)


def _parts(name: str) -> tuple[str, ...]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    encoded = name.encode("utf-8", "surrogatepass")
    if name.startswith("/") or "\\" in name or ".." in parts or b"\0" in encoded:
        raise BadPackage("an entry's name leads out of the package")
    if len(encoded) > CODE_PATH_BYTES_MAX or any(len(os.fsencode(part)) > 255 for part in parts):
        raise BadPackage("an entry's name is too long")
    return tuple(parts)


def _make_folder(path: str, root: str, made: set[str]) -> None:
    if path in made:
        return
    if not _is_inside(path, root):
        raise BadPackage("an entry's name leads out of the package")
    _make_folder(os.path.dirname(path), root, made)
    try:
        os.mkdir(path, 0o755)
    except OSError as error:  # a file has the folder's name
        raise BadPackage("a file and a folder have the same name") from error
    made.add(path)


def _write_file(archive: zipfile.ZipFile, entry: _Entry, path: str, left_bytes: int) -> int:
    written = 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadPackage("a file and a folder have the same name") from error
    with os.fdopen(descriptor, "wb") as file, archive.open(entry.info) as source:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > left_bytes:
                raise PackageTooLarge
            file.write(chunk)
    # The function runs under a user of its own, so what the owner may, all may; nobody writes.
    os.chmod(path, 0o755 if entry.mode & 0o111 else 0o644)
    try:
        when_s = calendar.timegm((*entry.info.date_time, 0, 0, 0))
    except ValueError:  # some tools write month 0
        when_s = _NO_DATE_S
    os.utime(path, (when_s, when_s))
    return written


def _make_link(archive: zipfile.ZipFile, entry: _Entry, path: str) -> None:
    if entry.info.file_size > _LINK_BYTES_MAX:
        raise BadPackage("a symbolic link is too long")
    with archive.open(entry.info) as source:
        target = os.fsdecode(source.read(_LINK_BYTES_MAX + 1))
    if not target or "\0" in target or target.startswith("/"):
        raise BadPackage("a symbolic link leads out of the package")
    try:
        os.symlink(target, path)
    except OSError as error:
        raise BadPackage("a symbolic link cannot be made") from error


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root + os.sep)
