"""Input templates beyond the recordings."""

from __future__ import annotations

import pytest

from fogbank.services.events.event import Owed
from fogbank.services.events.inputs import BadInput, fill, input_of

EVENT = {"id": "1", "detail-type": "t", "detail": {"a": [1, 2], "n": None}}


def owed(**target: object) -> Owed:
    return Owed("0", "us-east-1", "default", "r", {"Id": "t", "Arn": "a", **target}, EVENT, 0)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"a": <a>, "b": "<b>"}', '{"a": [1,2], "b": "x \\"y\\""}'),
        ("<a>", "[1,2]"),
        ('"<b>"', '"x \\"y\\""'),
        ('"escaped \\" <a>"', '"escaped \\" [1,2]"'),
        ('["<none>", <none>]', '["", ""]'),
        ('{"n": <n>, "t": "<t>"}', '{"n": null, "t": "true"}'),
    ],
)
def test_filling(template: str, text: str) -> None:
    assert fill(template, {"a": [1, 2], "b": 'x "y"', "n": None, "t": True}) == text


@pytest.mark.parametrize("template", ['{"a": "<a>"}', "no quotes <a>", '{"a": <a>'])
def test_what_makes_no_json(template: str) -> None:
    with pytest.raises(BadInput):
        fill(template, {"a": ["x"]})


def test_paths_and_constants() -> None:
    assert input_of(owed(Input='{"c": 1}'), "arn") == '{"c": 1}'
    assert input_of(owed(InputPath="$.detail.a[1]"), "arn") == "2"
    assert input_of(owed(InputPath="$.detail.no"), "arn") == "null"
    assert input_of(owed(InputPath="$['detail-type']"), "arn") == '"t"'
