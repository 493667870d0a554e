"""Services that sleep until they are called."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.core.errors import StoreFull
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import root_of
from fogbank.model.service import Service
from tests.support.house import AllowAll

CALLER = Caller("000000000000", "us-east-1", root_of("000000000000"), "r-1")


class State:
    """Counts its starts; the first `failures` of them fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        await asyncio.sleep(0)
        if self.starts <= self.failures:
            raise StoreFull("no space left")


class Sleeper:
    """An STS that is declared and built when it is called."""

    def __init__(self, failures: int = 0) -> None:
        self.declared = 0
        self.state = State(failures)
        self.calls = Calls(AllowAll())
        self.calls.mount_asleep("sts", self.declare, lambda: self.state)

    def declare(self) -> Service[Any]:
        self.declared += 1
        service: Service[State] = Service("sts")

        @service.operation
        async def get_caller_identity(ctx: Call[State]) -> dict[str, Any]:
            return {"Arn": str(ctx.state.starts)}

        return service


async def test_mounting_and_the_model_wake_nobody() -> None:
    sleeper = Sleeper()
    assert "AssumeRole" in sleeper.calls.services["sts"].model.operations
    assert sleeper.calls.awake() == []
    assert sleeper.declared == 0


async def test_callers_at_once_start_it_once() -> None:
    sleeper = Sleeper()
    answers = await asyncio.gather(
        *(sleeper.calls.call("sts", "GetCallerIdentity", {}, CALLER) for _ in range(5))
    )
    assert answers == [{"Arn": "1"}] * 5
    assert sleeper.calls.awake() == [sleeper.state]


async def test_a_start_that_failed_is_tried_again() -> None:
    sleeper = Sleeper(failures=1)
    with pytest.raises(StoreFull):
        await sleeper.calls.call("sts", "GetCallerIdentity", {}, CALLER)
    assert sleeper.calls.awake() == []
    assert await sleeper.calls.call("sts", "GetCallerIdentity", {}, CALLER) == {"Arn": "2"}
