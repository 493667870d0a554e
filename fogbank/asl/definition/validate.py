"""Everything for which AWS refuses a definition, or warns of it: the diagnostics of ValidateStateMachineDefinition.

First whether it is JSON, then each state field by field (`schema`); only if nothing was wrong, where they lead (`graph`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from fogbank.asl import json_errors
from fogbank.asl.definition import graph, integrations, schema
from fogbank.asl.definition.diagnostics import Code, Diagnostic, Report
from fogbank.asl.definition.places import Foreign, Place, Recognises, Rules, none_foreign
from fogbank.asl.definition.states import QueryLanguage

_SECONDS_MAX: Final = 99_999_999
# What Jackson reads and we do not: half a surrogate pair, which no other text that we store could hold.
_SURROGATE: Final = json_errors.JsonProblem("Incomplete surrogate pair", "[Source: (String)]")
_TOP_FIELDS: Final = ("Version", "TimeoutSeconds", "QueryLanguage")


def validate(
    text: str,
    *,
    express: bool = False,
    recognises: Recognises = integrations.is_known,
    foreign: Foreign = none_foreign,
) -> list[Diagnostic]:
    """What is wrong with a definition, [] for nothing. Never raises.

    `express`: the machine is to be of that type. `recognises` says whether a service integration exists,
    `foreign` which fields an `aws-sdk` one does not take.
    """
    report = Report()
    document = _read(text, report)
    if document is not None:
        _document(document, Rules(report, express, _language(document), recognises, foreign))
    return report.diagnostics


def validate_state(
    fields: Any,
    *,
    language: QueryLanguage = QueryLanguage.JSONPATH,
    recognises: Recognises = integrations.is_known,
    foreign: Foreign = none_foreign,
) -> list[Diagnostic]:
    """As `validate`, of one state alone, as TestState takes it: what it leads to is not looked for."""
    report = Report()
    rules = Rules(report, False, language, recognises, foreign)
    schema.state("State", fields, Place(rules, "", "", language, False))
    return report.diagnostics


def _read(text: str, report: Report) -> dict[str, Any] | None:
    try:
        document = orjson.loads(text) if text.strip() else None
        problem = json_errors.explain(text) if isinstance(document, dict) and _repeats(text) else None
    except ValueError:
        document = None
        problem = json_errors.explain(text) or _SURROGATE
    if problem is not None:
        message = f"{problem.message}\n at {problem.place}"
        report.add(Code.INVALID_JSON_DESCRIPTION, message, problem.place)
        return None
    if not isinstance(document, dict):
        report.add(Code.SCHEMA_VALIDATION_FAILED, "Definition must be a valid JSON object", None)
        return None
    return document


class _Repeated(Exception):
    """An object has a field twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Repeated
    return made


def _repeats(text: str) -> bool:
    """Whether an object in the text has a field twice, which a dict does not show."""
    try:
        json.loads(text, object_pairs_hook=_pairs)
    except _Repeated:
        return True
    except RecursionError:
        pass  # deeper than this reader goes; so deep a definition is refused for that
    return False


def _language(document: Mapping[str, Any]) -> QueryLanguage:
    given = document.get("QueryLanguage")
    return QueryLanguage.JSONATA if given == QueryLanguage.JSONATA else QueryLanguage.JSONPATH


def _document(document: dict[str, Any], rules: Rules) -> None:
    place = Place(rules, "", "", rules.machine, rules.express)
    if "Version" in document and place.at("Version").is_string(document["Version"]):
        place.at("Version").is_one_of(document["Version"], ("1.0",))
    if "TimeoutSeconds" in document:
        place.at("TimeoutSeconds").is_integer(document["TimeoutSeconds"], 0, _SECONDS_MAX)
    if "QueryLanguage" in document:
        place.at("QueryLanguage").is_one_of(document["QueryLanguage"], tuple(QueryLanguage))
    try:
        schema.container(document, place, _TOP_FIELDS)
        if not rules.report.failed:
            graph.check(document, rules.report)
    except RecursionError:
        rules.report.add(Code.TOO_DEEPLY_NESTED, "The state machine is nested too deeply", None)
