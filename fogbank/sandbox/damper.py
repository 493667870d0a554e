"""How many invocations of one function are sent to environments at once.

A function that answers within microseconds is served sooner by a few environments that take turns than by fifty that the
processor's cores switch between, and a burst of it needs no fifty environments made. So beyond some for each core, invocations wait
for one of those under way, as long as these come back at once. When they do not, all that wait are sent, and for a while
nothing of the function is held: it waits for something, perhaps for another invocation of itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from fogbank.core.limits import SANDBOX_AT_ONCE_PER_CORE
from fogbank.sandbox.job import Job

PATIENCE_S = 0.003  # within which as many must come back as may be under way
OPEN_S = 0.25  # how long a function that was slower is not held


class Damper:
    """Counts by config key. `send` is how a job goes to an environment."""

    def __init__(self, loop: asyncio.AbstractEventLoop, cores: int, send: Callable[[Job], None]) -> None:
        self._loop = loop
        self._at_once = SANDBOX_AT_ONCE_PER_CORE * cores
        self._send = send
        self._under_way: dict[str, int] = {}
        self._held: dict[str, deque[Job]] = {}  # there while a look at them is due
        self._came_back: dict[str, int] = {}  # of those with held ones, since the last look
        self._open_until_s: dict[str, float] = {}

    def enter(self, job: Job) -> None:
        """Send the job, now or soon."""
        key = job.config.key
        under_way = self._under_way.get(key, 0)
        if under_way < self._at_once or self._is_open(key):
            self._under_way[key] = under_way + 1
            self._send(job)
            return
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = deque()
            self._came_back[key] = 0
            self._loop.call_later(PATIENCE_S, self._look, key)
        held.append(job)

    def left(self, job: Job) -> None:
        """Its caller goes, most likely with an answer."""
        key = job.config.key
        held = self._held.get(key)
        if held is not None:
            self._came_back[key] += 1
            if held:
                self._send(held.popleft())
                return
        under_way = self._under_way.get(key, 0) - 1
        if under_way > 0:
            self._under_way[key] = under_way
        else:
            self._under_way.pop(key, None)

    def _is_open(self, key: str) -> bool:
        until_s = self._open_until_s.get(key)
        if until_s is None:
            return False
        if self._loop.time() < until_s:
            return True
        del self._open_until_s[key]
        return False

    def _look(self, key: str) -> None:
        """Go on holding only while the function is as quick as it has to be."""
        held, came_back = self._held[key], self._came_back[key]
        if held and came_back >= self._at_once:
            self._came_back[key] = 0
            self._loop.call_later(PATIENCE_S, self._look, key)
            return
        del self._held[key], self._came_back[key]
        if not held:
            return
        self._open_until_s[key] = self._loop.time() + OPEN_S
        self._under_way[key] = self._under_way.get(key, 0) + len(held)
        for job in held:
            self._send(job)
