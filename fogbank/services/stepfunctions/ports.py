"""Joins what the engine calls upon: activities here, every other task by `tasks`, Distributed Maps by `distributed`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl.errors import StatesError
from fogbank.asl.resources import TaskKind
from fogbank.services.stepfunctions.activity_tasks import ActivityTasks
from fogbank.services.stepfunctions.engine.api import (
    ChildResult,
    Failed,
    ItemsCall,
    MapCall,
    Outcome,
    TaskCall,
    TaskPort,
)


class TaskRouter:
    """The engine's one `TaskPort`."""

    def __init__(self, activities: ActivityTasks, others: TaskPort) -> None:
        self._activities = activities
        self._others = others

    async def run(self, call: TaskCall) -> Outcome:
        if call.resource.kind is TaskKind.ACTIVITY:
            return await self._activities.run(call)
        return await self._others.run(call)

    async def abandon(self, call: TaskCall) -> None:
        if call.resource.kind is TaskKind.ACTIVITY:
            await self._activities.abandon(call)
        else:
            await self._others.abandon(call)

    def repeatable(self, call: TaskCall) -> bool:
        return call.resource.kind is TaskKind.ACTIVITY or self._others.repeatable(call)

    def lost(self, call: TaskCall) -> Failed:
        return self._others.lost(call)


class NoTasks:
    """Until task integrations are there: each fails, and says so."""

    async def run(self, call: TaskCall) -> Outcome:
        return Failed("States.TaskFailed", f"fogbank does not support {call.resource.arn} yet")

    async def abandon(self, call: TaskCall) -> None:
        return None

    def repeatable(self, call: TaskCall) -> bool:
        return True

    def lost(self, call: TaskCall) -> Failed:
        return Failed("States.TaskFailed", "The result was lost")


class NoMaps:
    """Until Distributed Map's readers and writers are there."""

    async def items(self, call: ItemsCall, *, skip: int) -> AsyncIterator[Any]:
        if call.reader_resource is not None:
            raise StatesError(
                "States.ItemReaderFailed", f"fogbank does not support {call.reader_resource} yet"
            )
        yield None

    async def write(self, call: MapCall, results: AsyncIterator[ChildResult]) -> dict[str, Any]:
        raise StatesError("States.ResultWriterFailed", f"fogbank does not support {call.writer_resource} yet")
