"""Records of one shard on their way into batches: by key into as many lanes as may run at once. Pure."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable

from fogbank.streams.api import Policy, Record

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024 - 64 * 1024  # records of one batch; an invocation takes 6 MiB


class Lane:
    """Records of some keys, in order, and whether a batch of them is under way."""

    __slots__ = ("busy", "bytes", "is_rest", "records", "since_ms")

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self.bytes = 0
        self.since_ms = 0  # when the oldest came
        self.busy = False
        self.is_rest = False  # the oldest was left behind by a batch that was full

    def add(self, record: Record, now_ms: int) -> None:
        if not self.records:
            self.since_ms = now_ms
        self.records.append(record)
        self.bytes += record.size_bytes

    def is_ready(self, policy: Policy, now_ms: int, ending: bool, gathers: bool = False) -> bool:
        """Whether a batch is to leave: it is full, it has waited, or nothing more comes. See `due_ms` for `gathers`."""
        if self.busy or not self.records:
            return False
        if ending or len(self.records) >= policy.batch_size or self.bytes >= PAYLOAD_BYTES_MAX:
            return True
        due_ms = self.due_ms(policy, gathers)
        return due_ms is not None and now_ms >= due_ms

    def due_ms(self, policy: Policy, gathers: bool) -> int | None:
        """When a batch that is not full has waited long enough; None while the shard gathers more for it (`gathers`)."""
        return None if gathers and self.is_rest else self.since_ms + policy.window_ms

    def take(self, policy: Policy, now_ms: int) -> list[Record]:
        """The next batch."""
        batch: list[Record] = []
        size = 0
        while self.records and len(batch) < policy.batch_size:
            record = self.records[0]
            if batch and size + record.size_bytes > PAYLOAD_BYTES_MAX:
                break
            batch.append(self.records.popleft())
            size += record.size_bytes
        self.bytes -= size
        self.since_ms = now_ms
        self.is_rest = bool(self.records)
        return batch


class LaneSet:
    """The lanes of one shard."""

    def __init__(self, count: int) -> None:
        self.lanes = [Lane() for _ in range(count)]

    def add(self, records: Iterable[Record], now_ms: int) -> None:
        lanes = self.lanes
        if len(lanes) == 1:
            for record in records:
                lanes[0].add(record, now_ms)
            return
        for record in records:
            lanes[zlib.crc32(record.key) % len(lanes)].add(record, now_ms)

    @property
    def bytes(self) -> int:
        """Of the records that wait."""
        return sum(lane.bytes for lane in self.lanes)

    @property
    def is_idle(self) -> bool:
        return not any(lane.busy or lane.records for lane in self.lanes)

    def release(self) -> None:
        """What was left behind has waited for more."""
        for lane in self.lanes:
            lane.is_rest = False

    def next_due_ms(self, policy: Policy, gathers: bool) -> int | None:
        """When a batch that is not full has waited long enough."""
        due = [lane.due_ms(policy, gathers) for lane in self.lanes if lane.records and not lane.busy]
        return min([ms for ms in due if ms is not None], default=None)
