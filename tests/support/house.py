"""An in-process house without sockets: services on a memory store (or PostgreSQL, see stores.py) and a virtual clock, called through the calls port.

async with House({logs.SERVICE: lambda h: logs.Logs(store=h.store, …)}) as house:
    await house.call("logs", "CreateLogGroup", {"logGroupName": "g"})
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.permissions import Need
from fogbank.model.principal import root_of
from fogbank.model.service import Operation, Service
from fogbank.store.secrets import Secrets
from tests.support.stores import HouseStore

Builder = Callable[["House"], Any]


class AllowAll:
    """An authorizer for tests that are not about permissions."""

    enforces = False

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        return None

    async def refusal(self, caller: Caller, need: Need, policies: Any = ()) -> str | None:
        return None


class House:
    """Services on a store and a virtual clock. A benchmark gives it the real clock."""

    def __init__(self, services: dict[Service[Any], Builder], *, clock: Any = None) -> None:
        self.ids = Ids(1)
        self.lanes = Lanes()
        self.secrets = Secrets.in_memory()
        self._made = HouseStore(clock, self.lanes)
        self.clock: VirtualClock = self._made.clock
        self.store = self._made.store
        self.calls = Calls(AllowAll())
        self.states: dict[str, Any] = {}
        self._builders = services

    async def __aenter__(self) -> House:
        await self.store.open()
        for service, build in self._builders.items():
            state = build(self)
            self.states[service.name] = state
            self.calls.mount(service, state)
        for state in self.states.values():
            if hasattr(state, "start"):
                await state.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for state in reversed(self.states.values()):
            if hasattr(state, "close"):
                await state.close()
        await self.lanes.close()
        await self._made.close()

    def caller(self, account: str = "000000000000", region: str = "us-east-1") -> Caller:
        return Caller(account, region, root_of(account, open_mode=True), self.ids.uuid())

    async def call(
        self,
        service: str,
        operation: str,
        params: dict[str, Any] | None = None,
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> dict[str, Any]:
        """Call an operation as root of `account` in `region`; raises AwsError."""
        return await self.calls.call(service, operation, params or {}, self.caller(account, region))

    async def fails(
        self, service: str, operation: str, params: dict[str, Any] | None = None, **where: str
    ) -> AwsError:
        """The AwsError that a call raises."""
        with pytest.raises(AwsError) as caught:
            await self.call(service, operation, params, **where)
        return caught.value

    async def internal(self, service: str, name: str, **arguments: Any) -> Any:
        return await self.calls.internal(service, name, self.caller(), **arguments)


class Spoken:
    """Calls of one service of a house, short."""

    service: ClassVar[str]

    def __init__(self, house: House) -> None:
        self.house = house
        self.clock = house.clock
        self.state = house.states[self.service]

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.house.call(self.service, operation, params)

    async def fails(self, operation: str, **params: Any) -> tuple[str, str]:
        """(code, message) of the error."""
        error = await self.house.fails(self.service, operation, params)
        return error.code, error.message
