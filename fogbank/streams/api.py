"""What the loops work with: records, batches, outcomes, and the ports to sources and targets.

*A shard source* has shards in a lineage; a child is read when its parent is done. A position is the number after which reading
goes on. *A queue source* hands out messages for a while; what is not deleted comes back by itself.

A target is invoked with a payload and says how it went. Batches of one key are never in its hands at once: order within a key
holds through errors, retries and bisections. Whatever is killed, a record that was not checkpointed is delivered again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import orjson

from fogbank.core.records import hot_record


class SourceUnavailable(Exception):
    """The source cannot be read now: it is gone, or refuses. The loop tries again after a while."""


class SourceBusy(SourceUnavailable):
    """It was asked too often. The loop tries again a moment later."""


@hot_record
class Record:
    """One record of a shard."""

    position: int  # of the record in its shard: reading on after it gives the next
    id: str  # as a function names it in its list of failures
    key: bytes  # records of one key stay in order; of no use where batches do not run in parallel
    time_ms: int
    json: bytes  # what the function is to see of it
    size_bytes: int  # in a batch's payload

    @property
    def event(self) -> dict[str, Any]:
        """What filters look at; parsed at each look, for most records are looked at once or never."""
        event: dict[str, Any] = orjson.loads(self.json)
        return event


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a source. `parent` None: it has none, or its parent is gone."""

    id: str
    parent: str | None = None


class Verdict(Enum):
    """How an invocation went."""

    DONE = "done"  # the function answered
    FAILED = "failed"  # the function failed
    AGAIN = "again"  # it could not be run now: throttled, or not ready; that is nobody's failure


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a target says. `waited`, for AGAIN: it has paused itself before it said so."""

    verdict: Verdict
    payload: bytes = b""
    request_id: str = ""
    version: str = ""
    waited: bool = False


class Reason(Enum):
    """Why records were given up."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Discarded:
    """Records that were given up, in order, with the last thing that the function said about them."""

    shard: str
    records: Sequence[Record]
    reason: Reason
    invocations: int
    outcome: Outcome | None
    payload: bytes


class Target(Protocol):
    """Where batches go."""

    async def invoke(self, payload: bytes, traces: Sequence[str] = ()) -> Outcome:
        """`traces`: the trace headers that the messages of the batch came with."""

    def delivered(self, records: Sequence[Record]) -> None:
        """These are on their way to the function: for how old they are."""


class Discards(Protocol):
    """Where records go that were given up."""

    async def discard(self, discarded: Discarded) -> None: ...


class ShardSource(Protocol):
    """A stream."""

    async def shards(self) -> Sequence[Shard]:
        """Those that there are now, parents before their children."""

    async def start(self, shard: str) -> int:
        """The position at which a reader begins who has never been in this shard."""

    async def read(self, shard: str, after: int, limit: int) -> tuple[Sequence[Record], int | None]:
        """Records behind `after`, and the position to go on from; None when the shard is closed and read."""

    async def watch(self, news: Callable[[], None]) -> Callable[[], None]:
        """Call back when there may be more; returns the function that ends that."""


@hot_record
class Message:
    """One message in this loop's hands. `event` is what the function is to see of it."""

    id: str
    handle: str
    event: dict[str, Any]
    view: dict[str, Any]  # what filters look at
    size_bytes: int
    trace: str = ""
    group: str = ""


class QueueSource(Protocol):
    """A queue."""

    async def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        """Up to `limit` messages, as soon as there are some; none after `wait_s`."""

    async def delete(self, messages: Sequence[Message]) -> None: ...

    async def release(self, messages: Sequence[Message]) -> None:
        """Let them be received again at once: they were not used."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a mapping batches, retries and gives up. None: without a limit."""

    batch_size: int
    window_ms: int = 0
    parallel: int = 1
    retries_max: int | None = None
    age_ms_max: int | None = None
    bisects: bool = False
    reports_failures: bool = False
    tumbling_ms: int = 0
    concurrency_max: int | None = None
    ordered: bool = False  # a queue's messages of one group keep their order
    matches: Callable[[dict[str, Any]], bool] | None = None  # the filter


class Results(Protocol):
    """Who wants to know how the last batch went."""

    def processed(self, failed: bool) -> None: ...
