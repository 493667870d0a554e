from __future__ import annotations

import pytest

from fogbank.services.cloudwatch.math.search import parse_search
from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.metric import Metric

LAMBDA = Metric("AWS/Lambda", "Errors", (("FunctionName", "orders-prod"),))
ALL = Metric("AWS/Lambda", "Errors", ())


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("{AWS/Lambda,FunctionName}", (True, False)),
        ('{"AWS/Lambda","FunctionName"} MetricName="Errors"', (True, False)),
        ("{AWS/Lambda}", (False, True)),
        ('Namespace="AWS/Lambda" Errors', (True, True)),
        ("orders", (True, False)),
        ("order", (False, False)),
        ('"orders-prod"', (True, False)),
        ('FunctionName="orders-prod"', (True, False)),
        ("FunctionName=prod", (True, False)),
        ("Errors AND NOT prod", (False, True)),
        ("(prod OR stage) Errors", (True, False)),
        ('MetricName=("Errors" OR "Throttles")', (True, True)),
        ("{AWS/EC2,InstanceId}", (False, False)),
    ],
)
def test_searches(text: str, matches: tuple[bool, bool]) -> None:
    search = parse_search(text)
    assert (search.matches(LAMBDA), search.matches(ALL)) == matches


@pytest.mark.parametrize("text", ["{}", "(a", "a)", "NOT", ':aws.AccountId="1"', "a ="])
def test_what_is_refused(text: str) -> None:
    with pytest.raises(MathError):
        parse_search(text)
