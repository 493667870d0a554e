"""Log groups and log streams as the store holds them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from fogbank.services.logs.keys import Place

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class LogGroup:
    """One log group. The counters of filters let PutLogEvents skip what is not there."""

    name: str
    id: str
    created_ms: int
    log_class: str = "STANDARD"
    retention_days: int | None = None
    protected: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    metric_filters: int = 0
    subscription_filters: int = 0

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> LogGroup:
        return cls(**orjson.loads(value))

    def cutoff_ms(self, now_ms: int) -> int:
        """Events before this time have expired."""
        return 0 if self.retention_days is None else now_ms - self.retention_days * DAY_MS

    def arn(self, partition: str, place: Place) -> str:
        return f"arn:{partition}:logs:{place.region}:{place.account}:log-group:{self.name}"


@dataclass(frozen=True, slots=True)
class LogStream:
    """One log stream. What changes with every event lies apart, in its `Figures`."""

    name: str
    id: str
    created_ms: int

    def pack(self) -> bytes:
        return orjson.dumps((self.name, self.id, self.created_ms))

    @classmethod
    def unpack(cls, value: bytes) -> LogStream:
        return cls(*orjson.loads(value))


@dataclass(frozen=True, slots=True)
class Figures:
    """What DescribeLogStreams shows of a stream's events; times in Unix ms, None before the first event."""

    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None
    stored_bytes: int = 0

    def pack(self) -> bytes:
        return orjson.dumps((self.first_ms, self.last_ms, self.ingested_ms, self.stored_bytes))

    @classmethod
    def unpack(cls, value: bytes) -> Figures:
        return cls(*orjson.loads(value))

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        return Figures(
            _pick(min, self.first_ms, other.first_ms),
            _pick(max, self.last_ms, other.last_ms),
            _pick(max, self.ingested_ms, other.ingested_ms),
            self.stored_bytes + other.stored_bytes,
        )


def _pick(choose: Any, one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None
