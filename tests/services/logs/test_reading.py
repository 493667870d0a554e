"""Chunks of any shape, read in any window and direction, give the events a plain sort would."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.services.logs.chunks import SPANS_MS, Chunk, Position, pack, split, unpack_events
from fogbank.services.logs.keys import Place
from fogbank.services.logs.reading import GroupSource, StreamSource, Window, read
from tests.support.services import logs_house

times = st.one_of(st.integers(0, 50), st.integers(0, 5000), st.integers(0, 100_000_000))
batches = st.lists(st.tuples(st.sampled_from("ab"), st.lists(times, min_size=1, max_size=8)), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches, times, times, st.booleans(), st.sampled_from(["group", "a"]))
async def test_any_window_reads_as_a_sort_would(
    given_batches: list[tuple[str, list[int]]], one: int, other: int, reverse: bool, of: str
) -> None:
    start_ms, end_ms = sorted((one, other))
    async with logs_house() as house:
        await house.call("logs", "CreateLogGroup", {"logGroupName": "g"})
        for number, (stream, offsets) in enumerate(given_batches):
            lines = [(offset, f"{number}.{at}") for at, offset in enumerate(sorted(offsets))]
            await house.internal("logs", "deliver", streams={("g", stream): lines})
        state, place = house.states["logs"], Place("000000000000", "us-east-1")
        group = (await state.directory.group(place, "g")).record
        stream = await state.directory.stream(place, group.id, "a")

        async def everything(_head: object) -> bool:
            return True

        if of == "group":
            source = GroupSource(house.store, place, group.id, everything)
        else:
            source = StreamSource(house.store, place, group.id, stream.record.id if stream else "none")
        found = [
            event
            async for events in read(source, Window(start_ms, end_ms, None, reverse))
            for event in events
        ]
        expected = [
            (offset, number, at)
            for number, (stream_name, offsets) in enumerate(given_batches)
            for at, offset in enumerate(sorted(offsets))
            if start_ms <= offset < end_ms and of in ("group", stream_name)
        ]
        order = [(event.time_ms, *map(int, event.message.split("."))) for event in found]
        assert order == sorted(expected, reverse=reverse)
        for at in range(0, len(found), 7):  # a page that begins anywhere holds the rest
            window = Window(start_ms, end_ms, found[at].position, reverse)
            rest = [event async for events in read(source, window) for event in events]
            assert rest == found[at + 1 :]


@given(st.integers(0, 2**41), st.integers(0, 2**61), st.integers(0, 65_535))
def test_an_event_id_carries_the_position(time_ms: int, unique: int, offset: int) -> None:
    position = Position(time_ms, unique, offset)
    assert len(position.event_id()) == 56
    assert Position.of_event_id(position.event_id()) == position
    assert position.before() < position < position.behind() or unique == offset == 0


@given(st.lists(st.tuples(times, st.text(min_size=1, max_size=20)), min_size=1, max_size=30))
def test_a_chunk_unpacks_to_what_was_packed(events: list[tuple[int, str]]) -> None:
    events.sort(key=lambda event: event[0])
    chunk = Chunk([time_ms for time_ms, _ in events], [text for _, text in events], 0)
    found = unpack_events(7, pack(chunk, "id", "stream\nname", 5))
    assert [(event.time_ms, event.message) for event in found] == events
    assert chunk.times[-1] - chunk.times[0] < SPANS_MS[chunk.span_class]


def test_splitting_loses_nothing_and_keeps_the_bounds() -> None:
    messages = [f"{number}" * (number % 400 + 1) for number in range(5000)]
    times = list(range(5000))
    chunks = list(split(times, messages, None, sum(map(len, messages)) + 26 * 5000))
    assert [message for chunk in chunks for message in chunk.messages] == messages
    assert all(len(chunk.times) <= 1024 and chunk.stored_bytes <= 256 * 1024 for chunk in chunks)
    assert sum(chunk.stored_bytes for chunk in chunks) == sum(map(len, messages)) + 26 * 5000
