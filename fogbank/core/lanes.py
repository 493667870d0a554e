"""Structured background work: the only place that creates asyncio tasks.

A `Lanes` owns every task of one fogbank. A lane that fails is logged with its name, and, if it was started with
`restart=True`, started again after a pause; `close` cancels all and waits for them, so nothing is left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

log = logging.getLogger("fogbank.lanes")

RESTART_PAUSE_S = 0.5


class Lanes:
    """Owner of background tasks."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` once in the background; a failure is logged under `name`."""
        if self._closing:
            work.close()
            raise RuntimeError(f"lane {name} started while closing")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def loop(self, name: str, body: Callable[[], Awaitable[None]]) -> asyncio.Task[Any]:
        """Run `body()` again and again until closed; a failure is logged and the body called anew after a pause."""
        return self.spawn(name, self._forever(name, body))

    async def _forever(self, name: str, body: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await body()
            except Exception:
                log.exception("lane %s failed; it goes on", name)
                await asyncio.sleep(RESTART_PAUSE_S)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("lane %s ended", task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Cancel every lane and wait until each has ended."""
        self._closing = True
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)
