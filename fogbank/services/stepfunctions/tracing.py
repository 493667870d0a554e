"""Gives the segments of traced executions to whoever takes them (`Telemetry.segments`), when the execution has ended.

A Standard execution's history is read back from the store, so a restart loses none of it; an Express one's is kept until then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fogbank.core.lanes import Lanes
from fogbank.model.telemetry import Telemetry
from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent, Status
from fogbank.services.stepfunctions.limits import TRACED_EVENTS_MAX
from fogbank.services.stepfunctions.segments import documents_of

Read = Callable[[str, int], Awaitable[list[HistoryEvent]]]


class Tracing:
    """An `engine.api.Observer`. `read` gives a Standard execution's events after an id, a page of them."""

    def __init__(self, telemetry: Telemetry, lanes: Lanes, read: Read) -> None:
        self._telemetry = telemetry
        self._lanes = lanes
        self._read = read
        self._express: dict[str, list[HistoryEvent]] = {}
        self._kept = 0

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        if not execution.machine.express or not self._wanted(execution):
            return
        if self._kept + len(events) <= TRACED_EVENTS_MAX:  # past it, segments have fewer subsegments
            self._kept += len(events)
            self._express.setdefault(execution.arn, []).extend(events)

    def status_changed(self, execution: ExecutionView) -> None:
        if execution.status is Status.RUNNING or not self._wanted(execution):
            return
        if execution.machine.express:
            events = self._express.pop(execution.arn, [])
            self._kept -= len(events)
            self._give(execution, events)
        else:
            self._lanes.spawn("states tracing", self._trace(execution))

    def _wanted(self, execution: ExecutionView) -> bool:
        tracing = execution.machine.tracing
        return tracing is not None and bool(tracing["enabled"]) and self._telemetry.traces

    async def _trace(self, execution: ExecutionView) -> None:
        events: list[HistoryEvent] = []
        while page := await self._read(execution.arn, events[-1].id if events else 0):
            events += page
        self._give(execution, events)

    def _give(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        machine = execution.machine
        if documents := documents_of(execution, events):
            self._telemetry.segments(machine.account, machine.region, documents)
