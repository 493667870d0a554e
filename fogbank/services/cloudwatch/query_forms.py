"""Metric data queries as requests and alarms hold them: checked and parsed. Pure."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import METRIC_QUERIES_MAX
from fogbank.services.cloudwatch.math import MathError, names_in, parse
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.queries import Query
from fogbank.services.cloudwatch.series import valid_period
from fogbank.services.cloudwatch.service import validation_error
from fogbank.services.cloudwatch.statistics import parse_statistic

ID = re.compile(r"[a-z][A-Za-z0-9_]*$")


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
