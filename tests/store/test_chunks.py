"""Packed log entries come back as they were, within their bounds; so does news for other nodes."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.limits import STORE_CHUNK_BYTES_MAX, STORE_CHUNK_ENTRIES_MAX
from fogbank.store import chunks, news
from fogbank.store.watches import Touched
from tests.store.test_keys import KEYS

TIMES = st.integers(min_value=-(1 << 60), max_value=1 << 60)
ENTRIES = st.lists(st.tuples(TIMES, st.binary(max_size=20)), max_size=300)
SIZES = st.lists(
    st.sampled_from([0, 1, 30_000, STORE_CHUNK_BYTES_MAX, STORE_CHUNK_BYTES_MAX + 1]), max_size=12
)


@given(ENTRIES)
def test_entries_come_back_in_order(entries: list[tuple[int, bytes]]) -> None:
    packed = list(chunks.pack(entries))
    unpacked = []
    for chunk in packed:
        assert 0 < chunk.count <= STORE_CHUNK_ENTRIES_MAX
        unpacked += list(chunks.unpack(len(unpacked) + 1, chunk.packed))
    assert [entry.seq for entry in unpacked] == list(range(1, len(entries) + 1))
    assert [(entry.time_ms, entry.body) for entry in unpacked] == entries


@given(SIZES)
def test_a_chunk_exceeds_its_bytes_only_with_a_single_entry(sizes: list[int]) -> None:
    entries = [(at, b"x" * size) for at, size in enumerate(sizes)]
    packed = list(chunks.pack(entries))
    assert sum(chunk.count for chunk in packed) == len(entries)
    start = 0
    for chunk in packed:
        held = sizes[start : start + chunk.count]
        assert chunk.count == 1 or sum(held) <= STORE_CHUNK_BYTES_MAX
        start += chunk.count


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_a_chunk_knows_its_times(times: list[int]) -> None:
    (chunk,) = chunks.pack([(time_ms, b"") for time_ms in times])
    assert (chunk.min_ms, chunk.max_ms) == (min(times), max(times))
    behind = [high - time_ms for high, time_ms in zip(accumulate(times, max), times, strict=True)]
    assert chunk.disorder_ms == max(behind)


@given(
    st.sets(KEYS, max_size=4),
    st.sets(KEYS, max_size=4),
    st.sets(KEYS, max_size=4),
    st.sets(st.text(), max_size=4),
)
def test_news_comes_back(records: set, deleted: set, logs: set, queues: set) -> None:  # type: ignore[type-arg]
    touched = Touched(records, deleted, logs, queues)
    assert news.unpack(news.pack(touched, 1 << 20)) == touched


def test_news_that_is_too_much_or_unreadable_means_everything() -> None:
    touched = Touched(records={("k", number) for number in range(100)})
    assert news.pack(touched, 64) == news.EVERYTHING
    for unreadable in (news.EVERYTHING, b"x" + b"YQ==", b"r!!!", b"rmQ=="):
        assert news.unpack(unreadable) is None
