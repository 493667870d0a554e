"""One service in its place: its model at once, its declaration and its state when they are first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Any

from fogbank.model.service import Operation, Service
from fogbank.model.shapes import ServiceModel, model_of


class Mounted:
    """A service that may be asleep. `state` is None until it has been built and started."""

    def __init__(
        self,
        name: str,
        declare: Callable[[], Service[Any]],
        build: Callable[[], Any] | None = None,
        state: Any = None,
    ) -> None:
        self.name = name
        self.state = state
        self._declare = declare
        self._build = build
        self._waking = asyncio.Lock()

    @cached_property
    def service(self) -> Service[Any]:
        """The declaration; asking for it imports the service."""
        return self._declare()

    @property
    def model(self) -> ServiceModel:
        """botocore's model, without importing the service."""
        return model_of(self.name)

    @property
    def operations(self) -> dict[str, Operation]:
        return self.service.operations

    async def wake(self) -> Any:
        """The state, once it has started. What failed to start is tried again by the next call."""
        async with self._waking:
            if self.state is None and self._build is not None:
                assert self.service is not None  # declared before it is built
                state = self._build()
                await state.start()
                self.state = state
        return self.state
