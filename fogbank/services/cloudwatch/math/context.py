"""What the functions of metric math are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.math.values import Many, Series, Value

Argument = Value | str


@dataclass(frozen=True, slots=True)
class Context:
    """The grid of the query: every start of a period in Unix seconds, ascending, and the period."""

    times_s: Sequence[int]
    period_s: int


Function = Callable[[Context, list[Argument]], Value]


def one(name: str, arguments: list[Argument]) -> Series | Many:
    """The only argument, a time series or an array of them."""
    if len(arguments) != 1 or not isinstance(arguments[0], (Series, Many)):
        raise MathError(f"{name} takes one time series, or an array of them")
    return arguments[0]


def many(name: str, argument: Argument) -> tuple[Series, ...]:
    match argument:
        case Many(series):
            return series
        case Series():
            return (argument,)
        case _:
            raise MathError(f"{name} takes an array of time series")


def each(name: str, change: Callable[[Series], Series]) -> Function:
    """A function of a series that takes arrays member by member."""

    def function(_context: Context, arguments: list[Argument]) -> Value:
        match one(name, arguments):
            case Series() as series:
                return change(series)
            case Many(series):
                return Many(tuple(change(member) for member in series))

    return function
