"""The bytes of objects: taken in as blobs, read back whole or in stretches, and their digests.

Content up to WHOLE_BYTES_MAX is read at once, more comes as an iterator of pieces: no more of it is in memory than that.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from fogbank.core.errors import StoreError
from fogbank.model import checksums
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import LIST_KEYS_MAX, PIECE_BYTES, WHOLE_BYTES_MAX
from fogbank.services.s3.records import Object, Part, Segment, decode_part
from fogbank.services.s3.state import S3

_ON_LOOP_BYTES_MAX = 64 * 1024  # hashing more than this is done on a thread


async def digests(content: bytes, algorithm: str) -> tuple[str, str, bytes]:
    """SHA-256 in hex (the blob's name), MD5 in hex, and the checksum of an algorithm."""
    if len(content) <= _ON_LOOP_BYTES_MAX:
        return _digests(content, algorithm)
    return await asyncio.to_thread(_digests, content, algorithm)


def _digests(content: bytes, algorithm: str) -> tuple[str, str, bytes]:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return hashlib.sha256(content).hexdigest(), md5, checksums.digest(algorithm, content)


async def parts_of(state: S3, owner: str) -> AsyncIterator[Part]:
    """The parts under a generation or upload, by number."""
    after = None
    while True:
        records = await state.store.scan(keys.parts(owner), after=after, limit=LIST_KEYS_MAX)
        for record in records:
            yield decode_part(record.value)
        if len(records) < LIST_KEYS_MAX:
            return
        after = records[-1].key


async def segments_of(state: S3, held: Object) -> list[Segment]:
    """Where an object's content lies."""
    if held.sha:
        return [Segment(held.sha, 0, held.size)]
    return [segment async for part in parts_of(state, held.generation) for segment in part.segments]


def stretch(segments: list[Segment], start: int, size: int) -> list[Segment]:
    """Those `size` bytes of the segments' content that begin at `start`."""
    found: list[Segment] = []
    for segment in segments:
        if size <= 0:
            break
        if start >= segment.size:
            start -= segment.size
            continue
        taken = min(segment.size - start, size)
        found.append(Segment(segment.sha, segment.offset + start, taken))
        start, size = 0, size - taken
    return found


async def read(state: S3, segments: list[Segment]) -> bytes | AsyncIterator[bytes]:
    """The content of segments: bytes when it is small, else an iterator of pieces."""
    if sum(segment.size for segment in segments) <= WHOLE_BYTES_MAX:
        return b"".join([piece async for piece in pieces(state, segments)])
    return pieces(state, segments)


async def pieces(state: S3, segments: list[Segment]) -> AsyncIterator[bytes]:
    for segment in segments:
        if not segment.size:
            continue
        file = await asyncio.to_thread(_open, state.blobs.path(segment.sha))
        try:
            at, end = segment.offset, segment.offset + segment.size
            while at < end:
                piece = await asyncio.to_thread(os.pread, file, min(PIECE_BYTES, end - at), at)
                if not piece:
                    raise StoreError(f"the blob {segment.sha} is too short")
                at += len(piece)
                yield piece
        finally:
            os.close(file)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise StoreError(f"the blob {path.name} is missing") from None


async def digest_segments(state: S3, segments: list[Segment], algorithm: str) -> tuple[str, bytes]:
    """MD5 in hex and the checksum of an algorithm, of content that is stored already."""
    md5, running = hashlib.md5(usedforsecurity=False), checksums.Running(algorithm)

    def update(piece: bytes) -> None:
        md5.update(piece)
        running.update(piece)

    async for piece in pieces(state, segments):
        await asyncio.to_thread(update, piece)
    return md5.hexdigest(), running.digest()
