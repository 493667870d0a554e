"""The platform's own way in: metric points of functions and other services, and of metric filters."""

from __future__ import annotations

from fogbank.model.call import Call
from fogbank.model.telemetry import Dimensions, Point
from fogbank.services.cloudwatch.distribution import Distribution
from fogbank.services.cloudwatch.journal import Packed
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.metric import metric_text
from fogbank.services.cloudwatch.service import SERVICE
from fogbank.services.cloudwatch.state import CloudWatch


@SERVICE.internal
async def deliver(ctx: Call[CloudWatch], *, points: list[Point]) -> None:
    """Store points at a resolution of a minute; durable when it returns."""
    data = gather(points)
    if data:
        await ctx.state.journal.append(place_of(ctx), data)


def gather(points: list[Point]) -> list[Packed]:
    """Points of one metric, unit and minute together: a burst of invocations costs a few data."""
    found: dict[tuple[str, str, Dimensions, str, int], Distribution] = {}
    for point in points:
        minute_s = point.time_ms // 60_000 * 60
        slot = (point.namespace, point.name, point.dimensions, point.unit, minute_s)
        if (samples := found.get(slot)) is None:
            samples = found[slot] = Distribution()
        samples.add(point.value, point.count)
    return [
        (metric_text(namespace, name, sorted(dimensions)), unit, 60, minute_s, samples.pack())
        for (namespace, name, dimensions, unit, minute_s), samples in found.items()
    ]
