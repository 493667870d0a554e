"""Where an execution stands: a tree of frames, one for the machine, each branch of a Parallel and iteration of a Map.

A frame is in one state at a time. `to_json` and `Frame.restore` are the checkpoint: plain JSON, one record for each
frame, so that the iterations of a Map are written apart from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from fogbank.asl.documents import Document

if TYPE_CHECKING:
    from fogbank.asl.machine import Block
    from fogbank.asl.states.node import Node

Path: TypeAlias = tuple[int, ...]
"""() is the machine's frame; (2, 0) the first branch within the third iteration."""


class Phase(IntEnum):
    """What a frame is at."""

    ENTER = 0  # about to enter `state`
    AGAIN = 1  # about to run `state` once more: after a Retry's pause or a redrive
    WAIT = 2  # a Wait state, until `due_ms`
    BACKOFF = 3  # a Retry's pause, until `due_ms`
    TASK = 4  # an attempt of a Task; `due_ms` is its earliest deadline
    CHILDREN = 5  # branches or iterations run
    MAP_RUN = 6  # the child executions of a Distributed Map run
    FAILED = 7  # ended in `state` by an error nobody caught, or aborted there: a redrive begins here


class Attempt:
    """One attempt of a Task state."""

    __slots__ = ("begun", "heartbeat_at", "heartbeat_s", "number", "parameters", "role", "scheduled", "secret", "submitted", "timeout_s")  # fmt: skip

    def __init__(self, number: int, parameters: Document, secret: str, role: str | None) -> None:
        self.number = number  # unique within the execution
        self.parameters = parameters
        self.secret = secret  # of its task token; "" if it has none
        self.role = role  # by Credentials
        self.scheduled = False  # …Scheduled is in the history
        self.begun = False  # …Started is: it may have had an effect
        self.submitted: str | None = None  # the answer to a .sync or callback request
        self.timeout_s: int | None = None
        self.heartbeat_s: int | None = None
        self.heartbeat_at: int | None = None  # when the next heartbeat must have come, in ms

    def to_json(self) -> list[Any]:
        return [
            self.number, self.parameters.text, self.secret, self.role, self.scheduled, self.begun, self.submitted,
            self.timeout_s, self.heartbeat_s, self.heartbeat_at,
        ]  # fmt: skip

    @classmethod
    def restore(cls, saved: list[Any]) -> Attempt:
        attempt = cls(saved[0], Document.parse(saved[1]), saved[2], saved[3])
        attempt.scheduled, attempt.begun, attempt.submitted = saved[4:7]
        attempt.timeout_s, attempt.heartbeat_s, attempt.heartbeat_at = saved[7:]
        return attempt


class Group:
    """The children of a Parallel or Map state. `items` are a Map's, in full; a Parallel's branches need none."""

    __slots__ = (
        "chunks", "concurrency", "fresh", "items", "items_stored", "length", "live", "next", "previous_id", "results",
        "started_id",
    )  # fmt: skip

    def __init__(self, length: int, concurrency: int, items: list[Any] | None) -> None:
        self.length = length
        self.concurrency = concurrency  # 0: no bound
        self.items = items
        self.next = 0  # the first child not yet made
        self.live = 0
        self.results: dict[int, Document] = {}
        self.fresh: list[int] = []  # whose results the store does not have yet
        self.items_stored = False
        self.chunks: list[int] = []  # the records of results that the store has, by number
        self.previous_id = 0  # the event that a child follows which takes another's place
        self.started_id = 0  # the event that those follow which begin with the state

    def to_json(self) -> list[int]:
        return [self.length, self.concurrency, self.next, self.previous_id, self.started_id]

    def begin(self, started_id: int) -> None:
        """The event by which the state starts its children."""
        self.previous_id = self.started_id = started_id

    def follows(self, index: int) -> int:
        """The event that a child's first one follows."""
        is_first = self.concurrency == 0 or index < self.concurrency
        return self.started_id if is_first else self.previous_id

    @classmethod
    def restore(cls, saved: list[int], items: list[Any] | None) -> Group:
        group = cls(saved[0], saved[1], items)
        group.next, group.previous_id, *more = saved[2:]
        group.started_id = more[0] if more else group.previous_id
        group.items_stored = items is not None
        return group


class Frame:
    """One thread of states. `variables` is all it sees: `outer`, its parent's, under its own."""

    __slots__ = (
        "attempt", "block", "due_ms", "entered_id", "entered_ms", "group", "input", "item", "map_run", "node", "outer",
        "own", "parent", "path", "phase", "previous_id", "retries", "stored", "timeout_at", "variables",
    )  # fmt: skip

    def __init__(
        self,
        path: Path,
        parent: Frame | None,
        block: Block,
        input: Document,
        outer: Mapping[str, Any],
        previous_id: int,
    ) -> None:
        self.path = path
        self.parent = parent
        self.block = block
        self.node: Node = block.start
        self.phase = Phase.ENTER
        self.input = input
        self.outer = outer
        self.own: dict[str, Any] = {}
        self.variables: Mapping[str, Any] = outer
        self.previous_id = previous_id  # the event that its next one follows
        self.entered_id = 0  # of its state
        self.entered_ms = 0
        self.retries: dict[int, int] | None = None  # by index in Retry
        self.due_ms: int | None = None
        self.timeout_at: int | None = None  # TimeoutSeconds of a Task, in ms
        self.attempt: Attempt | None = None
        self.group: Group | None = None
        self.map_run: dict[str, Any] | None = None  # what a Distributed Map's state remembers of its run
        self.item: tuple[int, Any] | None = (
            parent.item if parent is not None else None
        )  # of the Map around it
        self.stored = False  # whether the store has a record of it

    def assign(self, values: dict[str, Any]) -> None:
        self.own = {**self.own, **values}
        self.variables = {**self.outer, **self.own} if self.outer else self.own

    def to_json(self) -> dict[str, Any]:
        saved: dict[str, Any] = {
            "p": int(self.phase),
            "v": self.previous_id,
            "s": self.node.name,
            "i": self.input.text,
            "e": [self.entered_id, self.entered_ms],
        }
        if self.own:
            saved["w"] = self.own
        if self.retries:
            saved["r"] = sorted(self.retries.items())
        if self.due_ms is not None:
            saved["d"] = [self.due_ms, self.timeout_at]
        if self.attempt is not None:
            saved["a"] = self.attempt.to_json()
        if self.group is not None:
            saved["g"] = self.group.to_json()
        if self.map_run is not None:
            saved["m"] = self.map_run
        if self.item is not None and (self.parent is None or self.parent.item is not self.item):
            saved["t"] = list(self.item)
        return saved

    @classmethod
    def restore(
        cls, path: Path, parent: Frame | None, block: Block, saved: dict[str, Any], items: list[Any] | None
    ) -> Frame:
        """Parents first, so that a frame sees their variables. `items` are those of its group."""
        outer = parent.variables if parent else {}
        frame = cls(path, parent, block, Document.parse(saved["i"]), outer, saved["v"])
        frame.phase = Phase(saved["p"])
        frame.node = block.nodes[saved["s"]]
        frame.entered_id, frame.entered_ms = saved["e"]
        if "w" in saved:
            frame.assign(saved["w"])
        if "r" in saved:
            frame.retries = dict(saved["r"])
        if "d" in saved:
            frame.due_ms, frame.timeout_at = saved["d"]
        if "a" in saved:
            frame.attempt = Attempt.restore(saved["a"])
        if "g" in saved:
            frame.group = Group.restore(saved["g"], items)
        frame.map_run = saved.get("m")
        if "t" in saved:
            frame.item = (saved["t"][0], saved["t"][1])
        return frame
