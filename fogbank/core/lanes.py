"""Structured background work: the only place that creates asyncio tasks.

A `Lanes` owns every task and every strand of one fogbank. A lane that fails is logged with its name, and, if it was started
with `restart=True`, started again after a pause that grows while it keeps failing; `close` cancels all and waits for them, so
nothing is left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fogbank.core.errors import Conflict, StoreError
from fogbank.core.strands import Strand

T = TypeVar("T")

log = logging.getLogger("fogbank.lanes")

RESTART_PAUSE_S = 0.5
RESTART_PAUSE_S_MAX = 8.0


def report(to: logging.Logger, error: BaseException, what: str) -> None:
    """Log that `what` went wrong: with its traceback, but for a store that cannot serve now, which is nobody's bug."""
    if isinstance(error, StoreError) and not isinstance(error, Conflict):
        to.warning("%s: %s", what, error)
    else:
        to.error("%s", what, exc_info=error)


class Lanes:
    """Owner of background tasks."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._strands: set[Strand[Any]] = set()
        self._spare: Strand[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # to ask for it costs a system call
        self._closing = False

    def begin(self, work: Coroutine[Any, Any, T]) -> tuple[T] | Strand[T]:
        """Run `work` in place as far as it goes without waiting: its result in a tuple, or the strand that carries it on.

        Raises what `work` raises before its first wait."""
        if self._closing:
            work.close()
            raise RuntimeError("a strand was begun while closing")
        if (loop := self._loop) is None:
            loop = self._loop = asyncio.get_running_loop()
        strand: Strand[T] = self._spare or Strand(loop, self._strands)
        self._spare = None
        try:
            result = strand.begin(work)
        finally:
            if strand.untouched():
                self._spare = strand
        return strand if result is None else result

    def carry(self, name: str, work: Coroutine[Any, Any, Any], ended: Callable[[], None]) -> None:
        """As `spawn`, but begun in place and without a task: for short work in great numbers. `ended` is called in any case."""

        def then(_result: object, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                report(log, error, f"lane {name} ended")
            ended()

        try:
            outcome = self.begin(work)
        except Exception as error:  # noqa: BLE001 - a lane's boundary: logged
            then(None, error)
            return
        if isinstance(outcome, Strand):
            outcome.then = then
        else:
            ended()

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
        pause_s = RESTART_PAUSE_S
        while True:
            try:
                await body()
                pause_s = RESTART_PAUSE_S
            except Exception as error:  # noqa: BLE001 - a lane's boundary: it is reported, and the lane goes on
                report(log, error, f"lane {name} failed; it goes on in {pause_s:g} s")
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RESTART_PAUSE_S_MAX)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            report(log, error, f"lane {task.get_name()} ended")

    async def close(self) -> None:
        """Cancel every lane and wait until each has ended."""
        self._closing = True
        while self._tasks or self._strands:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            for strand in list(self._strands):
                strand.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)
            await asyncio.sleep(0)  # strands end in callbacks
