"""Event buses and rules as they are stored, and their codec."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.core.arn import partition_of

DEFAULT_BUS = "default"
ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True, slots=True)
class BusPlace:
    """Which bus: its name within an account's region."""

    account: str
    region: str
    name: str

    @property
    def prefix(self) -> str:
        return f"arn:{partition_of(self.region)}:events:{self.region}:{self.account}:"

    @property
    def arn(self) -> str:
        return f"{self.prefix}event-bus/{self.name}"

    def rule_arn(self, rule: str) -> str:
        return f"{self.prefix}rule/{rule if self.name == DEFAULT_BUS else f'{self.name}/{rule}'}"


@dataclass(frozen=True, slots=True)
class Bus:
    """One bus. `policy` is the document of its resource policy."""

    account: str
    region: str
    name: str
    created_ms: int
    modified_ms: int
    description: str | None = None
    policy: dict[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> BusPlace:
        return BusPlace(self.account, self.region, self.name)

    def encode(self) -> bytes:
        return orjson.dumps(self)


def decode_bus(raw: bytes) -> Bus:
    return Bus(**orjson.loads(raw))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its targets, by wire names and in the order in which they came."""

    account: str
    region: str
    bus: str
    name: str
    state: str
    created_by: str
    pattern: str | None = None
    schedule: str | None = None
    description: str | None = None
    role_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    targets: list[dict[str, Any]] = field(default_factory=list)

    @property
    def place(self) -> BusPlace:
        return BusPlace(self.account, self.region, self.bus)

    @property
    def arn(self) -> str:
        return self.place.rule_arn(self.name)

    def encode(self) -> bytes:
        return orjson.dumps(self)


def decode_rule(raw: bytes) -> Rule:
    return Rule(**orjson.loads(raw))
