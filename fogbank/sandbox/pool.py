"""The environments of one node, as the house sees them: finds an idle one for an invocation or has one made.

A warm invocation costs one `send`, one await and one callback. Everything slower (making environments, freezing, expiry,
memory) happens beside it, in `keeper.py`. The caller of `invoke` waits for a future and nothing else, so a caller that
goes away changes nothing for the function.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
from collections import deque
from collections.abc import Callable

from fogbank.core.clock import Clock
from fogbank.core.errors import SandboxError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.core.limits import SANDBOX_DISPATCHES_PER_TURN
from fogbank.sandbox import status
from fogbank.sandbox.api import (
    FunctionConfig,
    FunctionNetwork,
    Invocation,
    InvocationResult,
    LogSink,
    Platform,
    RuntimeFound,
    SandboxSettings,
)
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.damper import Damper
from fogbank.sandbox.job import Job
from fogbank.sandbox.keeper import Keeper
from fogbank.sandbox.lifecycle import State
from fogbank.sandbox.outbound import find_slirp
from fogbank.sandbox.root import check_binds
from fogbank.sandbox.runtimes import Runtimes
from fogbank.sandbox.vigil import Vigil


class EnvironmentPool:
    """Implements `api.Pool`."""

    def __init__(
        self,
        settings: SandboxSettings,
        platform: Platform,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        runtimes: Runtimes | None = None,
    ) -> None:
        check_binds(settings.binds)
        self._settings = settings
        self._platform = platform
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._runtimes = runtimes or Runtimes()
        self._cgroups = Cgroups(ids.hex(6))
        self._deferred: deque[Job] = deque()
        self._turn_left = SANDBOX_DISPATCHES_PER_TURN
        self._turn_ends = False  # its end is scheduled
        self._closing = False
        self._opened = False

    # --- the contract -----------------------------------------------------------------------------------------------
    async def open(self) -> None:
        settings = self._settings
        outbound = settings.network is FunctionNetwork.OUTBOUND
        slirp = find_slirp(settings.isolation) if outbound else None
        self._loop = asyncio.get_running_loop()
        self._vigil = Vigil(self._loop, _cores())
        self._damper = Damper(self._loop, _cores(), self._dispatch)
        _raise_descriptor_limit()
        settings.work_dir.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(settings.work_dir / "roots", ignore_errors=True)
        self._cgroups.open()
        self._keeper = keeper = Keeper(
            settings,
            self._platform,
            self._runtimes,
            self._cgroups,
            self._clock,
            self._ids,
            self._lanes,
            slirp,
        )
        self._idle, self._tending = keeper.idle, keeper.tending  # looked at for every invocation
        self._opened = True
        self._lanes.loop("sandbox tending", self._tend)
        first = self._runtimes.newest()
        if first is not None:
            self._lanes.spawn("sandbox warm-up", self.warm_runtime(first))

    async def close(self) -> None:
        self._closing = True
        if not self._opened:
            return
        await self._keeper.close()
        self._cgroups.close()
        shutil.rmtree(self._settings.work_dir / "roots", ignore_errors=True)

    async def invoke(self, config: FunctionConfig, invocation: Invocation) -> InvocationResult:
        done: asyncio.Future[InvocationResult] = self._loop.create_future()
        job = Job(config, invocation, done)
        if self._turn_left:
            self._turn_left -= 1
            self._damper.enter(job)
        else:
            self._deferred.append(job)
        if not self._turn_ends:
            self._turn_ends = True
            self._loop.call_soon(self._next_turn)
        vigil = None if invocation.patient else self._vigil
        if vigil is not None:
            vigil.enter()
        try:
            return await done
        finally:
            if vigil is not None:
                vigil.leave()
            self._damper.left(job)

    async def retire(self, key: str) -> None:
        self._keeper.retire(key)

    async def provision(self, config: FunctionConfig, count: int, log: Callable[[], LogSink]) -> None:
        if self._closing:
            raise SandboxError("fogbank is stopping")
        self._runtimes.launch(config.runtime)  # raises RuntimeUnavailable
        await self._keeper.provisions.have(config, count, log)

    async def warm(self, config: FunctionConfig) -> None:
        await self.warm_runtime(config.runtime)

    async def warm_runtime(self, runtime: str) -> None:
        """As `warm`, by the runtime's name."""
        await self._keeper.nursery.get(self._runtimes.launch(runtime))

    def runtimes(self) -> list[RuntimeFound]:
        return self._runtimes.found()

    def isolation(self) -> dict[str, str]:
        nursery = self._keeper.nursery if self._opened else None
        return status.isolation(nursery, self._cgroups, self._settings.network)

    def environments(self) -> list[dict[str, str]]:
        if not self._opened:
            return []
        return status.rows(self._keeper.environments.values(), self._clock.monotonic_s())

    # --- turns of the loop ------------------------------------------------------------------------------------------
    def _next_turn(self) -> None:
        """A few dispatches for each turn of the loop: answers are read between them, so that under load the environments
        that just answered, warm in the processor's caches, serve again instead of ever more others."""
        self._turn_left = SANDBOX_DISPATCHES_PER_TURN
        deferred = self._deferred
        while deferred and self._turn_left:
            self._turn_left -= 1
            self._damper.enter(deferred.popleft())
        self._turn_ends = bool(deferred)
        if deferred:
            self._loop.call_soon(self._next_turn)

    def _dispatch(self, job: Job) -> None:
        idle = self._idle.get(job.config.key)
        if idle:
            environment = idle.pop()
            if environment.state is State.FROZEN:
                self._tending.thaw(environment)
            environment.invoke(job)
            self._tending.busy(environment)
            return
        try:
            self._want_environment(job)
        except SandboxError as error:
            job.fail(error)

    def _want_environment(self, job: Job) -> None:
        if self._closing:
            raise SandboxError("fogbank is stopping")
        self._runtimes.launch(job.config.runtime)  # raises RuntimeUnavailable to the caller
        self._keeper.admission.want(job)

    # --- beside invocations -----------------------------------------------------------------------------------------
    async def _tend(self) -> None:
        await self._clock.sleep_s(min(self._settings.idle_s, self._settings.zygote_idle_s, 60.0) / 4)
        await self._keeper.drop_idle(self._clock.monotonic_s() - self._settings.idle_s)


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _raise_descriptor_limit() -> None:
    """Each environment holds a few descriptors: take all that we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass
