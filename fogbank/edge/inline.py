"""Running a handler without a task, as long as it does not wait.

Most requests are answered from memory: their handler runs from start to end without giving the loop back. `begin` steps
the coroutine once, in place; only one that really waits is carried on in a task (`carry_on`). Code that asks for the
current task before its first wait (`asyncio.timeout`, task groups) sees a `StandIn`, which passes what it is told to the
task that took over.
"""

from __future__ import annotations

import asyncio
import types
from asyncio import AbstractEventLoop
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class StandIn:
    """What `asyncio.current_task()` gives during the first step."""

    __slots__ = ("_task",)

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None

    def becomes(self, task: asyncio.Task[Any]) -> None:
        """From now on stand for `task`."""
        self._task = task

    def cancel(self, msg: Any | None = None) -> bool:
        return self._task.cancel(msg) if self._task is not None else False

    def cancelling(self) -> int:
        return self._task.cancelling() if self._task is not None else 0

    def uncancel(self) -> int:
        return self._task.uncancel() if self._task is not None else 0

    def done(self) -> bool:
        return self._task.done() if self._task is not None else False

    def get_name(self) -> str:
        return self._task.get_name() if self._task is not None else "inline"


@dataclass(slots=True)
class Waiting(Generic[T]):
    """A coroutine that waits, and what it waits for (as it was yielded to the loop)."""

    work: Coroutine[Any, Any, T]
    waited: Any
    stand_in: StandIn


class Inline:
    """Steps coroutines on one loop. Not to be used from inside a task."""

    __slots__ = ("_loop", "_stand_in")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._stand_in = StandIn()

    def begin(self, work: Coroutine[Any, Any, T]) -> T | Waiting[T]:
        """The result of `work`, if it has one without waiting. Raises what `work` raises."""
        stand_in = self._stand_in
        asyncio.tasks._enter_task(self._loop, stand_in)  # type: ignore[arg-type]
        try:
            waited = work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            asyncio.tasks._leave_task(self._loop, stand_in)  # type: ignore[arg-type]
        self._stand_in = StandIn()
        return Waiting(work, waited, stand_in)


async def carry_on(waiting: Waiting[T]) -> T:
    """Go on, inside a task, with what `begin` left waiting. Its stand-in is to become that task."""
    return await _rest(waiting)


@types.coroutine
def _rest(waiting: Waiting[T]) -> Generator[Any, Any, T]:
    work, waited = waiting.work, waiting.waited
    try:
        while True:
            try:
                yield waited
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - cancelled: `work` is to know, and to decide
                waited = work.throw(error)
            else:
                waited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
