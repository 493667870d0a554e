"""The functions of metric math. Each takes the query's grid and its evaluated arguments."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.math.values import Many, Series, Value

Argument = Value | str

#: Functions that AWS has and fogbank does not have yet.
UNSUPPORTED = frozenset(
    {"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SELECT", "SERVICE_QUOTA"}
)


@dataclass(frozen=True, slots=True)
class Context:
    """The grid of the query: every start of a period in Unix seconds, ascending, and the period."""

    times_s: Sequence[int]
    period_s: int


Function = Callable[[Context, list[Argument]], Value]


def _one(name: str, arguments: list[Argument]) -> Series | Many:
    """The only argument, a time series or an array of them."""
    if len(arguments) != 1 or not isinstance(arguments[0], (Series, Many)):
        raise MathError(f"{name} takes one time series, or an array of them")
    return arguments[0]


def _many(name: str, argument: Argument) -> tuple[Series, ...]:
    match argument:
        case Many(series):
            return series
        case Series():
            return (argument,)
        case _:
            raise MathError(f"{name} takes an array of time series")


def _each(name: str, change: Callable[[Series], Series]) -> Function:
    """A function of a series that takes arrays member by member."""

    def function(_context: Context, arguments: list[Argument]) -> Value:
        match _one(name, arguments):
            case Series() as series:
                return change(series)
            case Many(series):
                return Many(tuple(change(member) for member in series))

    return function


def _pointwise(name: str, change: Callable[[float], float | None]) -> Function:
    return _each(name, lambda series: series.map(change))


def _aggregate(name: str, combine: Callable[[list[float]], float]) -> Function:
    """Over a series: a number. Over an array: a series, time by time."""

    def function(context: Context, arguments: list[Argument]) -> Value:
        numbers = [argument for argument in arguments if isinstance(argument, float)]
        if len(arguments) > 1 and len(numbers) == len(arguments):
            return combine(numbers)
        match _one(name, arguments):
            case Series(points):
                if not points:
                    return Series({}, context.period_s, "", False)
                return combine(list(points.values()))
            case Many(series):
                return _across(series, combine, context)

    return function


def _across(series: tuple[Series, ...], combine: Callable[[list[float]], float], context: Context) -> Series:
    times = sorted({time_s for member in series for time_s in member.points})
    points = {
        time_s: combine([member.points[time_s] for member in series if time_s in member.points])
        for time_s in times
    }
    return Series(points, max((member.period_s for member in series), default=context.period_s), "", False)


def _deviation(values: list[float]) -> float:
    return statistics.pstdev(values)


def _between(name: str, change: Callable[[float, float, int], float]) -> Function:
    """A function of each value and the one before it, with the seconds between."""

    def over(series: Series) -> Series:
        times = list(series.points)
        made = (
            (now_s, change(series.points[now_s], series.points[before_s], now_s - before_s))
            for before_s, now_s in pairwise(times)
        )
        return series.with_points(made)

    return _each(name, over)


def _running_sum(series: Series) -> Series:
    total, points = 0.0, {}
    for time_s, value in series.points.items():
        total += value
        points[time_s] = total
    return series.with_points(points.items())


def _fill(context: Context, arguments: list[Argument]) -> Value:
    if len(arguments) != 2:
        raise MathError("FILL takes a time series and what to fill it with")
    series, filler = arguments
    if isinstance(filler, Series):
        return _each("FILL", lambda one: _fill_with(context, one, filler.points))(context, [series])
    return _each("FILL", lambda one: _fill_one(context, one, filler))(context, [series])


def _fill_with(context: Context, series: Series, other: dict[int, float]) -> Series:
    times = context.times_s
    return series.with_points((time_s, series.points.get(time_s, other.get(time_s))) for time_s in times)


def _fill_one(context: Context, series: Series, filler: Argument) -> Series:
    match filler:
        case float():
            return series.with_points(
                (time_s, series.points.get(time_s, filler)) for time_s in context.times_s
            )
        case "REPEAT":
            points, last = {}, None
            for time_s in context.times_s:
                last = series.points.get(time_s, last)
                points[time_s] = last
            return series.with_points(points.items())
        case "LINEAR":
            return series.with_points(_linear(context, series))
        case _:
            raise MathError("FILL fills with a number, REPEAT or LINEAR")


def _linear(context: Context, series: Series) -> list[tuple[int, float | None]]:
    known = list(series.points)
    filled: list[tuple[int, float | None]] = []
    at = 0
    for time_s in context.times_s:
        while at < len(known) and known[at] < time_s:
            at += 1
        if time_s in series.points or not 0 < at < len(known):
            filled.append((time_s, series.points.get(time_s)))
            continue
        left, right = known[at - 1], known[at]
        share = (time_s - left) / (right - left)
        filled.append((time_s, series.points[left] + share * (series.points[right] - series.points[left])))
    return filled


def _if(context: Context, arguments: list[Argument]) -> Value:
    if not 2 <= len(arguments) <= 3:
        raise MathError("IF takes a condition, a value, and a value for the other case")
    condition, then = arguments[0], arguments[1]
    otherwise = arguments[2] if len(arguments) == 3 else None
    if isinstance(condition, float):
        chosen = then if condition else otherwise
        if chosen is None or isinstance(chosen, str):
            raise MathError("IF without a value for the other case needs a time series as its condition")
        return chosen
    if not isinstance(condition, Series):
        raise MathError("IF takes a time series or a number as its condition")
    times = condition.points
    points = {time_s: _at(then if condition.points[time_s] else otherwise, time_s) for time_s in times}
    return Series({}, condition.period_s, condition.label, False).with_points(points.items())


def _at(value: Argument | None, time_s: int) -> float | None:
    match value:
        case None:
            return None
        case float():
            return value
        case Series(points):
            return points.get(time_s)
        case _:
            raise MathError("IF takes time series and numbers")


def _period(_context: Context, arguments: list[Argument]) -> Value:
    series = _one("PERIOD", arguments)
    if not isinstance(series, Series):
        raise MathError("PERIOD takes one time series")
    return float(series.period_s)


def _time_series(context: Context, arguments: list[Argument]) -> Value:
    if len(arguments) != 1 or not isinstance(arguments[0], float):
        raise MathError("TIME_SERIES takes one number")
    return Series(dict.fromkeys(context.times_s, arguments[0]), context.period_s, "", False)


def _end(at: int) -> Function:
    """FIRST and LAST: one member of an array."""

    def function(context: Context, arguments: list[Argument]) -> Value:
        if len(arguments) != 1:
            raise MathError("FIRST and LAST take one array of time series")
        members = _many("FIRST", arguments[0])
        return members[at] if members else Series({}, context.period_s, "", False)

    return function


def _slice(_context: Context, arguments: list[Argument]) -> Value:
    numbers = [argument for argument in arguments[1:] if isinstance(argument, float)]
    if len(numbers) != len(arguments) - 1 or not 1 <= len(numbers) <= 2:
        raise MathError("SLICE takes an array, where to begin and where to end")
    members = _many("SLICE", arguments[0])
    end = int(numbers[1]) if len(numbers) == 2 else len(members)
    return Many(members[int(numbers[0]) : end])


_SORT_KEYS: dict[str, Callable[[list[float]], float]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
    "STDDEV": _deviation,
}


def _sort(_context: Context, arguments: list[Argument]) -> Value:
    match arguments:
        case [series, str(key), str(order), *rest] if key in _SORT_KEYS and order in ("ASC", "DESC"):
            members = [member for member in _many("SORT", series) if member.points]
            combine = _SORT_KEYS[key]
            members.sort(key=lambda member: combine(list(member.points.values())), reverse=order == "DESC")
            match rest:
                case []:
                    return Many(tuple(members))
                case [float(count)]:
                    return Many(tuple(members[: int(count)]))
    raise MathError("SORT takes an array, AVG, MIN, MAX, SUM or STDDEV, ASC or DESC, and how many to keep")


def _remove_empty(_context: Context, arguments: list[Argument]) -> Value:
    return Many(tuple(member for member in _many("REMOVE_EMPTY", arguments[0]) if member.points))


def _metric_count(_context: Context, arguments: list[Argument]) -> Value:
    return float(len(_many("METRIC_COUNT", arguments[0])))


def _calendar(name: str, part: Callable[[datetime], float]) -> Function:
    def over(series: Series) -> Series:
        return series.with_points(
            (time_s, part(datetime.fromtimestamp(time_s, UTC))) for time_s in series.points
        )

    return _each(name, over)


def _logarithm(base: float) -> Callable[[float], float | None]:
    return lambda value: math.log(value, base) if value > 0 else None


def _log10(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


FUNCTIONS: dict[str, Function] = {
    "ABS": _pointwise("ABS", abs),
    "AVG": _aggregate("AVG", statistics.fmean),
    "CEIL": _pointwise("CEIL", lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _aggregate("DATAPOINT_COUNT", lambda values: float(len(values))),
    "DATE": _calendar("DATE", lambda moment: float(moment.day)),
    "DAY": _calendar("DAY", lambda moment: float(moment.isoweekday())),
    "DIFF": _between("DIFF", lambda now, before, _seconds: now - before),
    "DIFF_TIME": _between("DIFF_TIME", lambda _now, _before, seconds: float(seconds)),
    "EPOCH": _calendar("EPOCH", lambda moment: moment.timestamp()),
    "FILL": _fill,
    "FIRST": _end(0),
    "FLOOR": _pointwise("FLOOR", lambda value: float(math.floor(value))),
    "HOUR": _calendar("HOUR", lambda moment: float(moment.hour)),
    "IF": _if,
    "LAST": _end(-1),
    "LOG": _pointwise("LOG", _logarithm(math.e)),
    "LOG10": _pointwise("LOG10", _log10),
    "MAX": _aggregate("MAX", max),
    "METRIC_COUNT": _metric_count,
    "MIN": _aggregate("MIN", min),
    "MINUTE": _calendar("MINUTE", lambda moment: float(moment.minute)),
    "MONTH": _calendar("MONTH", lambda moment: float(moment.month)),
    "PERIOD": _period,
    "RATE": _between("RATE", lambda now, before, seconds: (now - before) / seconds),
    "REMOVE_EMPTY": _remove_empty,
    "RUNNING_SUM": _each("RUNNING_SUM", _running_sum),
    "SLICE": _slice,
    "SORT": _sort,
    "STDDEV": _aggregate("STDDEV", _deviation),
    "SUM": _aggregate("SUM", math.fsum),
    "TIME_SERIES": _time_series,
    "YEAR": _calendar("YEAR", lambda moment: float(moment.year)),
}
