"""Coroutines driven by callbacks: what a task does, at a third of its price.

Most requests are answered from memory: their handler runs from start to end without giving the loop back, and one that waits
mostly waits once. A strand is begun in place, and goes on in the callback of what it waited for; a task would cost an object, two
more turns of the loop and a generator between. Code that asks for the current task (`asyncio.timeout`, task groups) sees the
strand, which can be cancelled as a task can.

`Lanes.begin` makes them; it owns them as it owns tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_enter = asyncio.tasks._enter_task
_leave = asyncio.tasks._leave_task


class Strand(Generic[T]):
    """One coroutine that waits. `then` is called once, with its result or with what it raised; set it before the loop turns."""

    __slots__ = ("_cancels", "_loop", "_must_cancel", "_owned", "_waited", "_work", "then")

    def __init__(self, loop: asyncio.AbstractEventLoop, owned: set[Strand[Any]]) -> None:
        self._loop = loop
        self._owned = owned  # by whoever cancels what is left at the end
        self._work: Coroutine[Any, Any, T] | None = None
        self._waited: asyncio.Future[Any] | None = None
        self._must_cancel = False
        self._cancels = 0
        self.then: Callable[[T | None, BaseException | None], None] = _nobody

    def begin(self, work: Coroutine[Any, Any, T]) -> tuple[T] | None:
        """Run to the first wait: the result if there was none, else None. Raises what `work` raises."""
        loop, outer = self._loop, asyncio.current_task(self._loop)
        self._work = work
        if outer is not None:
            _leave(loop, outer)
        _enter(loop, self)  # type: ignore[arg-type]
        try:
            waited = work.send(None)
        except StopIteration as done:
            self._work = None
            return (done.value,)
        except BaseException:
            self._work = None
            raise
        finally:
            _leave(loop, self)  # type: ignore[arg-type]
            if outer is not None:
                _enter(loop, outer)
        self._owned.add(self)
        self._wait_for(waited)
        return None

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def _wake(self, _waited: asyncio.Future[Any] | None = None) -> None:
        """Go on: what was waited for is done (and tells the coroutine itself how it ended)."""
        loop, work = self._loop, self._work
        assert work is not None
        self._waited = None
        _enter(loop, self)  # type: ignore[arg-type]
        try:
            if self._must_cancel:
                self._must_cancel = False
                waited = work.throw(asyncio.CancelledError())
            else:
                waited = work.send(None)
        except StopIteration as done:
            result, error = done.value, None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as raised:  # noqa: BLE001 - handed to whoever began it
            result, error = None, raised
        else:
            self._wait_for(waited)
            return
        finally:
            _leave(loop, self)  # type: ignore[arg-type]
        self._work = None
        self._owned.discard(self)
        self.then(result, error)

    def _wait_for(self, waited: Any) -> None:
        if waited is None:  # asyncio.sleep(0)
            self._loop.call_soon(self._wake)
            return
        waited._asyncio_future_blocking = False
        waited.add_done_callback(self._wake)
        self._waited = waited
        if self._must_cancel and waited.cancel():
            self._must_cancel = False

    # --- as a task ----------------------------------------------------------------------------------------------------

    def cancel(self, msg: Any | None = None) -> bool:
        if self._work is None:
            return False
        self._cancels += 1
        if self._waited is None or not self._waited.cancel(msg):
            self._must_cancel = True
        return True

    def cancelling(self) -> int:
        return self._cancels

    def uncancel(self) -> int:
        self._cancels = max(0, self._cancels - 1)
        return self._cancels

    def done(self) -> bool:
        return self._work is None

    def untouched(self) -> bool:
        """It ended in its first step and nobody cancelled it: another coroutine may have it."""
        return self._work is None and not self._cancels and not self._must_cancel

    def get_name(self) -> str:
        return "strand"


def _nobody(_result: object, _error: BaseException | None) -> None:
    pass
