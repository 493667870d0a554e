"""The engine's `MapPort`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.config import AuthMode
from fogbank.core.ids import Ids
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.stepfunctions.distributed.reading import Reader
from fogbank.services.stepfunctions.distributed.writing import Writer
from fogbank.services.stepfunctions.engine.api import ChildResult, MapCall, MapItem
from fogbank.services.stepfunctions.tasks.callers import Callers


class Maps:
    """Reads the items and writes the results of Distributed Maps by S3."""

    def __init__(self, *, calls: Calls, ids: Ids, mode: AuthMode) -> None:
        self._calls = calls
        self._callers = Callers(ids, mode)

    async def items(self, call: MapCall, *, skip: int) -> AsyncIterator[MapItem]:
        """Bounded memory, whatever the object's size. Raises StatesError (States.ItemReaderFailed)."""
        async for item in Reader(self._calls, self._caller(call), call).items(skip):
            yield item

    async def write(self, call: MapCall, results: AsyncIterator[ChildResult]) -> Any:
        """Bounded memory, however many results. Raises StatesError (States.ResultWriterFailed)."""
        return await Writer(self._calls, self._caller(call), call).write(results)

    def _caller(self, call: MapCall) -> Caller:
        return self._callers.of_role(call.role_arn, call.account, call.region)
