"""Computes the queries of GetMetricData and of alarms: reads metrics, then evaluates expressions in the order they need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fogbank.core.limits import METRIC_SEARCH_MAX
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.known_metrics import LISTED_MS, walk
from fogbank.services.cloudwatch.math import (
    Environment,
    Many,
    MathError,
    Node,
    Series,
    Value,
    evaluate,
    names_in,
    searches_in,
)
from fogbank.services.cloudwatch.math.context import Context
from fogbank.services.cloudwatch.math.search import parse_search
from fogbank.services.cloudwatch.math.syntax import Call as MathCall
from fogbank.services.cloudwatch.math.syntax import Number, Text
from fogbank.services.cloudwatch.metric import Known, Metric
from fogbank.services.cloudwatch.series import Range, merge_units, read_series
from fogbank.services.cloudwatch.service import validation_error
from fogbank.services.cloudwatch.statistics import parse_statistic
from fogbank.store.api import Store

PERIOD_S = 300  # of an expression in which nothing else sets one


@dataclass(frozen=True, slots=True)
class Query:
    """One query: a metric with its statistic, or an expression."""

    id: str
    returned: bool
    label: str | None = None
    period_s: int | None = None
    metric: Metric | None = None
    stat: str = ""
    unit: str | None = None
    expression: Node | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where metrics are read, and when."""

    store: Store
    place: Place
    now_ms: int


@dataclass(slots=True)
class Results:
    """The values of all queries by id."""

    values: dict[str, Value] = field(default_factory=dict)

    def is_array(self, query: Query) -> bool:
        return isinstance(self.values[query.id], Many)

    def series_of(self, query: Query) -> tuple[Series, ...]:
        """What a query gives out. ValidationError for an expression that ends in a number."""
        match self.values[query.id]:
            case Series() as series:
                return (series,)
            case Many(series):
                return series
            case _:
                raise validation_error(
                    f"Error in expression '{query.id}': The expression must return a time series or an array of them."
                )


async def compute(source: Source, queries: list[Query], start_ms: int, end_ms: int) -> Results:
    """Every query's value. The journal must have been flushed. Raises ValidationError."""
    results = Results()
    metrics: dict[str, Series] = {}
    for query in queries:
        if query.metric is not None:
            metrics[query.id] = await _metric(
                source, query.metric, query.stat, query.period_s or 60, query.unit, start_ms, end_ms
            )
    results.values.update(metrics)
    grid = _grid(source, queries, start_ms, end_ms)
    for query in _ordered(queries):
        tree = query.expression
        if tree is None:
            continue
        times = grid if query.period_s is None else _times(source, query.period_s, start_ms, end_ms)
        environment = Environment(times, results.values, metrics)
        try:
            for search in searches_in(tree):
                environment.searches[search] = await _search(source, search, query, start_ms, end_ms)
            results.values[query.id] = evaluate(tree, environment)
        except MathError as error:
            raise validation_error(f"Error in expression '{query.id}': {error}") from None
    return results


async def _metric(
    source: Source,
    metric: Metric,
    stat: str,
    period_s: int,
    unit: str | None,
    start_ms: int,
    end_ms: int,
) -> Series:
    now_ms = source.now_ms
    wanted = Range.of(start_ms, end_ms, period_s, now_ms)
    found = await read_series(source.store, source.place, metric, wanted, now_ms, unit)
    statistic = parse_statistic(stat)
    if statistic is None:
        raise validation_error(f"The value {stat} for parameter Stat is not supported.")
    points = {start_s: statistic(samples) for start_s, samples in sorted(merge_units(found).items())}
    return Series({}, period_s, metric.name).with_points(points.items())


def _times(source: Source, period_s: int, start_ms: int, end_ms: int) -> Context:
    wanted = Range.of(start_ms, end_ms, period_s, source.now_ms)
    return Context(range(wanted.start_s, wanted.end_s, period_s), period_s)


def _grid(source: Source, queries: list[Query], start_ms: int, end_ms: int) -> Context:
    """The periods of expressions that set none: the coarsest of the metrics."""
    periods = [query.period_s for query in queries if query.metric is not None and query.period_s]
    return _times(source, max(periods, default=PERIOD_S), start_ms, end_ms)


def _ordered(queries: list[Query]) -> list[Query]:
    """Expressions behind what they refer to. ValidationError when they refer to each other in a circle."""
    waiting = {query.id: query for query in queries}
    done: set[str] = set()
    ordered: list[Query] = []
    while waiting:
        ready = [
            query
            for query in waiting.values()
            if query.expression is None or names_in(query.expression) <= done
        ]
        if not ready:
            raise validation_error(
                f"Error in expression '{next(iter(waiting))}': The expressions refer to each other."
            )
        for query in ready:
            del waiting[query.id]
            done.add(query.id)
        ordered += ready
    return ordered


async def _search(source: Source, search: MathCall, query: Query, start_ms: int, end_ms: int) -> Many:
    match search.arguments:
        case (Text(text), Text(stat)):
            period_s = query.period_s or PERIOD_S
        case (Text(text), Text(stat), Number(period)):
            period_s = int(period)
        case _:
            raise MathError("SEARCH takes a search, a statistic and a period")
    if parse_statistic(stat) is None:
        raise MathError(f"SEARCH does not know the statistic '{stat}'")
    parsed = parse_search(text)
    since_ms = source.now_ms - LISTED_MS

    def matches(known: Known) -> bool:
        return known.seen_ms >= since_ms and parsed.matches(known.metric)

    metrics, _ = await walk(source.store, source.place, parsed.namespace, None, matches, METRIC_SEARCH_MAX)
    found = [await _metric(source, metric, stat, period_s, None, start_ms, end_ms) for metric in metrics]
    labelled = [
        replace(series, label=_search_label(metric, metrics))
        for series, metric in zip(found, metrics, strict=True)
    ]
    return Many(tuple(labelled))


def _search_label(metric: Metric, all_found: list[Metric]) -> str:
    """What tells a metric from the others that were found."""
    values = " ".join(value for _, value in metric.dimensions)
    if len({one.name for one in all_found}) > 1 or not values:
        return f"{values} {metric.name}".strip()
    return values
