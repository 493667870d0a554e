"""Looks after environments between and beside invocations: freezes the idle, thaws them, watches memory of the busy.

Freezing waits a moment, so an environment in steady use is never frozen; one shared sweep serves them all.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Protocol

from fogbank.core.limits import FREEZE_AFTER_S, MEMORY_WATCH_READS_MAX, MEMORY_WATCH_S
from fogbank.sandbox import memory
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.lifecycle import Event, State


class Hand(Protocol):
    """What the pool lets us do."""

    def end(self, environment: Environment) -> None: ...

    def signal(self, environment: Environment, go: bool) -> None: ...


class Tending:
    """See the module."""

    def __init__(self, cgroups: Cgroups, loop: asyncio.AbstractEventLoop, hand: Hand) -> None:
        self._busy: dict[Environment, object] = {}  # and the invocation it was serving at the last look
        self._cgroups = cgroups
        self._loop = loop
        self._hand = hand
        self._thawed: dict[Environment, float] = {}  # idle and running; since when, by the loop's time
        self._files: dict[int, int] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None

    # --- memory of the busy -----------------------------------------------------------------------------------------
    def busy(self, environment: Environment) -> None:
        """It runs something from now on, until `idle`."""
        self._busy[environment] = None
        if self._look is None:
            self._look = self._loop.call_later(MEMORY_WATCH_S, self._look_at_busy)

    def _look_at_busy(self) -> None:
        """End those over their memory. One that has just begun is not looked at: most have ended by the next time."""
        reads = 0
        for environment in list(itertools.islice(self._busy, 4 * MEMORY_WATCH_READS_MAX)):
            serving = environment.job or environment.cause
            if self._busy.pop(environment) is serving and reads < MEMORY_WATCH_READS_MAX:
                reads += 1
                if self._over_memory(environment):
                    environment.out_of_memory = True
                    self._hand.end(environment)
                    continue
            self._busy[environment] = serving  # to the back: everyone has a turn
        self._look = self._loop.call_later(MEMORY_WATCH_S, self._look_at_busy) if self._busy else None

    def _over_memory(self, environment: Environment) -> bool:
        limit_bytes = environment.config.memory_mb * 1024 * 1024
        folder = self._cgroups.memory_folder(environment.number)
        if folder is not None:
            return memory.of_cgroup(folder, limit_bytes, environment.host_pid) > limit_bytes
        pid = environment.host_pid
        return pid > 0 and memory.of_tree(pid, limit_bytes) > limit_bytes

    # --- the CPU of the idle ----------------------------------------------------------------------------------------
    def idle(self, environment: Environment) -> None:
        """It has become idle."""
        self._busy.pop(environment, None)
        self._thawed[environment] = self._loop.time()
        if self._sweep is None:
            self._sweep = self._loop.call_later(FREEZE_AFTER_S, self._freeze_idle)

    def _freeze_idle(self) -> None:
        self._sweep = None
        before_s = self._loop.time() - FREEZE_AFTER_S * 0.9
        for environment, since_s in list(self._thawed.items()):
            if environment.state is not State.READY or environment.wrapping_up:
                del self._thawed[environment]
            elif since_s <= before_s:
                del self._thawed[environment]
                self._freeze(environment)
        if self._thawed:
            self._sweep = self._loop.call_later(FREEZE_AFTER_S, self._freeze_idle)

    def _freeze(self, environment: Environment) -> None:
        if not self._write(environment, b"1"):
            self._hand.signal(environment, go=False)
        environment.happen(Event.FROZE)

    def thaw(self, environment: Environment) -> None:
        """Give it the CPU again, before it is used."""
        if not self._write(environment, b"0"):
            self._hand.signal(environment, go=True)
        environment.happen(Event.THAWED)

    def _write(self, environment: Environment, what: bytes) -> bool:
        fd = self._files.get(environment.number)
        try:
            if fd is None:
                path = self._cgroups.freeze_file(environment.number)
                if path is None:
                    return False
                fd = self._files[environment.number] = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            os.write(fd, what)
        except OSError:
            return False
        return True

    def forget(self, environment: Environment) -> None:
        """No process of it is left."""
        self._busy.pop(environment, None)
        self._thawed.pop(environment, None)
        fd = self._files.pop(environment.number, None)
        if fd is not None:
            os.close(fd)

    def close(self) -> None:
        for timer in (self._sweep, self._look):
            if timer is not None:
                timer.cancel()
