"""FILL: values for the periods that have none."""

from __future__ import annotations

from fogbank.services.cloudwatch.math.context import Argument, Context, each
from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.math.values import Series, Value


def fill(context: Context, arguments: list[Argument]) -> Value:
    if len(arguments) != 2:
        raise MathError("FILL takes a time series and what to fill it with")
    series, filler = arguments
    if isinstance(filler, Series):
        return each("FILL", lambda one: _fill_with(context, one, filler.points))(context, [series])
    return each("FILL", lambda one: _fill_one(context, one, filler))(context, [series])


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
