"""Events on their way: what a bus hands to its rules, and what a rule owes to a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.asl.documents import dumps, loads
from fogbank.core.clock import iso8601_z


def time_text(when_ms: int) -> str:
    """Events' times have whole seconds."""
    return f"{iso8601_z(when_ms)[:19]}Z"


def event_of(
    *,
    id: str,
    detail_type: str,
    source: str,
    account: str,
    time_ms: int,
    region: str,
    resources: list[str],
    detail: Any,
) -> dict[str, Any]:
    """An event as AWS shapes it."""
    return {
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": time_text(time_ms),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """One event for one target of one rule: an item of the delivery queue. The target is as it was when the rule matched.

    `account`, `region`, `bus` and `rule` say whose rule. `hops` counts the buses that the event came by.
    """

    account: str
    region: str
    bus: str
    rule: str
    target: dict[str, Any]
    event: dict[str, Any]
    ingested_ms: int
    hops: int = 0
    trace: str = ""
    attempts: int = 0

    def encode(self) -> bytes:
        fields = (
            self.account,
            self.region,
            self.bus,
            self.rule,
            self.target,
            self.event,
            self.ingested_ms,
            self.hops,
            self.trace,
            self.attempts,
        )
        return dumps(fields).encode()


def decode_owed(raw: bytes) -> Owed:
    return Owed(*loads(raw))
