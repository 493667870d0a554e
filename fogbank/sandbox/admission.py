"""Who waits for an environment, and when one more may be made: bounded, and fair in the order the jobs came."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from fogbank.core.errors import PoolExhausted
from fogbank.core.limits import SANDBOX_STARTS_PER_CORE, SANDBOX_WAITING_MAX, WRAP_UP_S
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.job import Job
from fogbank.sandbox.lifecycle import GONE, IDLE


class Hand(Protocol):
    """What the pool does when asked."""

    def begin(self, job: Job) -> int:
        """Start to make an environment for `job`; returns its number."""

    def end(self, environment: Environment) -> None:
        """Kill it."""


class Admission:
    """See the module. `environments` is the pool's own table, read only here."""

    def __init__(
        self,
        environments: Mapping[int, Environment],
        environments_max: int,
        hand: Hand,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._environments = environments
        self._environments_max = environments_max
        self._hand = hand
        self._loop = loop
        self._waiting: deque[Job] = deque()
        self._starting: set[int] = set()
        self._starts_max = SANDBOX_STARTS_PER_CORE * (os.cpu_count() or 1)
        self._wrapping_up: dict[str, int] = {}  # by config key: environments that answered and still work
        self._closed = False

    def want(self, job: Job) -> None:
        """`job` found no idle environment. Raises PoolExhausted when too many wait."""
        if len(self._waiting) >= SANDBOX_WAITING_MAX:
            raise PoolExhausted(f"{SANDBOX_WAITING_MAX} invocations wait for an environment already")
        self._waiting.append(job)
        if self._wrapping_up.get(job.config.key):
            self._loop.call_later(WRAP_UP_S, self._start_next)  # one is about to ask for more, most likely
        else:
            self._start_next()

    def want_next(self, job: Job) -> None:
        """`job` has had its turn and needs another environment."""
        self._waiting.appendleft(job)
        self._start_next()

    def take_for(self, environment: Environment) -> Job | None:
        """A job that this environment can serve, which is just free; its own has not been started yet."""
        key = environment.config.key
        for job in self._waiting:
            if job.config.key == key and job.attempt == 1 and job.warmed is None:
                self._waiting.remove(job)
                return job
        return None

    def started(self, number: int) -> None:
        """An environment is made, or will not be: the next may begin."""
        self._starting.discard(number)
        self._start_next()

    def wraps_up(self, environment: Environment) -> None:
        """It has answered and works on; it will be free in a moment."""
        key = environment.config.key
        self._wrapping_up[key] = self._wrapping_up.get(key, 0) + 1

    def wrapped_up(self, environment: Environment) -> None:
        """It is free now, or gone."""
        environment.wrapping_up = False
        key = environment.config.key
        left = self._wrapping_up.pop(key, 0) - 1
        if left > 0:
            self._wrapping_up[key] = left

    def close(self) -> list[Job]:
        """Start no more; returns who still waits."""
        self._closed = True
        left, self._waiting = list(self._waiting), deque()
        return left

    def _start_next(self) -> None:
        """Begin as many starts as may run at once."""
        while self._waiting and len(self._starting) < self._starts_max and not self._closed:
            job = self._waiting.popleft()
            if len(self._environments) >= self._environments_max and not self._make_room():
                job.fail(PoolExhausted(f"all {self._environments_max} environments of this node are busy"))
                continue
            self._starting.add(self._hand.begin(job))

    def _make_room(self) -> bool:
        """End the environment that has been idle longest, unless one that is ending already leaves its place."""
        if sum(one.state not in GONE for one in self._environments.values()) < self._environments_max:
            return True
        idle = [one for one in self._environments.values() if one.state in IDLE and not one.kept]
        if not idle:
            return False
        self._hand.end(min(idle, key=lambda one: one.idle_since_s))
        return True
