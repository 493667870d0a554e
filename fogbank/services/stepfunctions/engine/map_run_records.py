"""Map runs as the store has them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from fogbank.asl.documents import dumps, loads
from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine.keys import Ref

#: What UpdateMapRun changes in a plan.
BOUNDS = ("max_concurrency", "tolerated_percentage", "tolerated_count")


@dataclass(slots=True)
class MapRunRecord:
    """`owner` is `machine/label:uuid`. `plan` is the Distributed Map's, `number` the effect that it answers."""

    owner: str
    ref: Ref
    path: tuple[int, ...]
    number: int
    state: str
    source: str
    plan: dict[str, Any]
    start_ms: int
    status: Status = Status.RUNNING
    stop_ms: int | None = None
    redrives: int = 0
    redrive_ms: int | None = None
    resumed: bool = False  # whether children of it may be there already
    counts: dict[str, int] = field(default_factory=dict)
    """Children by status, and `items:` + status."""

    def encode(self) -> bytes:
        saved = asdict(self)
        saved["status"] = self.status.value
        saved["ref"] = list(self.ref)
        return dumps(saved).encode()

    @classmethod
    def decode(cls, value: bytes) -> MapRunRecord:
        saved = loads(value)
        saved["ref"] = Ref(*saved["ref"])
        saved["path"] = tuple(saved["path"])
        saved["status"] = Status(saved["status"])
        return cls(**saved)


@dataclass(frozen=True, slots=True)
class MapRunListed:
    owner: str
    start_ms: int
    stop_ms: int | None


def owner_of(arn: str) -> str:
    """From a map run's ARN."""
    return arn.partition(":mapRun:")[2]
