"""The rates of API destinations on this node: who comes too early is told when its turn is, each one later than the other, so
that a backlog is looked at once for each event and not again and again."""

from __future__ import annotations

from collections import OrderedDict

from fogbank.gateway.buckets import Buckets

_TURNS_MAX = 10_000  # destinations whose next turn is remembered; ours


class Pacing:
    """A bucket of one second's rate for each destination, and the turns that were given out."""

    def __init__(self) -> None:
        self._buckets: Buckets[str] = Buckets()
        self._turns_s: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, key: str, rate: int, now_s: float) -> float:
        """0.0: go on now. Else how long to wait before asking again."""
        bucket = self._buckets.get(key, rate, rate, now_s)
        if bucket.rate != rate:
            bucket.limit(rate, rate)
        if bucket.take(now_s):
            return 0.0
        turn_s = max(now_s, self._turns_s.pop(key, now_s)) + 1 / rate
        self._turns_s[key] = turn_s
        if len(self._turns_s) > _TURNS_MAX:
            self._turns_s.popitem(last=False)
        return turn_s - now_s
