"""Expressions of ours over data of ours, with what JSONata 2.0.6 (the release that Step Functions follows) answered.

The answers in `jsonata_answers.json` were recorded by running the npm package; they cover every operator, every
function of the language but `$eval`, and nearly every error that an expression can meet. The generated ones are rows of
grammar put together at random; those without input are read as Step Functions reads its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fogbank.asl import jsonata
from fogbank.core.ids import Ids

_RECORDED = json.loads(Path(__file__).with_name("jsonata_answers.json").read_text())
_BUDGET = jsonata.Budget(Ids(7), 1_700_000_000_000)


@pytest.mark.parametrize("case", _RECORDED["cases"], ids=lambda case: case["expression"])
def test_answers_as_jsonata_does(case: dict[str, Any]) -> None:
    _check(case, _RECORDED["data"])


@pytest.mark.parametrize("case", _RECORDED["generated"], ids=lambda case: case["expression"])
def test_answers_alike_to_what_nobody_would_write(case: dict[str, Any]) -> None:
    _check(case, _RECORDED["data"])


@pytest.mark.parametrize("case", _RECORDED["without_input"], ids=lambda case: case["expression"])
def test_answers_alike_without_input(case: dict[str, Any]) -> None:
    _check(case, jsonata.UNDEFINED)


def _check(case: dict[str, Any], data: Any) -> None:
    bindings = case.get("bindings", {})
    if "code" in case:
        with pytest.raises(jsonata.JsonataError) as raised:
            jsonata.compile(case["expression"]).evaluate(data, bindings, _BUDGET)
        assert (raised.value.code, raised.value.detail) == (case["code"], case["message"])
        return
    value = jsonata.compile(case["expression"]).evaluate(data, bindings, _BUDGET)
    if case.get("undefined"):
        assert value is jsonata.UNDEFINED
    elif case.get("function"):
        assert isinstance(value, jsonata.Function)
    else:
        assert _as_doubles(value) == _as_doubles(case["value"])


def _as_doubles(value: Any) -> str:
    """One text for one JSON value: true is not 1, but 1.0 is."""
    return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)


def test_an_evaluation_changes_neither_input_nor_bindings() -> None:
    data = json.loads(json.dumps(_RECORDED["data"]))
    bindings = {"v": [1, {"k": "z"}]}
    for case in _RECORDED["cases"]:
        try:
            jsonata.compile(case["expression"]).evaluate(data, bindings, _BUDGET)
        except jsonata.JsonataError:
            pass
    assert data == _RECORDED["data"]
    assert bindings == {"v": [1, {"k": "z"}]}


def test_one_compiled_expression_serves_many_evaluations() -> None:
    expression = jsonata.compile("($n := $n + 1; $map([1..$n], function($v) { $v * $factor }))")
    first = expression.evaluate(jsonata.UNDEFINED, {"n": 1, "factor": 10}, _BUDGET)
    second = expression.evaluate(jsonata.UNDEFINED, {"n": 2, "factor": 2}, _BUDGET)
    assert (first, second) == ([10, 20], [2, 4, 6])
