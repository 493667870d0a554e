"""Token buckets: `rate` requests a second, up to `burst` at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

BUCKETS_MAX = 100_000  # ours: buckets remembered on one node; the one longest unused goes first


class Bucket:
    """One bucket; full when it is made."""

    __slots__ = ("_at_s", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one token; False when there is none."""
        tokens = self._tokens + (now_s - self._at_s) * self.rate
        self._at_s = now_s
        if tokens > self.burst:
            tokens = self.burst
        if tokens < 1:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1
        return True

    def give_back(self) -> None:
        """The request did not count after all: another limit refused it."""
        self._tokens += 1

    def limit(self, rate: float, burst: float) -> None:
        """New limits; what was taken stays taken."""
        self._tokens = max(0.0, self._tokens + burst - self.burst)
        self.rate, self.burst = rate, burst


class AccountThrottles:
    """The one bucket of all APIs of an account in a region, whichever their kind."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._buckets: Buckets[tuple[str, str]] = Buckets()

    def of(self, account: str, region: str, now_s: float) -> Bucket:
        return self._buckets.get((account, region), self.rate, self.burst, now_s)


class Buckets(Generic[K]):
    """Buckets by key: they outlive redeployments."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[K, Bucket] = OrderedDict()

    def get(self, key: K, rate: float, burst: float, now_s: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(rate, burst, now_s)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(key)
        if bucket.rate != rate or bucket.burst != burst:
            bucket.limit(rate, burst)
        return bucket
