"""The environments of one node: finds an idle one for an invocation or has one made, and decides what becomes of it.

A warm invocation costs one `send`, one await and one callback. Everything slower (making environments, freezing, expiry,
memory) happens beside it. The caller of `invoke` waits for a future and nothing else, so a caller that goes away changes
nothing for the function.
"""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import shutil
import socket
from collections import deque
from collections.abc import Awaitable, Callable

from fogbank.core.clock import Clock
from fogbank.core.errors import ConfigError, PoolExhausted, SandboxError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.core.limits import (
    INIT_PHASE_S,
    SANDBOX_DISPATCHES_PER_TURN,
)
from fogbank.sandbox import outcomes, status
from fogbank.sandbox.admission import Admission
from fogbank.sandbox.api import (
    FunctionConfig,
    FunctionNetwork,
    Invocation,
    InvocationResult,
    Platform,
    RuntimeFound,
    SandboxSettings,
    Status,
)
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.environment import SCRATCH_BYTES, Environment
from fogbank.sandbox.estates import Estate, Estates
from fogbank.sandbox.job import Job
from fogbank.sandbox.lifecycle import GONE, IDLE, Event, State
from fogbank.sandbox.nursery import Nursery
from fogbank.sandbox.root import check_binds
from fogbank.sandbox.runtimes import Runtimes
from fogbank.sandbox.starter import Starter
from fogbank.sandbox.tending import Tending
from fogbank.sandbox.zygote import Zygote


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
        self._lanes = lanes
        self._runtimes = runtimes or Runtimes()
        self._cgroups = Cgroups(ids.hex(6))
        self._starter = Starter(settings, platform, self._cgroups, clock, ids)
        self._environments: dict[int, Environment] = {}
        self._idle: dict[
            str, list[Environment]
        ] = {}  # by config key; the last one used is the first to be used
        self._deferred: deque[Job] = deque()
        self._turn_left = SANDBOX_DISPATCHES_PER_TURN
        self._turn_ends = False  # its end is scheduled
        self._estates = Estates()
        self._unserve: dict[int, Callable[[], Awaitable[None]]] = {}
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._serial = 0
        self._closing = False
        self._opened = False

    # --- the contract -----------------------------------------------------------------------------------------------
    async def open(self) -> None:
        if self._settings.network is FunctionNetwork.OUTBOUND and shutil.which("slirp4netns") is None:
            raise ConfigError("--function-network outbound needs slirp4netns, which is not installed")
        self._loop = asyncio.get_running_loop()
        _raise_descriptor_limit()
        self._settings.work_dir.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._settings.work_dir / "roots", ignore_errors=True)
        self._cgroups.open()
        self._nursery = Nursery(self._settings, self._runtimes, self._cgroups, self, self._clock, self._loop)
        self._tending = Tending(self._cgroups, self._loop, self)
        self._admission = Admission(self._environments, self._settings.environments_max, self, self._loop)
        self._opened = True
        self._lanes.loop("sandbox tending", self._tend)
        first = self._runtimes.newest()
        if first is not None:
            self._lanes.spawn("sandbox warm-up", self.warm_runtime(first))

    async def close(self) -> None:
        self._closing = True
        if not self._opened:
            return
        for job in self._admission.close():
            job.fail(SandboxError("fogbank is stopping"))
        self._tending.close()
        await self._nursery.close()
        for environment in list(self._environments.values()):  # asked of no zygote yet
            self._abandon(environment, SandboxError("fogbank is stopping"))
        for unserve in list(self._unserve.values()):
            await unserve()
        self._cgroups.close()
        shutil.rmtree(self._settings.work_dir / "roots", ignore_errors=True)

    async def invoke(self, config: FunctionConfig, invocation: Invocation) -> InvocationResult:
        done: asyncio.Future[InvocationResult] = self._loop.create_future()
        job = Job(config, invocation, done)
        if self._turn_left:
            self._turn_left -= 1
            self._dispatch(job)
        else:
            self._deferred.append(job)
        if not self._turn_ends:
            self._turn_ends = True
            self._loop.call_soon(self._next_turn)
        return await done

    async def retire(self, key: str) -> None:
        self._estates.drop(key)
        for environment in [*self._environments.values()]:
            if environment.config.key == key:
                environment.retired = True
                if environment.state in IDLE:
                    self.end(environment)

    async def warm(self, config: FunctionConfig) -> None:
        await self._nursery.get(self._runtimes.launch(config.runtime))

    def runtimes(self) -> list[RuntimeFound]:
        return self._runtimes.found()

    def isolation(self) -> dict[str, str]:
        nursery = self._nursery if self._opened else None
        return status.isolation(nursery, self._cgroups, self._settings.network)

    def environments(self) -> list[dict[str, str]]:
        return status.rows(self._environments.values(), self._clock.monotonic_s())

    # --- turns of the loop ------------------------------------------------------------------------------------------
    def _next_turn(self) -> None:
        """A few dispatches for each turn of the loop: answers are read between them, so that under load the environments
        that just answered, warm in the processor's caches, serve again instead of ever more others."""
        self._turn_left = SANDBOX_DISPATCHES_PER_TURN
        deferred = self._deferred
        while deferred and self._turn_left:
            self._turn_left -= 1
            self._dispatch(deferred.popleft())
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

    # --- finding and making environments ----------------------------------------------------------------------------
    def _want_environment(self, job: Job) -> None:
        if self._closing:
            raise SandboxError("fogbank is stopping")
        self._runtimes.launch(job.config.runtime)  # raises RuntimeUnavailable to the caller
        self._admission.want(job)

    def begin(self, job: Job) -> int:
        """Start to make an environment for `job` (admission.Hand)."""
        self._serial += 1
        number = self._serial
        environment = Environment(
            number,
            job,
            self._starter.stream_name(job.config),
            self,
            self._loop,
            self._clock,
            self._scratch,
        )
        self._environments[number] = environment
        self._lanes.spawn(f"sandbox start {job.config.name}", self._start(environment, job))
        return number

    async def _start(self, environment: Environment, job: Job) -> None:
        try:
            launch = self._runtimes.launch(job.config.runtime)
            zygote = await self._nursery.get(launch)
            now_ms = self._clock.now_ms()
            if job.attempt == 1:
                job.invocation.log.init_start(now_ms, launch.label, environment.stream)
            environment.created_s = self._clock.monotonic_s()
            if (estate := self._estates.take(job.config.key, zygote)) is not None:
                environment.heir_of, environment.uid = estate.number, estate.uid
            await self._starter.start(environment, launch, zygote)
        except Exception as error:  # noqa: BLE001 - a lane boundary: who waits must hear of it, whatever it is
            self._abandon(environment, error)
            return
        if job.attempt == 1:
            environment.set_deadline(INIT_PHASE_S)
        else:
            job.started_s = self._clock.monotonic_s()
            environment.set_deadline(job.config.timeout_ms / 1000)
        self._tending.busy(environment)

    def _abandon(self, environment: Environment, error: Exception) -> None:
        """It never came to be."""
        job = environment.cause
        if environment.state not in GONE:
            environment.happen(Event.KILLED)
        self._forget(environment)
        if job is not None:
            job.fail(PoolExhausted(str(error)) if isinstance(error, OSError) else error)

    # --- what environments do (Owner) -------------------------------------------------------------------------------
    def begun(self, environment: Environment, listeners: list[socket.socket]) -> None:
        if environment.api is not None and listeners:
            self._lanes.spawn("sandbox runtime api", environment.api.start(listeners.pop()))
        for listener in listeners:
            self._lanes.spawn("sandbox adopt", self._adopt(environment, listener))

    def ready(self, environment: Environment) -> None:
        self._admission.started(environment.number)
        job, environment.cause = environment.cause, None
        if job is None:
            self._to_idle(environment)
            return
        if job.attempt == 1:
            job.init_duration_ms = (self._clock.monotonic_s() - environment.created_s) * 1000
        environment.invoke(job)

    def answered(self, environment: Environment, job: Job, outcome: outcomes.Outcome) -> None:
        now_s = self._clock.monotonic_s()
        environment.idle_since_s = now_s
        job.succeed(job.result(outcome, environment.stream, environment.max_rss_kb, now_s))
        if environment.wrapping_up:
            self._admission.wraps_up(environment)
        else:
            self._available(environment)

    def wrapped_up(self, environment: Environment) -> None:
        self._admission.wrapped_up(environment)
        self._available(environment)

    def _available(self, environment: Environment) -> None:
        if environment.retired or self._closing:
            self.end(environment)
        elif (waiting := self._admission.take_for(environment)) is not None:
            environment.invoke(waiting)
        else:
            self._to_idle(environment)

    def init_failed(self, environment: Environment, document: bytes) -> None:
        environment.verdict = outcomes.handler_error(document)
        self.end(environment)

    def unstarted(self, environment: Environment, reason: str) -> None:
        if environment.cause is not None:
            environment.verdict = outcomes.invalid_entrypoint(environment.cause.invocation.request_id, reason)
        self.end(environment)

    def broken(self, environment: Environment, reason: str) -> None:
        job, environment.cause = environment.cause, None
        self.end(environment)
        if job is None:
            return
        if environment.heir_of:  # what it took over is no good: the next one starts afresh
            self._admission.want_next(job)
        else:
            job.fail(SandboxError(f"the environment could not be made: {reason}"))

    def lost(self, environment: Environment) -> None:
        self.end(environment)

    def expired(self, environment: Environment) -> None:
        job = environment.job or environment.cause
        if job is not None and not self._first_init(environment, job):
            environment.verdict = outcomes.timed_out(
                job.invocation.request_id, job.config.timeout_ms, self._clock.now_ms()
            )
            self._leave_estate(environment)
        elif job is not None:
            job.init_timed_out = True
        self.end(environment)

    def _leave_estate(self, environment: Environment) -> None:
        """Its /tmp is for the next environment of the same function."""
        zygote = self._zygote_of(environment)
        if environment.retired or zygote is None or not zygote.plan.walled or not environment.host_pid:
            return
        zygote.kill(environment.number, leaving=environment.host_pid)
        estate = Estate(environment.number, environment.uid, zygote, self._clock.monotonic_s())
        self._estates.leave(environment.config.key, estate)

    # --- what zygotes report (Listener) -----------------------------------------------------------------------------
    def exited(self, number: int, exit: outcomes.Exit) -> None:
        environment = self._environments.get(number)
        if environment is None:
            return
        environment.take_last()
        environment.max_rss_kb = max(environment.max_rss_kb, exit.max_rss_kb)
        in_init = environment.job is None
        job = environment.job or environment.cause
        environment.job = environment.cause = None
        environment.happen(Event.EXITED)
        self._forget(environment)
        if job is None:
            return
        if in_init and job.attempt == 1 and not self._closing:
            self._repeat_init(job)
            return
        if environment.out_of_memory:
            exit = dataclasses.replace(exit, out_of_memory=True)
        outcome = environment.verdict or outcomes.exited(job.invocation.request_id, exit)
        now_s = self._clock.monotonic_s()
        if outcome.log_line is not None:
            job.invocation.log.line(self._clock.now_ms(), outcome.log_line)
        job.init_error = job.init_error or (in_init and outcome.status is not Status.TIMEOUT)
        job.succeed(job.result(outcome, environment.stream, environment.max_rss_kb, now_s))

    def unforked(self, number: int, reason: str) -> None:
        environment = self._environments.get(number)
        if environment is not None:
            self._abandon(environment, PoolExhausted(f"no environment can be made: {reason}"))

    def zygote_gone(self, zygote: Zygote) -> None:
        self._nursery.forget(zygote)
        if not self._closing:
            self._lanes.spawn("sandbox reap", zygote.close())

    # --- helpers ----------------------------------------------------------------------------------------------------
    def end(self, environment: Environment) -> None:
        """Kill it; what it leaves is settled when its exit is reported."""
        if environment.state in GONE:
            return
        if environment.state in IDLE:
            stack = self._idle.get(environment.config.key, [])
            if environment in stack:
                stack.remove(environment)
        environment.happen(Event.KILLED)
        if (zygote := self._zygote_of(environment)) is not None:
            zygote.kill(environment.number)
        else:  # its zygote has gone, or never heard of it
            self._loop.call_soon(self.exited, environment.number, outcomes.Exit(None, 9, False, 0))

    def signal(self, environment: Environment, go: bool) -> None:
        """Stop or continue its processes, where there is no freezer."""
        if (zygote := self._zygote_of(environment)) is not None:
            (zygote.go if go else zygote.stop)(environment.number)

    def _zygote_of(self, environment: Environment) -> Zygote | None:
        number = environment.number
        return next((one for one in self._nursery.zygotes() if number in one.environments), None)

    def _first_init(self, environment: Environment, job: Job) -> bool:
        return environment.job is None and job.attempt == 1

    def _repeat_init(self, job: Job) -> None:
        """The first init failed: Lambda repeats it, now inside the invocation and on its time."""
        job.attempt = 2
        job.init_error = not job.init_timed_out
        job.started_s = self._clock.monotonic_s()
        self._admission.want_next(job)

    def _to_idle(self, environment: Environment) -> None:
        environment.idle_since_s = self._clock.monotonic_s()
        self._idle.setdefault(environment.config.key, []).append(environment)
        self._tending.idle(environment)

    def _forget(self, environment: Environment) -> None:
        if environment.wrapping_up:
            self._admission.wrapped_up(environment)
        environment.release()
        self._tending.forget(environment)
        self._environments.pop(environment.number, None)
        stack = self._idle.get(environment.config.key)
        if stack is not None:
            if environment in stack:
                stack.remove(environment)
            if not stack:
                del self._idle[environment.config.key]
        if not self._closing and (unserve := self._unserve.pop(environment.number, None)) is not None:
            self._lanes.spawn("sandbox unserve", _call(unserve))
        self._admission.started(environment.number)

    async def _adopt(self, environment: Environment, listener: socket.socket) -> None:
        unserve = await self._platform.adopt(listener, environment.config)
        if environment.state in GONE:
            await unserve()
        else:
            self._unserve[environment.number] = unserve

    async def warm_runtime(self, runtime: str) -> None:
        await self._nursery.get(self._runtimes.launch(runtime))

    async def _tend(self) -> None:
        await self._clock.sleep_s(min(self._settings.idle_s, self._settings.zygote_idle_s, 60.0) / 4)
        limit_s = self._clock.monotonic_s() - self._settings.idle_s
        for environment in list(self._environments.values()):
            if environment.state in IDLE and environment.idle_since_s <= limit_s:
                self.end(environment)
        self._estates.drop_older(limit_s)
        await self._nursery.drop_idle()


async def _call(function: Callable[[], Awaitable[None]]) -> None:
    await function()


def _raise_descriptor_limit() -> None:
    """Each environment holds a few descriptors: take all that we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass
