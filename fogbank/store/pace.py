"""Whether a commit is flushed on the event loop or on the writer's thread.

A flush that takes a fraction of a millisecond is over sooner than a thread is woken and wakes the loop again, so a quick disk is
waited for in place; measured, that gave a third more commits at ten callers and halved the time of a lone one. A slow disk is
waited for on the thread, while the loop goes on; now and then one commit in place tells whether it has become quick.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter  # of the machine, not of fogbank's clock: it is the disk that is timed

from fogbank.core.limits import STORE_FLUSH_PROBE_EVERY, STORE_FLUSH_QUICK_S

_WEIGHT = 0.1  # of the newest flush in the mean
# A checkpoint takes ten times as long, and says nothing of the next flush.
_COUNTED_S_MAX = 4 * STORE_FLUSH_QUICK_S


class Pace:
    """Follows how long flushes take."""

    def __init__(self) -> None:
        self._mean_s = 0.0
        self._on_thread = 0  # so many commits more

    def in_place(self) -> bool:
        """Whether the next commit is to be flushed on the loop; asked once for each."""
        if self._on_thread:
            self._on_thread -= 1
            return False
        return True

    def watch(self, flush: Callable[[], None]) -> None:
        """Flush in place, and note how long it takes. A single slow one (a checkpoint) changes nothing."""
        began_s = perf_counter()
        flush()
        flush_s = min(perf_counter() - began_s, _COUNTED_S_MAX)
        probing = self._mean_s > STORE_FLUSH_QUICK_S
        self._mean_s = flush_s if probing else self._mean_s + _WEIGHT * (flush_s - self._mean_s)
        if self._mean_s > STORE_FLUSH_QUICK_S:
            self._on_thread = STORE_FLUSH_PROBE_EVERY
