"""The functions of metric math. Each takes the query's grid and its evaluated arguments."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

from fogbank.services.cloudwatch.math.context import Argument, Context, Function, each, many, one
from fogbank.services.cloudwatch.math.filling import fill
from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.math.values import Many, Series, Value

#: Functions that AWS has and fogbank does not have yet.
UNSUPPORTED = frozenset(
    {"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SELECT", "SERVICE_QUOTA"}
)


def _pointwise(name: str, change: Callable[[float], float | None]) -> Function:
    return each(name, lambda series: series.map(change))


def _aggregate(name: str, combine: Callable[[list[float]], float]) -> Function:
    """Over a series: a number. Over an array: a series, time by time."""

    def function(context: Context, arguments: list[Argument]) -> Value:
        numbers = [argument for argument in arguments if isinstance(argument, float)]
        if len(arguments) > 1 and len(numbers) == len(arguments):
            return combine(numbers)
        match one(name, arguments):
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

    return each(name, over)


def _running_sum(series: Series) -> Series:
    total, points = 0.0, {}
    for time_s, value in series.points.items():
        total += value
        points[time_s] = total
    return series.with_points(points.items())


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
    series = one("PERIOD", arguments)
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
        members = many("FIRST", arguments[0])
        return members[at] if members else Series({}, context.period_s, "", False)

    return function


def _slice(_context: Context, arguments: list[Argument]) -> Value:
    numbers = [argument for argument in arguments[1:] if isinstance(argument, float)]
    if len(numbers) != len(arguments) - 1 or not 1 <= len(numbers) <= 2:
        raise MathError("SLICE takes an array, where to begin and where to end")
    members = many("SLICE", arguments[0])
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
            members = [member for member in many("SORT", series) if member.points]
            combine = _SORT_KEYS[key]
            members.sort(key=lambda member: combine(list(member.points.values())), reverse=order == "DESC")
            match rest:
                case []:
                    return Many(tuple(members))
                case [float(count)]:
                    return Many(tuple(members[: int(count)]))
    raise MathError("SORT takes an array, AVG, MIN, MAX, SUM or STDDEV, ASC or DESC, and how many to keep")


def _remove_empty(_context: Context, arguments: list[Argument]) -> Value:
    return Many(tuple(member for member in many("REMOVE_EMPTY", arguments[0]) if member.points))


def _metric_count(_context: Context, arguments: list[Argument]) -> Value:
    return float(len(many("METRIC_COUNT", arguments[0])))


def _calendar(name: str, part: Callable[[datetime], float]) -> Function:
    def over(series: Series) -> Series:
        return series.with_points(
            (time_s, part(datetime.fromtimestamp(time_s, UTC))) for time_s in series.points
        )

    return each(name, over)


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
    "FILL": fill,
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
    "RUNNING_SUM": each("RUNNING_SUM", _running_sum),
    "SLICE": _slice,
    "SORT": _sort,
    "STDDEV": _aggregate("STDDEV", _deviation),
    "SUM": _aggregate("SUM", math.fsum),
    "TIME_SERIES": _time_series,
    "YEAR": _calendar("YEAR", lambda moment: float(moment.year)),
}
