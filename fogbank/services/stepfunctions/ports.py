"""Joins what the engine calls upon: activities here, every other task by `tasks`, Distributed Maps by `distributed`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl.errors import StatesError
from fogbank.services.stepfunctions.engine.api import (
    ChildResult,
    ItemsCall,
    MapCall,
)


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
