"""PutMetricData: what clients write."""

from __future__ import annotations

import math
from typing import Any

from fogbank.core.limits import (
    METRIC_AGE_MS_MAX,
    METRIC_DATA_IN_A_CALL_MAX,
    METRIC_FUTURE_MS_MAX,
    METRIC_VALUE_MAX,
    METRIC_VALUES_IN_A_DATUM_MAX,
)
from fogbank.model.call import Call
from fogbank.services.cloudwatch.distribution import Distribution
from fogbank.services.cloudwatch.journal import Packed
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.metric import metric_text
from fogbank.services.cloudwatch.service import SERVICE, invalid_combination, invalid_value, missing
from fogbank.services.cloudwatch.state import CloudWatch

_OTHER_FORMS = frozenset({"Values", "Counts", "StatisticValues"})


@SERVICE.operation(refuses={"EntityMetricData", "StrictEntityValidation"})
async def put_metric_data(
    ctx: Call[CloudWatch], *, namespace: str, metric_data: list[dict[str, Any]] | None = None
) -> None:
    if namespace.startswith("AWS/"):
        raise invalid_value("The value AWS/ for parameter Namespace is invalid.")
    if not metric_data:
        raise missing("The parameter MetricData is required.")
    if len(metric_data) > METRIC_DATA_IN_A_CALL_MAX:
        raise invalid_value(
            f"The collection MetricData must not have a size greater than {METRIC_DATA_IN_A_CALL_MAX}."
        )
    now_ms = ctx.state.clock.now_ms()
    data = [_datum(namespace, given, number, now_ms) for number, given in enumerate(metric_data, 1)]
    await ctx.state.journal.append(place_of(ctx), data)


def _datum(namespace: str, given: dict[str, Any], number: int, now_ms: int) -> Packed:
    time_ms = given.get("Timestamp", now_ms)
    if not now_ms - METRIC_AGE_MS_MAX <= time_ms <= now_ms + METRIC_FUTURE_MS_MAX:
        raise invalid_value(
            f"The parameter MetricData.member.{number}.Timestamp must specify a time no earlier than two weeks ago and "
            "no later than two hours in the future."
        )
    resolution_s = given.get("StorageResolution", 60)
    if resolution_s not in (1, 60):
        raise invalid_value(f"The parameter MetricData.member.{number}.StorageResolution must be 1 or 60.")
    dimensions = sorted([(one["Name"], one["Value"]) for one in given.get("Dimensions", ())])
    if len(dimensions) > 1 and len(dict(dimensions)) < len(dimensions):
        raise invalid_value(
            f"The parameter MetricData.member.{number}.Dimensions must not name a dimension twice."
        )
    start_s = time_ms // 1000
    start_s -= start_s % resolution_s
    text = metric_text(namespace, given["MetricName"], dimensions)
    return text, given.get("Unit", "None"), resolution_s, start_s, _values(given, number)


def _values(given: dict[str, Any], number: int) -> list[Any]:
    """The samples, packed. A single value is what nearly all data are."""
    value = given.get("Value")
    if (
        value is not None
        and given.keys().isdisjoint(_OTHER_FORMS)
        and -METRIC_VALUE_MAX <= value <= METRIC_VALUE_MAX
    ):
        return [value, 1.0]
    return _samples(given, f"MetricData.member.{number}").pack()


def _samples(given: dict[str, Any], where: str) -> Distribution:
    value, values, sets = given.get("Value"), given.get("Values"), given.get("StatisticValues")
    _check_combination(given, where)
    samples = Distribution()
    if sets is not None:
        numbers = [sets[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
        for name, number in zip(("SampleCount", "Sum", "Minimum", "Maximum"), numbers, strict=True):
            _check_number(number, f"{where}.StatisticValues.{name}")
        count, total, low, high = numbers
        if low > high:
            raise invalid_value(
                f"The parameter {where}.StatisticValues.Maximum must be greater than {where}.StatisticValues.Minimum."
            )
        if count <= 0:
            raise invalid_value(f"The parameter {where}.StatisticValues.SampleCount must be greater than 0.")
        samples.add_set(count, total, low, high)
    elif values is not None:
        counts = given.get("Counts") or [1.0] * len(values)
        for one, count in zip(values, counts, strict=True):
            _check_number(one, f"{where}.Values")
            _check_number(count, f"{where}.Counts")
            if count < 0:
                raise invalid_value(f"The parameter {where}.Counts must not be negative.")
            samples.add(one, count)
    elif value is not None:
        _check_number(value, f"{where}.Value")
        samples.add(value)
    return samples


def _check_combination(given: dict[str, Any], where: str) -> None:
    value, values, counts = given.get("Value"), given.get("Values"), given.get("Counts")
    sets = given.get("StatisticValues")
    if values is not None and value is not None:
        raise invalid_combination(
            f"The parameters {where}.Value and {where}.Values are mutually exclusive and you have specified both."
        )
    if sets is not None and value is not None:
        raise invalid_combination(
            f"The parameters {where}.Value and {where}.StatisticValues are mutually exclusive and you have "
            "specified both."
        )
    if sets is not None and values is not None:
        raise invalid_combination(
            f"The parameters {where}.Values and {where}.StatisticValues are mutually exclusive and you have "
            "specified both."
        )
    if value is None and not values and sets is None:
        raise missing(
            f"At least one of the parameters must be specified: {where}.Value, {where}.Values, or {where}.StatisticValues"
        )
    if counts is not None and len(counts) != len(values or ()):
        raise invalid_value(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    if values is not None and len(values) > METRIC_VALUES_IN_A_DATUM_MAX:
        raise invalid_value(
            f"The collection {where}.Values must not have a size greater than {METRIC_VALUES_IN_A_DATUM_MAX}."
        )


def _check_number(value: float, where: str) -> None:
    if math.isnan(value):
        raise invalid_value(f"The value NaN for parameter {where} is invalid.")
    if math.isinf(value):
        raise invalid_value(f"The value {'' if value > 0 else '-'}Infinity for parameter {where} is invalid.")
    if abs(value) > METRIC_VALUE_MAX:
        raise invalid_value(f"The value {value} for parameter {where} is outside of the supported range.")
