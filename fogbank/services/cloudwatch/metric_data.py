"""GetMetricData: metrics and expressions over them, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.core.limits import METRIC_DATAPOINTS_MAX
from fogbank.model.call import Call
from fogbank.services.cloudwatch import tokens
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.labels import Subject, render
from fogbank.services.cloudwatch.math import Series
from fogbank.services.cloudwatch.queries import Query, Results, Source, compute
from fogbank.services.cloudwatch.query_forms import parse_queries
from fogbank.services.cloudwatch.service import SERVICE, validation_error
from fogbank.services.cloudwatch.state import CloudWatch


@SERVICE.operation(refuses={"LabelOptions"})
async def get_metric_data(
    ctx: Call[CloudWatch],
    *,
    metric_data_queries: list[dict[str, Any]],
    start_time: int,
    end_time: int,
    next_token: str | None = None,
    scan_by: str = "TimestampDescending",
    max_datapoints: int = METRIC_DATAPOINTS_MAX,
) -> dict[str, Any]:
    if start_time >= end_time:
        raise validation_error("The parameter StartTime must be less than the parameter EndTime.")
    queries = parse_queries(metric_data_queries)
    offset = int(tokens.unseal("GetMetricData", next_token)[0]) if next_token is not None else 0
    await ctx.state.journal.flush()
    results = await compute(_source(ctx), queries, start_time, end_time)
    shown = [
        _Shown(query.id, _label(ctx, query, series, results), _points(series, scan_by))
        for query in queries
        if query.returned
        for series in results.series_of(query)
    ]
    limit = min(max_datapoints, METRIC_DATAPOINTS_MAX)
    output, next_offset = _page(shown, offset, limit)
    answer: dict[str, Any] = {"MetricDataResults": output, "Messages": []}
    if next_offset is not None:
        answer["NextToken"] = tokens.seal("GetMetricData", next_offset)
    return answer


def _source(ctx: Call[CloudWatch]) -> Source:
    return Source(ctx.state.store, place_of(ctx), ctx.state.clock.now_ms())


@dataclass(frozen=True, slots=True)
class _Shown:
    id: str
    label: str
    points: list[tuple[int, float]]


def _points(series: Series, scan_by: str) -> list[tuple[int, float]]:
    return sorted(series.points.items(), reverse=scan_by == "TimestampDescending")


def _page(shown: list[_Shown], offset: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The results that lie within [offset, offset + limit) of all datapoints, one result after the other."""
    page: list[dict[str, Any]] = []
    first, at = offset, 0
    for result in shown:
        size = len(result.points)
        begin, end = max(first - at, 0), min(size, first + limit - at)
        if (begin < end) or (size == 0 and offset == 0):
            part = result.points[begin:end]
            page.append(
                {
                    "Id": result.id,
                    "Label": result.label,
                    "Timestamps": [time_s * 1000 for time_s, _ in part],
                    "Values": [value for _, value in part],
                    "StatusCode": "Complete" if end >= size else "PartialData",
                }
            )
        at += size
    return page, first + limit if at > first + limit else None


def _label(ctx: Call[CloudWatch], query: Query, series: Series, results: Results) -> str:
    period_s = series.period_s
    subject = Subject(place_of(ctx), series.points, query.metric, query.stat, period_s)
    if query.label is not None:
        return render(query.label, subject)
    if query.metric is not None:
        return query.metric.name
    return series.label if results.is_array(query) and series.label else query.id
