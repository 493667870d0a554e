"""Keeps the environments of one node: hears what they and their zygotes report, and decides what becomes of each.

`pool.py` above it finds an idle one for an invocation; everything an environment goes through beside that ends up here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket

from fogbank.core.clock import Clock
from fogbank.core.errors import InitFailed, PoolExhausted, SandboxError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox import outcomes
from fogbank.sandbox.admission import Admission
from fogbank.sandbox.api import Platform, SandboxSettings, Status
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.estates import Estate, Estates
from fogbank.sandbox.job import Job
from fogbank.sandbox.lifecycle import GONE, IDLE, Event
from fogbank.sandbox.links import Links
from fogbank.sandbox.maker import Maker
from fogbank.sandbox.nursery import Nursery
from fogbank.sandbox.outbound import Outbound
from fogbank.sandbox.provisions import Provisions
from fogbank.sandbox.runtimes import Runtimes
from fogbank.sandbox.starter import Starter
from fogbank.sandbox.tending import Tending
from fogbank.sandbox.zygote import Zygote


class Keeper:
    """See the module. Made by an open pool, on its loop."""

    def __init__(
        self,
        settings: SandboxSettings,
        platform: Platform,
        runtimes: Runtimes,
        cgroups: Cgroups,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        slirp: str | None,
    ) -> None:
        """`slirp`: the program that connects environments to the world, if they are to be connected so."""
        loop = asyncio.get_running_loop()
        outbound = None if slirp is None else Outbound(slirp, loop, self._cut_off)
        self.environments: dict[int, Environment] = {}
        # By config key; the last one used is the first to be used.
        self.idle: dict[str, list[Environment]] = {}
        self.estates = Estates()
        self.nursery = Nursery(settings, runtimes, cgroups, self, clock, loop)
        self.tending = Tending(cgroups, loop, self)
        self.admission = Admission(self.environments, settings.environments_max, self, loop)
        self.provisions = Provisions(self.environments, self.admission, self, loop)
        self._links = Links(platform, lanes, outbound, self)
        starter = Starter(settings, platform, cgroups, clock, ids)
        self._maker = Maker(starter, runtimes, self.nursery, self.estates, clock, lanes, loop, self)
        self._clock = clock
        self._lanes = lanes
        self._loop = loop
        self._closing = False

    async def close(self) -> None:
        """End every environment and zygote; returns when none is left."""
        self._closing = True
        self._links.stop()
        for job in self.admission.close():
            job.fail(SandboxError("fogbank is stopping"))
        self.tending.close()
        await self.nursery.close()
        for environment in list(self.environments.values()):  # asked of no zygote yet
            self.abandon(environment, SandboxError("fogbank is stopping"))
        await self._links.close()

    def retire(self, key: str) -> None:
        """Nobody will ask for `key` again: its idle environments end now, busy ones after use."""
        self.estates.drop(key)
        self.provisions.forget(key)
        for environment in [*self.environments.values()]:
            if environment.config.key == key:
                environment.retired = True
                if environment.state in IDLE:
                    self.end(environment)

    async def drop_idle(self, limit_s: float) -> None:
        """End what has been idle since `limit_s` by the monotonic clock, and the zygotes that nobody uses."""
        for environment in list(self.environments.values()):
            if environment.state in IDLE and environment.idle_since_s <= limit_s and not environment.kept:
                self.end(environment)
        self.estates.drop_older(limit_s)
        await self.nursery.drop_idle()

    # --- making them (admission.Hand, maker.Hand) -------------------------------------------------------------------
    def begin(self, job: Job) -> int:
        environment = self._maker.begin(job)
        self.environments[environment.number] = environment
        return environment.number

    def making(self, environment: Environment) -> None:
        self.tending.busy(environment)

    def abandon(self, environment: Environment, error: Exception) -> None:
        job = environment.cause
        if environment.state not in GONE:
            environment.happen(Event.KILLED)
        self._forget(environment)
        if job is not None:
            job.fail(PoolExhausted(str(error)) if isinstance(error, OSError) else error)

    # --- what environments do (Owner) -------------------------------------------------------------------------------
    def begun(self, environment: Environment, listeners: list[socket.socket]) -> None:
        self._links.join(environment, listeners)

    def ready(self, environment: Environment) -> None:
        self.admission.started(environment.number)
        job, environment.cause = environment.cause, None
        if job is None:
            self._to_idle(environment)
            return
        if job.warmed is not None:
            if not job.warmed.done():
                job.warmed.set_result(None)
            self._available(environment)
            return
        if job.attempt == 1:
            job.init_duration_ms = (self._clock.monotonic_s() - environment.created_s) * 1000
        environment.invoke(job)

    def answered(self, environment: Environment, job: Job, outcome: outcomes.Outcome) -> None:
        now_s = self._clock.monotonic_s()
        environment.idle_since_s = now_s
        job.succeed(job.result(outcome, environment.stream, environment.max_rss_kb, now_s))
        if environment.wrapping_up:
            self.admission.wraps_up(environment)
        else:
            self._available(environment)

    def wrapped_up(self, environment: Environment) -> None:
        self.admission.wrapped_up(environment)
        self._available(environment)

    def _available(self, environment: Environment) -> None:
        if environment.retired or self._closing:
            self.end(environment)
        elif (waiting := self.admission.take_for(environment)) is not None:
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
            self.admission.want_next(job)
        else:
            job.fail(SandboxError(f"the environment could not be made: {reason}"))

    def lost(self, environment: Environment) -> None:
        self.end(environment)

    def _cut_off(self, number: int) -> None:
        """Without its way out it is no longer what it was made to be."""
        if (environment := self.environments.get(number)) is not None:
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
        self.estates.leave(environment.config.key, estate)

    # --- what zygotes report (Listener) -----------------------------------------------------------------------------
    def exited(self, number: int, exit: outcomes.Exit) -> None:
        environment = self.environments.get(number)
        if environment is None:
            return
        environment.take_last()
        environment.max_rss_kb = max(environment.max_rss_kb, exit.max_rss_kb)
        in_init = environment.job is None
        job = environment.job or environment.cause
        environment.job = environment.cause = None
        environment.happen(Event.EXITED)
        self._forget(environment)
        if environment.kept and not self._closing and (job is None or job.warmed is None):
            self.provisions.make_up(environment.config.key)
        if job is None:
            return
        if job.warmed is not None:
            job.fail(InitFailed("the function's init failed"))
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
        environment = self.environments.get(number)
        if environment is not None:
            self.abandon(environment, PoolExhausted(f"no environment can be made: {reason}"))

    def zygote_gone(self, zygote: Zygote) -> None:
        self.nursery.forget(zygote)
        if not self._closing:
            self._lanes.spawn("sandbox reap", zygote.close())

    # --- helpers ----------------------------------------------------------------------------------------------------
    def end(self, environment: Environment) -> None:
        """Kill it; what it leaves is settled when its exit is reported."""
        if environment.state in GONE:
            return
        if environment.state in IDLE:
            stack = self.idle.get(environment.config.key, [])
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
        return next((one for one in self.nursery.zygotes() if number in one.environments), None)

    def _first_init(self, environment: Environment, job: Job) -> bool:
        return environment.job is None and job.attempt == 1

    def _repeat_init(self, job: Job) -> None:
        """The first init failed: Lambda repeats it, now inside the invocation and on its time."""
        job.attempt = 2
        job.init_error = not job.init_timed_out
        job.started_s = self._clock.monotonic_s()
        self.admission.want_next(job)

    def _to_idle(self, environment: Environment) -> None:
        environment.idle_since_s = self._clock.monotonic_s()
        self.idle.setdefault(environment.config.key, []).append(environment)
        self.tending.idle(environment)

    def _forget(self, environment: Environment) -> None:
        if environment.wrapping_up:
            self.admission.wrapped_up(environment)
        environment.release()
        self.tending.forget(environment)
        self.environments.pop(environment.number, None)
        stack = self.idle.get(environment.config.key)
        if stack is not None:
            if environment in stack:
                stack.remove(environment)
            if not stack:
                del self.idle[environment.config.key]
        self._links.leave(environment)
        self.admission.started(environment.number)
