"""How many calls a FIFO queue takes in a second, on this node: a bucket in memory for each action, and for each group sent to.

AWS: 300 calls of each action (so 3,000 messages in batches of ten). With FifoThroughputLimit=perMessageGroupId that is what each
message group takes, and the queue takes what its region does. A bucket holds what a second gives.
"""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.services.sqs import limits
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import SERVICE

SEND, RECEIVE, DELETE = "send", "receive", "delete"
_Key = tuple[str, str, str | None]


class Quotas:
    """The buckets of one node. One that nobody has used for a second is full, and need not be kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[_Key, tuple[float, int]] = {}  # calls left, as of a time

    def admit(self, queue: Queue, action: str, groups: Iterable[str] = ()) -> None:
        """Count one call to a FIFO queue; a batch is one. Raises RequestThrottled, and then nothing is counted."""
        now_ms = self._clock.now_ms()
        wanted: list[tuple[_Key, int]] = []
        if queue.throughput_limit == "perMessageGroupId":
            rate = limits.FIFO_CALLS_BY_REGION.get(queue.region, limits.FIFO_CALLS_ELSEWHERE)
            wanted.append(((queue.uid, action, None), rate))
            wanted += [((queue.uid, action, group), limits.FIFO_CALLS) for group in set(groups)]
        else:
            wanted.append(((queue.uid, action, None), limits.FIFO_CALLS))
        left = [self._left(key, rate, now_ms) for key, rate in wanted]
        if min(left) < 1:
            raise throttled()
        for (key, _), calls in zip(wanted, left, strict=True):
            self._buckets[key] = (calls - 1, now_ms)
        if len(self._buckets) > limits.FIFO_BUCKETS_MAX:
            self._drop_full(now_ms)

    def _left(self, key: _Key, rate: int, now_ms: int) -> float:
        left, at_ms = self._buckets.get(key, (rate, now_ms))
        return min(rate, left + max(0, now_ms - at_ms) * rate / 1000)

    def _drop_full(self, now_ms: int) -> None:
        self._buckets = {
            key: bucket for key, bucket in self._buckets.items() if now_ms - bucket[1] < limits.FIFO_REFILL_MS
        }


def throttled() -> AwsError:
    """The code is the model's; the wording is what clients of real queues have logged."""
    return SERVICE.error("RequestThrottled", "Request is throttled.")
