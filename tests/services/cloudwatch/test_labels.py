from __future__ import annotations

import pytest

from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.labels import Subject, render
from fogbank.services.cloudwatch.metric import Metric

METRIC = Metric("app", "m", (("Host", "web-1"),))
POINTS = {0: 1.0, 60: 7.0, 3600: 4.0}


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("plain", "plain"),
        ("${AVG} ${MAX} ${MIN} ${SUM} ${FIRST} ${LAST} ${DATAPOINT_COUNT}", "4 7 1 12 1 4 3"),
        ("${MAX_TIME} ${MIN_TIME} ${FIRST_TIME} ${LAST_TIME}", "00:01 00:00 00:00 01:00"),
        ("${PROP('Dim.Host')} ${PROP('MetricName')} ${PROP('Namespace')}", "web-1 m app"),
        (
            "${PROP('Stat')} ${PROP('Period')} ${PROP('AccountId')} ${PROP('Region')}",
            "Sum 60 111122223333 eu-west-1",
        ),
        ("${PROP('Dim.None')} ${NOPE}", "${PROP('Dim.None')} ${NOPE}"),
    ],
)
def test_labels(label: str, shown: str) -> None:
    assert render(label, Subject(Place("111122223333", "eu-west-1"), POINTS, METRIC, "Sum", 60)) == shown


def test_without_data_figures_are_dashes() -> None:
    assert render("${MAX} ${LAST_TIME}", Subject(Place("1", "r"), {})) == "-- --"
