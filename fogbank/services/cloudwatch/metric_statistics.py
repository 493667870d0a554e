"""GetMetricStatistics."""

from __future__ import annotations

from typing import Any

from fogbank.core.limits import METRIC_STATISTICS_DATAPOINTS_MAX
from fogbank.model.call import Call
from fogbank.services.cloudwatch.distribution import Distribution
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.series import Range, read_series, valid_period
from fogbank.services.cloudwatch.service import SERVICE, invalid_combination, invalid_value, missing
from fogbank.services.cloudwatch.state import CloudWatch
from fogbank.services.cloudwatch.statistics import SIMPLE, Statistic, parse_statistic


@SERVICE.operation
async def get_metric_statistics(
    ctx: Call[CloudWatch],
    *,
    namespace: str,
    metric_name: str,
    dimensions: list[dict[str, str]] | None = None,
    start_time: int,
    end_time: int,
    period: int,
    statistics: list[str] | None = None,
    extended_statistics: list[str] | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    extended = _check(start_time, end_time, period, statistics, extended_statistics)
    now_ms = ctx.state.clock.now_ms()
    wanted = Range.of(start_time, end_time, period, now_ms)
    if wanted.periods > METRIC_STATISTICS_DATAPOINTS_MAX:
        raise invalid_combination(
            f"You have requested up to {wanted.periods} datapoints, which exceeds the limit of "
            f"{METRIC_STATISTICS_DATAPOINTS_MAX}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range."
        )
    await ctx.state.journal.flush()
    metric = Metric.of(namespace, metric_name, dimensions)
    found = await read_series(ctx.state.store, place_of(ctx), metric, wanted, now_ms, unit)
    datapoints = [
        _datapoint(start_s, row_unit, samples, statistics or [], extended)
        for row_unit, periods in found.items()
        for start_s, samples in sorted(periods.items())
    ]
    return {"Label": metric_name, "Datapoints": datapoints}


def _check(
    start_ms: int, end_ms: int, period_s: int, statistics: list[str] | None, extended: list[str] | None
) -> dict[str, Statistic]:
    """The extended statistics, parsed; raises what AWS does for parameters that do not go together."""
    if not statistics and not extended:
        raise missing("Must specify either Statistics or ExtendedStatistics")
    if start_ms >= end_ms:
        raise invalid_value("The parameter StartTime must be less than the parameter EndTime.")
    if not valid_period(period_s):
        raise invalid_value("The parameter Period must be 1, 5, 10, 30 or a multiple of 60.")
    parsed: dict[str, Statistic] = {}
    for name in extended or ():
        statistic = parse_statistic(name)
        if statistic is None or name in SIMPLE:
            raise invalid_value(f"The value {name} for parameter ExtendedStatistics.member is invalid.")
        parsed[name] = statistic
    return parsed


def _datapoint(
    start_s: int, unit: str, samples: Distribution, statistics: list[str], extended: dict[str, Statistic]
) -> dict[str, Any]:
    datapoint: dict[str, Any] = {"Timestamp": start_s * 1000, "Unit": unit}
    for name in statistics:
        datapoint[name] = SIMPLE[name](samples)
    values = {name: statistic(samples) for name, statistic in extended.items()}
    told = {name: value for name, value in values.items() if value is not None}
    if told:
        datapoint["ExtendedStatistics"] = told
    return datapoint
