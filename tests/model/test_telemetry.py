"""The telemetry batcher: everything arrives once and in order; a flood is bounded and counted."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model import telemetry as module
from fogbank.model.call import Call
from fogbank.model.calls import Calls
from fogbank.model.service import Service
from fogbank.model.telemetry import LogTarget, Point, TelemetryBatcher
from tests.support.house import AllowAll

TARGET = LogTarget("000000000000", "us-east-1", "g", "s")


class Sink:
    """Stands in for the logs and cloudwatch services."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str, int, str]] = []
        self.points: list[tuple[str, Point]] = []
        logs: Service[None] = Service("logs")
        cloudwatch: Service[None] = Service("cloudwatch")

        async def deliver(ctx: Call[None], *, streams: dict[tuple[str, str], list[tuple[int, str]]]) -> None:
            for (group, stream), events in streams.items():
                self.lines += [(ctx.region, group, stream, when, text) for when, text in events]

        logs.internal(deliver)

        async def deliver_points(ctx: Call[None], *, points: list[Point]) -> None:
            self.points += [(ctx.region, point) for point in points]

        cloudwatch.internals["deliver"] = deliver_points
        self.calls = Calls(AllowAll())
        self.calls.mount(logs, None)
        self.calls.mount(cloudwatch, None)

    def batcher(self) -> TelemetryBatcher:
        return TelemetryBatcher(self.calls, VirtualClock(), Ids(1), Lanes())


async def test_lines_arrive_once_and_in_order_in_their_region() -> None:
    sink = Sink()
    batcher = sink.batcher()
    batcher.lines(TARGET, [(1, "a"), (2, "b")])
    batcher.lines(TARGET, [(3, "c")])
    batcher.lines(LogTarget("000000000000", "eu-west-1", "g", "s"), [(4, "d")])
    batcher.points("000000000000", "eu-west-1", [Point("AWS/Lambda", "Errors", (), 1.0, "Count", 5)])
    await batcher.flush()
    await batcher.flush()
    assert [line for line in sink.lines if line[0] == "us-east-1"] == [
        ("us-east-1", "g", "s", 1, "a"), ("us-east-1", "g", "s", 2, "b"), ("us-east-1", "g", "s", 3, "c")
    ]  # fmt: skip
    assert [line[-1] for line in sink.lines if line[0] == "eu-west-1"] == ["d"]
    assert [(region, point.name) for region, point in sink.points] == [("eu-west-1", "Errors")]


async def test_a_flood_is_bounded_counted_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "TELEMETRY_BUFFER_BYTES_MAX", 1000)
    sink = Sink()
    batcher = sink.batcher()
    for number in range(100):
        batcher.lines(TARGET, [(number, "x" * 100)])
    with caplog.at_level(logging.WARNING):
        await batcher.flush()
    assert len(sink.lines) == 6
    assert "dropped 94 log lines" in caplog.text
    batcher.lines(TARGET, [(1, "after")])
    await batcher.flush()
    assert sink.lines[-1][-1] == "after"


async def test_a_failing_delivery_is_logged_and_the_other_arrives(caplog: pytest.LogCaptureFixture) -> None:
    sink = Sink()

    async def fails(ctx: Call[None], **_: Any) -> None:
        raise ValueError("disk on fire")

    sink.calls.services["logs"].service.internals["deliver"] = fails
    batcher = sink.batcher()
    batcher.lines(TARGET, [(1, "a")])
    batcher.points("000000000000", "us-east-1", [Point("n", "m", (), 1.0, "None", 1)])
    await batcher.flush()
    assert "telemetry was not delivered" in caplog.text
    assert len(sink.points) == 1
