"""What a stream's mapping counts; a queue's is in `test_event_source_mappings.py`."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from fogbank.core.ids import Ids
from fogbank.services.lambda_.event_source_mapping_counts import CountedStream, CountedTarget, EventCounts
from fogbank.services.lambda_.event_source_mapping_records import Kind, Mapping, State
from fogbank.services.lambda_.event_source_mapping_target import OnFailure
from fogbank.services.lambda_.metrics import Metrics
from tests.services.lambda_.fakes import FakeTelemetry
from tests.streams.fakes import Bench, poison

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/s"


async def test_what_a_streams_mapping_counts() -> None:
    async with Bench() as bench:
        telemetry = FakeTelemetry()
        counts = EventCounts(Metrics(telemetry, bench.clock), "000000000000", "us-east-1", "u")
        mapping = Mapping(
            "u", "000000000000", "us-east-1", Kind.DYNAMODB, ARN, "f", State.ENABLED, True, 0, 1
        )
        nobody = cast(Any, None)  # without a destination nobody is called
        gone = OnFailure(mapping, nobody, nobody, bench.clock, Ids(), lambda: None, counts)
        bench.stream.add(1, 2, 3, 4)
        bench.function.answer = poison(2)
        bench.stream = cast(Any, _Closing(bench.stream, counts))
        bench.function = cast(Any, CountedTarget(bench.function, counts))
        bench.discard = gone.discard  # type: ignore[method-assign]
        matches = counts.matching(lambda event: event["value"] != 4)
        await bench.drain(batch_size=1, retries_max=1, matches=matches)
        count = partial(telemetry.sum_of, EventSourceMappingUUID="u")
        assert count("PolledEventCount") == 4
        assert count("FilteredOutEventCount") == 1
        assert count("InvokedEventCount") == 4  # one of them twice
        assert count("FailedInvokeEventCount") == 2
        assert count("DroppedEventCount") == 1
        assert count("OnFailureDestinationDeliveredEventCount") == 0


class _Closing(CountedStream):
    """The bench's stream, counted."""

    def __init__(self, stream: Any, counts: EventCounts) -> None:
        super().__init__(stream, counts)
        self.close = stream.close
