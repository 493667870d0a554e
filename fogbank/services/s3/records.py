"""Buckets, objects, uploads and parts as the store holds them: JSON of frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a blob."""

    sha: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket. While `closing_until_ms` is ahead, DeleteBucket is looking whether it is empty."""

    name: str
    id: str
    account: str
    region: str
    created_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    closing_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum as it is written; a composite one ends in `-` and the number of parts."""

    algorithm: str
    value: str
    type: str = "FULL_OBJECT"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client gives an object beside its content. `headers` by the members of S3's shapes: `ContentType`."""

    headers: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Object:
    """What a key holds. `generation` is another for each content that it has had.

    `sha` is the blob of its content; "" when it is composed of the parts that lie under its generation.
    `part_count` is what the client uploaded it in; 0 when in one piece.
    """

    generation: str
    size: int
    etag: str  # without its quotes
    modified_ms: int  # whole seconds
    sha: str
    checksum: Checksum | None
    settings: Settings
    part_count: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload of parts under way. `algorithm` is of the checksums; `declared` whether the client asked for it."""

    id: str
    initiated_ms: int
    settings: Settings
    algorithm: str
    checksum_type: str
    declared: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One part: where its content lies, its MD5 in hex, its checksum."""

    number: int
    size: int
    etag: str
    modified_ms: int
    segments: list[Segment]
    checksum: Checksum | None
    use: str  # what it uses its blobs as


def encode(record: Bucket | Object | Upload | Part) -> bytes:
    return orjson.dumps(record)


def decode_bucket(value: bytes) -> Bucket:
    return Bucket(**orjson.loads(value))


def decode_object(value: bytes) -> Object:
    raw = orjson.loads(value)
    return Object(**raw | {"checksum": _checksum(raw["checksum"]), "settings": Settings(**raw["settings"])})


def decode_upload(value: bytes) -> Upload:
    raw = orjson.loads(value)
    return Upload(**raw | {"settings": Settings(**raw["settings"])})


def decode_part(value: bytes) -> Part:
    raw = orjson.loads(value)
    segments = [Segment(**segment) for segment in raw["segments"]]
    return Part(**raw | {"segments": segments, "checksum": _checksum(raw["checksum"])})


def _checksum(raw: dict[str, str] | None) -> Checksum | None:
    return None if raw is None else Checksum(**raw)
