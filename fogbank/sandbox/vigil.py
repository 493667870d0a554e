"""Staying awake for a moment: with one or two invocations under way, most of their time is cores that fall asleep and are woken.

An idle core of a virtual machine takes tens of microseconds to wake, as long as the invocation itself. While few are under
way, and for a moment after, the loop polls instead of sleeping, so that an environment's answer and the caller's next request
are taken at once. It costs a core at most `VIGIL_S` for an invocation. Under load the loop never sleeps, and nothing is kept.
"""

from __future__ import annotations

import asyncio

VIGIL_S = 0.002  # after what happened last; the loop's own clock counts in whole milliseconds
UNDER_WAY_MAX = 2  # more keep the cores awake by themselves, and need them


class Vigil:
    """Counts the invocations under way, and keeps the loop awake for few."""

    __slots__ = ("_alone", "_kept", "_loop", "_under_way", "_until_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, cores: int) -> None:
        self._loop = loop
        self._under_way = 0
        self._until_s = 0.0
        self._kept = False
        self._alone = cores < 2

    def enter(self) -> None:
        """An invocation begins."""
        self._under_way += 1
        if self._under_way <= UNDER_WAY_MAX:
            self._keep()

    def leave(self) -> None:
        """An invocation has ended."""
        self._under_way -= 1
        if self._under_way < UNDER_WAY_MAX:
            self._keep()

    def _keep(self) -> None:
        if self._alone:
            return  # the one core is the function's
        self._until_s = self._loop.time() + VIGIL_S
        if not self._kept:
            self._kept = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._under_way <= UNDER_WAY_MAX and self._loop.time() < self._until_s:
            self._loop.call_soon(self._turn)
        else:
            self._kept = False
