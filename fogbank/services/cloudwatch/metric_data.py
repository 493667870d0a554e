"""GetMetricData: metrics and expressions over them, in pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import METRIC_DATAPOINTS_MAX, METRIC_QUERIES_MAX
from fogbank.model.call import Call
from fogbank.services.cloudwatch import tokens
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.labels import Subject, render
from fogbank.services.cloudwatch.math import MathError, Series, names_in, parse
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.queries import Query, Results, compute
from fogbank.services.cloudwatch.series import valid_period
from fogbank.services.cloudwatch.service import SERVICE, validation_error
from fogbank.services.cloudwatch.state import CloudWatch
from fogbank.services.cloudwatch.statistics import parse_statistic

ID = re.compile(r"[a-z][A-Za-z0-9_]*$")


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
    results = await compute(ctx.state, place_of(ctx), queries, start_time, end_time)
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


def parse_queries(given: list[dict[str, Any]]) -> list[Query]:
    """The queries of a request or alarm. Raises ValidationError with AWS's wording."""
    if len(given) > METRIC_QUERIES_MAX:
        raise validation_error(
            f"The collection MetricDataQueries must not have a size greater than {METRIC_QUERIES_MAX}."
        )
    queries = [_query(one, number) for number, one in enumerate(given, 1)]
    ids = {query.id for query in queries}
    if len(ids) < len(queries):
        raise validation_error("The values for parameter id in MetricDataQueries are not unique.")
    for query in queries:
        unknown = names_in(query.expression) - ids if query.expression is not None else set()
        if unknown:
            raise validation_error(
                f"Error in expression '{query.id}': Undefined variable {sorted(unknown)[0]}"
            )
    if not any(query.returned for query in queries):
        raise validation_error("At least one of the MetricDataQueries must have ReturnData set to true.")
    return queries


def _query(given: dict[str, Any], number: int) -> Query:
    where = f"MetricDataQueries.member.{number}"
    if "AccountId" in given:
        raise NotSupported("cloudwatch metric data queries with AccountId")
    if not ID.match(given["Id"]):
        raise validation_error(
            f"The value {given['Id']} for parameter {where}.Id is not matching the expected pattern "
            "^[a-z][a-zA-Z0-9_]*$."
        )
    expression = given.get("Expression")
    if ("MetricStat" not in given) == (expression is None):
        raise validation_error(
            f"Either {where}.MetricStat or {where}.Expression must be specified, and not both."
        )
    if expression is not None:
        if expression.lstrip().upper().startswith("SELECT "):
            raise NotSupported("cloudwatch Metrics Insights queries")
        try:
            tree = parse(expression)
        except MathError as error:
            raise validation_error(f"Error in expression '{given['Id']}': {error}") from None
        returned = given.get("ReturnData", True)
        return Query(given["Id"], returned, given.get("Label"), given.get("Period"), expression=tree)
    return _metric_query(given, where)


def _metric_query(given: dict[str, Any], where: str) -> Query:
    stat = given["MetricStat"]
    metric = stat["Metric"]
    if "Namespace" not in metric or "MetricName" not in metric:
        missing = "Namespace" if "Namespace" not in metric else "MetricName"
        raise validation_error(f"The parameter {where}.MetricStat.Metric.{missing} is required.")
    if not valid_period(stat["Period"]):
        raise validation_error(
            f"The parameter {where}.MetricStat.Period must be 1, 5, 10, 30 or a multiple of 60."
        )
    if parse_statistic(stat["Stat"]) is None:
        raise validation_error(
            f"The value {stat['Stat']} for parameter {where}.MetricStat.Stat is not supported."
        )
    found = Metric.of(metric["Namespace"], metric["MetricName"], metric.get("Dimensions"))
    return Query(
        given["Id"],
        given.get("ReturnData", True),
        given.get("Label"),
        stat["Period"],
        found,
        stat["Stat"],
        stat.get("Unit"),
    )
