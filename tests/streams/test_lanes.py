"""Records on their way into batches: when a batch leaves, what it takes, and what it leaves behind."""

from __future__ import annotations

from fogbank.streams import lanes
from fogbank.streams.api import Policy, Record
from fogbank.streams.lanes import Lane, LaneSet


def record(position: int, size_bytes: int = 100, key: bytes = b"") -> Record:
    return Record(position, str(position), key, 0, b"{}", size_bytes)


def filled(count: int, size_bytes: int = 100) -> Lane:
    lane = Lane()
    for position in range(count):
        lane.add(record(position, size_bytes), 0)
    return lane


def test_a_batch_is_bounded_by_its_bytes() -> None:
    lane = filled(4, lanes.PAYLOAD_BYTES_MAX // 3)
    taken = lane.take(Policy(batch_size=100), 0)
    assert [each.position for each in taken] == [0, 1, 2]
    assert lane.bytes == sum(each.size_bytes for each in lane.records)
    huge = filled(2, lanes.PAYLOAD_BYTES_MAX + 1)
    assert len(huge.take(Policy(batch_size=100), 0)) == 1  # it goes alone, or nothing would


def test_what_a_full_batch_left_behind_waits_while_more_is_gathered() -> None:
    policy, lane = Policy(batch_size=3), filled(4)
    assert lane.is_ready(policy, 0, ending=False, gathers=True)
    lane.take(policy, 0)
    assert not lane.is_ready(policy, 0, ending=False, gathers=True)
    assert lane.due_ms(policy, gathers=True) is None  # and nobody wakes for it meanwhile
    assert lane.is_ready(policy, 0, ending=False, gathers=False)
    assert lane.is_ready(policy, 0, ending=True, gathers=True)
    lane.add(record(4), 0)
    lane.add(record(5), 0)
    assert lane.is_ready(policy, 0, ending=False, gathers=True)  # full again


def test_what_came_by_itself_waits_for_nothing() -> None:
    policy, lane = Policy(batch_size=3), filled(2)
    assert lane.is_ready(policy, 0, ending=False, gathers=True)
    lane.take(policy, 0)
    lane.add(record(2), 0)
    assert lane.is_ready(policy, 0, ending=False, gathers=True)


def test_released_lanes_wait_no_longer() -> None:
    policy, set = Policy(batch_size=3), LaneSet(1)
    set.add([record(n) for n in range(4)], 0)
    set.lanes[0].take(policy, 0)
    assert set.next_due_ms(policy, gathers=True) is None
    set.release()
    assert set.next_due_ms(policy, gathers=True) == 0
