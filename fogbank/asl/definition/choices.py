"""Checks of a Choice state's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fogbank.asl.choice_rules import OPERATORS
from fogbank.asl.definition import values
from fogbank.asl.definition.diagnostics import Code
from fogbank.asl.definition.places import Check, Place
from fogbank.asl.limits import CHOICE_RULE_DEPTH_MAX
from fogbank.asl.templates_jsonata import Expected
from fogbank.asl.timestamps import parse_timestamp

_TOP: Final[Mapping[str, Check]] = {
    "Next": values.string,
    "Comment": values.string,
    "Assign": values.assignment(values.INPUT_ONLY),
}
_KINDS: Final = ("And", "Or", "Not", "Variable", "Condition")
_CONDITION: Final = values.jsonata((Expected.BOOLEAN,), plain=values.boolean)
_OUTPUT: Final = values.jsonata()


def choices(value: Any, place: Place) -> None:
    if not place.is_array(value):
        return
    place.not_empty(value)
    for index, rule in enumerate(value):
        at = place.item(index)
        if not at.is_object(rule):
            continue
        for name, check in _TOP.items():
            if name in rule:
                check(rule[name], at.at(name))
        at.require(rule, ("Next",))
        rest = {key: part for key, part in rule.items() if key not in _TOP}
        if place.jsonata:
            _condition(rest, at)
        else:
            _rule(rest, at, 1)


def _condition(rule: Mapping[str, Any], place: Place) -> None:
    place.only(rule, ("Condition", "Output"))
    if place.require(rule, ("Condition",)):
        _CONDITION(rule["Condition"], place.at("Condition"))
    if "Output" in rule:
        _OUTPUT(rule["Output"], place.at("Output"))


def _rule(rule: Any, place: Place, depth: int) -> None:
    if not place.is_object(rule):
        return
    if depth > CHOICE_RULE_DEPTH_MAX:
        place.refuse("The choice rule is nested too deeply", Code.TOO_DEEPLY_NESTED)
        return
    kinds = [name for name in _KINDS if name in rule]
    if len(kinds) != 1:
        place.refuse(f"The object must have only one of the following fields, [{', '.join(_KINDS)}]")
        return
    if kinds[0] != "Variable":
        place.only(rule, ("Comment", *kinds))
        if kinds[0] != "Condition":
            _nested(kinds[0], rule[kinds[0]], place.at(kinds[0]), depth)
        return
    operators = [name for name in OPERATORS if name in rule]
    place.only(rule, ("Variable", "Comment", *operators))
    values.choice_variable(rule["Variable"], place.at("Variable"))
    if len(operators) == 1:
        _operand(operators[0], rule[operators[0]], place.at(operators[0]))
    else:
        place.exclusive(rule, tuple(OPERATORS), required=True)


def _nested(operator: str, operand: Any, place: Place, depth: int) -> None:
    if operator == "Not":
        _inner(operand, place, depth)
    elif place.is_array(operand):
        place.not_empty(operand)
        for index, part in enumerate(operand):
            _inner(part, place.item(index), depth)


def _inner(rule: Any, place: Place, depth: int) -> None:
    """A rule within another: it goes nowhere of its own."""
    _rule(rule, place, depth + 1)


def _operand(operator: str, operand: Any, place: Place) -> None:
    match OPERATORS[operator]:
        case "string":
            place.is_string(operand)
        case "boolean":
            place.is_boolean(operand)
        case "number":
            if type(operand) not in (int, float):
                place.refuse("Expected value of type Number")
        case "timestamp":
            if place.is_string(operand) and parse_timestamp(operand) is None:
                place.refuse("String does not match RFC3339 timestamp")
        case "path":
            values.choice_variable(operand, place)
