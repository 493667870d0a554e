"""Turns at message groups within this node: without them, many who change one group would conflict in the store again and again.

What makes a change right is the version of the group's record, which is checked by every commit; turns only save attempts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class GroupLocks:
    """The locks of one queue's groups; only those in use are kept."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def hold(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Have the turn at all these groups. Always in the same order, so that nobody waits in a circle."""
        ordered = sorted(set(names))
        for name in ordered:
            self._users[name] = self._users.get(name, 0) + 1
            self._locks.setdefault(name, asyncio.Lock())
        taken: list[str] = []
        try:
            for name in ordered:
                await self._locks[name].acquire()
                taken.append(name)
            yield
        finally:
            for name in taken:
                self._locks[name].release()
            for name in ordered:
                self._users[name] -= 1
                if not self._users[name]:
                    del self._users[name], self._locks[name]
