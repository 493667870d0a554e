"""Which settings of an alarm go together. Pure."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.services.cloudwatch.evaluation import COMPARISONS
from fogbank.services.cloudwatch.query_forms import parse_queries
from fogbank.services.cloudwatch.series import valid_period
from fogbank.services.cloudwatch.service import invalid_combination, invalid_value, missing, validation_error
from fogbank.services.cloudwatch.statistics import SIMPLE, parse_statistic

TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
RANGE_S_MAX = 86_400  # evaluation periods times period: a day
LONG_RANGE_S_MAX = 604_800  # a week, for periods of an hour and more
_OF_A_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")


def check_settings(settings: dict[str, Any]) -> None:
    """Raises what AWS answers to settings that make no alarm, and NotSupported for kinds that fogbank lacks."""
    for name in ("EvaluationPeriods", "ComparisonOperator"):
        if name not in settings:
            raise missing(f"The parameter {name} is required.")
    if settings["ComparisonOperator"] not in COMPARISONS:
        raise NotSupported(f"cloudwatch alarms with ComparisonOperator {settings['ComparisonOperator']}")
    if "Threshold" not in settings:
        raise validation_error("Threshold must be specified for alarms that compare with a static threshold.")
    treatment = settings.get("TreatMissingData", "missing")
    if treatment not in TREATMENTS:
        raise validation_error(
            f"Option {treatment} is not supported. Supported options for parameter TreatMissingData are "
            f"{', '.join(TREATMENTS[:-1])} and {TREATMENTS[-1]}."
        )
    if settings.get("DatapointsToAlarm", 1) > settings["EvaluationPeriods"]:
        raise validation_error("DatapointsToAlarm cannot be greater than EvaluationPeriods.")
    if "Metrics" in settings:
        _check_math(settings)
    else:
        _check_metric(settings)


def _check_math(settings: dict[str, Any]) -> None:
    for name in _OF_A_METRIC:
        if name in settings:
            raise invalid_combination(f"The parameters {name} and Metrics are mutually exclusive.")
    queries = parse_queries(settings["Metrics"])
    if sum(query.returned for query in queries) != 1:
        raise validation_error("Exactly one element of the metrics list should return data.")


def _check_metric(settings: dict[str, Any]) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        if name not in settings:
            raise missing(f"The parameter {name} is required.")
    if ("Statistic" in settings) == ("ExtendedStatistic" in settings):
        raise invalid_combination("Exactly one of Statistic and ExtendedStatistic must be specified.")
    extended = settings.get("ExtendedStatistic")
    if extended is not None and (extended in SIMPLE or parse_statistic(extended) is None):
        raise invalid_value(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    low_samples = settings.get("EvaluateLowSampleCountPercentile")
    if low_samples == "ignore":
        raise NotSupported("cloudwatch alarms with EvaluateLowSampleCountPercentile ignore")
    if low_samples not in (None, "evaluate"):
        raise validation_error(
            f"Option {low_samples} is not supported. Supported options for parameter "
            "EvaluateLowSampleCountPercentile are evaluate and ignore."
        )
    period_s = settings["Period"]
    if not valid_period(period_s):
        raise validation_error("Metric period must be 1, 5, 10, 30 or a multiple of 60")
    range_s = period_s * settings["EvaluationPeriods"]
    if range_s > (LONG_RANGE_S_MAX if period_s >= 3600 else RANGE_S_MAX):
        raise validation_error(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."
        )
