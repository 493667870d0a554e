"""Environments that are there before anybody asks: made, initialised, kept, and made up for when one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fogbank.sandbox.admission import Admission
from fogbank.sandbox.api import FunctionConfig, Invocation, LogSink
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.job import Job
from fogbank.sandbox.lifecycle import GONE, IDLE


class Hand(Protocol):
    """What the pool does when asked."""

    def end(self, environment: Environment) -> None: ...


@dataclass(frozen=True, slots=True)
class _Provision:
    config: FunctionConfig
    count: int
    log: Callable[[], LogSink]


class Provisions:
    """See the module. `environments` is the pool's own table, read only here."""

    def __init__(
        self,
        environments: Mapping[int, Environment],
        admission: Admission,
        hand: Hand,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._environments = environments
        self._admission = admission
        self._hand = hand
        self._loop = loop
        self._wanted: dict[str, _Provision] = {}  # by config key
        self._coming: dict[str, int] = {}  # asked for, and not ready yet

    async def have(self, config: FunctionConfig, count: int, log: Callable[[], LogSink]) -> None:
        """Return when there are `count`. Idle ones beyond that end. Raises SandboxError; what was made stays."""
        self._wanted[config.key] = _Provision(config, count, log)
        there = self._there(config.key)
        surplus = len(there) - count
        for environment in [one for one in there if one.state in IDLE][: max(0, surplus)]:
            self._hand.end(environment)
        made = self._make(config.key)
        if made:
            outcomes = await asyncio.gather(*made, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    def make_up(self, key: str) -> None:
        """One has ended. Should the next one fail in its init, none comes in its place: invocations run on demand then."""
        for future in self._make(key):
            future.add_done_callback(lambda done: done.exception())

    def forget(self, key: str) -> None:
        """No more are wanted."""
        self._wanted.pop(key, None)

    def _there(self, key: str) -> list[Environment]:
        return [
            one
            for one in self._environments.values()
            if one.config.key == key and one.state not in GONE and one.cause is None
        ]

    def _make(self, key: str) -> list[asyncio.Future[None]]:
        """Ask for as many as are missing."""
        wanted = self._wanted.get(key)
        if wanted is None:
            return []
        missing = wanted.count - len(self._there(key)) - self._coming.get(key, 0)
        return [self._ask(wanted) for _ in range(missing)]

    def _ask(self, wanted: _Provision) -> asyncio.Future[None]:
        key = wanted.config.key
        warmed: asyncio.Future[None] = self._loop.create_future()
        self._coming[key] = self._coming.get(key, 0) + 1

        def came(_: asyncio.Future[None]) -> None:
            left = self._coming.pop(key, 1) - 1
            if left > 0:
                self._coming[key] = left

        warmed.add_done_callback(came)
        invocation = Invocation("", b"", "", wanted.log())
        job = Job(wanted.config, invocation, self._loop.create_future(), warmed=warmed)
        try:
            self._admission.want(job)
        except Exception as error:  # noqa: BLE001 - whoever waits hears of it, whatever it is
            job.fail(error)
        return warmed
