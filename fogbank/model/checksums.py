"""The checksums that S3's clients send and S3 keeps: CRC32, CRC32C, CRC64NVME, SHA1, SHA256.

A checksum is written as base64 of its bytes, the highest first. CRCs of parts combine into that of the whole; SHAs do not,
so an object of several parts has a composite checksum of them: the checksum of the parts' checksums.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from functools import cache
from typing import Any

from anycrc import Model

#: Bytes of each algorithm's digest, in the order in which S3 names them.
ALGORITHMS = {"CRC64NVME": 8, "CRC32": 4, "CRC32C": 4, "SHA1": 20, "SHA256": 32}
#: Those whose parts' values combine into that of the whole.
COMBINABLE = frozenset({"CRC32", "CRC32C", "CRC64NVME"})

_CRC_MODELS = {"CRC32": "CRC32", "CRC32C": "CRC32-ISCSI", "CRC64NVME": "CRC64-NVME"}


@cache
def _model(algorithm: str) -> Any:
    return Model(_CRC_MODELS[algorithm])


def member_of(algorithm: str) -> str:
    """The member of S3's shapes that carries it: `ChecksumCRC32`."""
    return f"Checksum{algorithm}"


def digest(algorithm: str, content: bytes) -> bytes:
    """The checksum of a content, as bytes."""
    match algorithm:
        case "CRC32":
            return zlib.crc32(content).to_bytes(4, "big")
        case "SHA1":
            return hashlib.sha1(content, usedforsecurity=False).digest()
        case "SHA256":
            return hashlib.sha256(content).digest()
    return int(_model(algorithm).calc(content)).to_bytes(ALGORITHMS[algorithm], "big")


def checksum(algorithm: str, content: bytes) -> str:
    """The checksum of a content, as it is written."""
    return written(digest(algorithm, content))


def written(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def read(algorithm: str, text: str) -> bytes | None:
    """The bytes of a written checksum; None for what is none of this algorithm."""
    return _read(text, ALGORITHMS[algorithm])


def read_md5(text: str) -> bytes | None:
    """The bytes of a Content-MD5 header."""
    return _read(text, 16)


def _read(text: str, length: int) -> bytes | None:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if len(value) == length else None


def combine(algorithm: str, parts: list[tuple[bytes, int]]) -> bytes:
    """The CRC of a whole from those of its parts, each with its length in bytes."""
    model, total = _model(algorithm), 0
    for value, length in parts:
        total = model.combine(total, int.from_bytes(value, "big"), length)
    return int(total).to_bytes(ALGORITHMS[algorithm], "big")


class Running:
    """A checksum of content that comes in pieces."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._hash = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256}.get(algorithm, hashlib.md5)()
        self._total = 0

    def update(self, piece: bytes) -> None:
        if self._algorithm in COMBINABLE:
            value = int.from_bytes(digest(self._algorithm, piece), "big")
            self._total = _model(self._algorithm).combine(self._total, value, len(piece))
        else:
            self._hash.update(piece)

    def digest(self) -> bytes:
        if self._algorithm in COMBINABLE:
            return self._total.to_bytes(ALGORITHMS[self._algorithm], "big")
        return self._hash.digest()
