"""What the store holds of a table: plain data as JSON. What is derived from it for the hot path is in `table.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Throughput:
    """Provisioned capacity. Times in Unix milliseconds, 0: never."""

    read: int = 0
    write: int = 0
    increased_ms: int = 0
    decreased_ms: int = 0
    decreases_today: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index. `number` names its entries in the store and is never given twice."""

    name: str
    number: int
    is_global: bool
    hash: str
    range: str | None
    projection: str  # ALL, KEYS_ONLY, INCLUDE
    included: tuple[str, ...] = ()
    status: str = "ACTIVE"  # or CREATING: its entries are kept up from now on, older ones are being added
    throughput: Throughput = field(default_factory=Throughput)
    on_demand: dict[str, int] | None = None  # OnDemandThroughput
    warm: dict[str, int] | None = None  # the highest WarmThroughput it had; what it is to serve may be more


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a table, the present one or the last one."""

    label: str
    view: str
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """`number` names the entries by time of expiry, as an index's. `status`: ENABLING, ENABLED."""

    attribute: str
    number: int
    status: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """Point-in-time recovery: the journal goes back to `since_ms`, but no further than so many days."""

    since_ms: int
    days: int


@dataclass(frozen=True, slots=True)
class Replica:
    """Another region's replica of a global table."""

    region: str
    status: str = "ACTIVE"  # or CREATING
    table_class: str | None = None


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """One of a table's, or of its stream's. `document` None: it was taken away. `is_dated`: it came with its Version."""

    document: str | None
    revision: int
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A table's settings."""

    name: str
    id: str
    created_ms: int
    types: dict[str, str]  # AttributeDefinitions
    hash: str
    range: str | None
    indexes: tuple[Index, ...] = ()
    next_number: int = 1
    billing_mode: str = "PROVISIONED"
    on_demand_since_ms: int = 0
    throughput: Throughput = field(default_factory=Throughput)
    on_demand: dict[str, int] | None = None  # OnDemandThroughput
    stream: Stream | None = None
    is_protected: bool = False
    sse: dict[str, str] | None = None
    table_class: str | None = None
    class_updated_ms: int = 0
    classed_ms: tuple[int, ...] = ()  # when the class was changed lately
    tags: dict[str, str] = field(default_factory=dict)
    ttl: TimeToLive | None = None
    status: str = "ACTIVE"  # or CREATING: a restored table or a new replica that is being filled
    holders: tuple[str, ...] = ()  # backups and restores under way, which need the journal
    recovery: Recovery | None = None
    restored: dict[str, Any] | None = None  # RestoreSummary
    replicas: tuple[Replica, ...] = ()  # the other regions of a global table
    warm: dict[str, int] | None = None  # as an index's
    ttl_changed_ms: int = 0
    policies: dict[str, ResourcePolicy] = field(
        default_factory=dict
    )  # "": the table's; by label: its streams'
    is_stamped: bool = False  # it was in a global table once: every change keeps the item's replication stamp

    @property
    def restored_now(self) -> bool:
        """It is being filled by a restore."""
        return self.restored is not None and self.status != "ACTIVE"

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def unpack(cls, stored: bytes) -> TableRecord:
        return cls.of(orjson.loads(stored))

    @classmethod
    def of(cls, raw: dict[str, Any]) -> TableRecord:
        """From its JSON."""
        raw["indexes"] = tuple(_index(index) for index in raw["indexes"])
        raw["throughput"] = Throughput(**raw["throughput"])
        raw["stream"] = Stream(**raw["stream"]) if raw["stream"] else None
        raw["ttl"] = TimeToLive(**raw["ttl"]) if raw["ttl"] else None
        raw["classed_ms"] = tuple(raw.get("classed_ms", ()))
        raw["holders"] = tuple(raw.get("holders", ()))
        raw["recovery"] = Recovery(**raw["recovery"]) if raw.get("recovery") else None
        raw["replicas"] = tuple(Replica(**each) for each in raw.get("replicas", ()))
        raw["policies"] = {slot: ResourcePolicy(**each) for slot, each in raw.get("policies", {}).items()}
        return cls(**raw)


def _index(raw: dict[str, Any]) -> Index:
    return Index(**raw | {"included": tuple(raw["included"]), "throughput": Throughput(**raw["throughput"])})
