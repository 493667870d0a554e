"""An execution while a node works at it, and the questions put to it."""

from __future__ import annotations

import asyncio
from collections import deque

from fogbank.asl.effects import Stimulus
from fogbank.asl.execution import Execution
from fogbank.services.stepfunctions.engine.api import TaskCall
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.sources import Prepared


class Active:
    """One Standard execution in memory.

    `version` is that of its spine (0: not stored yet). `due_ms` is when its item in the queue of due ones is due, as
    stored. `tasks` run here, by number. `answered` are attempts whose answer by token was accepted already.
    """

    __slots__ = (
        "answered", "busy", "due_ms", "execution", "head", "inbox", "is_new", "map_runs", "prepared", "redrive_token", "ref",
        "running",
        "stored",
        "tasks", "version", "waiting_slots",
    )  # fmt: skip

    def __init__(self, ref: Ref, head: Head, prepared: Prepared, execution: Execution) -> None:
        self.ref = ref
        self.head = head
        self.prepared = prepared
        self.execution = execution
        self.version = 0
        self.due_ms: int | None = None
        self.is_new = False  # its head is not stored yet
        self.stored = asyncio.Event()  # it is, or never will be: for another who starts one by the same name
        self.busy = False  # the busy record is stored
        self.running = False  # somebody advances it
        self.inbox: deque[tuple[Stimulus, asyncio.Future[None] | None]] = deque()
        self.tasks: dict[int, tuple[asyncio.Task[None], TaskCall]] = {}
        self.waiting_slots = 0
        self.map_runs: set[int] = set()
        self.answered: set[int] = set()
        self.redrive_token: str | None = None

    @property
    def idle(self) -> bool:
        """Whether it only waits for times and tokens: then it need not stay in memory."""
        return not (self.running or self.inbox or self.pending)

    @property
    def pending(self) -> bool:
        """Whether something of it goes on at this node."""
        return bool(self.tasks or self.waiting_slots or self.map_runs)
