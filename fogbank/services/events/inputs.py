"""What a target gets of an event: the event, a part of it, a constant, or what a template makes of parts. Pure.

How templates are filled is read off recordings: in a template that is a JSON object or array, a variable outside of quotes is
JSON, and inside of quotes a text without its own. In any other template, objects lose their
quotes. What is filled in is delivered if it is JSON, or several values of it. A path that leads nowhere is an empty text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.asl.documents import dumps
from fogbank.java.jsonpath import PathError, compile_path
from fogbank.services.events.event import Owed, time_text

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder(strict=False)
_MISSING: Any = object()
_EVENT_NAMES = ("id", "account", "source", "time", "region", "resources", "version")
PREDEFINED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event.ingestion-time",
        "aws.events.event",
        "aws.events.event.json",
    }
)


class BadInput(ValueError):
    """A template made what is no JSON."""


def placeholders(template: str) -> Iterator[str]:
    """The variables that a template names."""
    return (found[1] for found in _PLACEHOLDER.finditer(template))


def input_of(owed: Owed, rule_arn: str) -> str:
    """The target's input. Raises BadInput."""
    target = owed.target
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = value_at(target["InputPath"], owed.event)
        return dumps(None if found is _MISSING else found)  # nothing there is null: a guess
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        variables = _variables(transformer.get("InputPathsMap") or {}, owed, rule_arn)
        return fill(transformer["InputTemplate"], variables)
    return dumps(owed.event)


def value_at(path: str, event: Mapping[str, Any]) -> Any:
    """What a path leads to in the event."""
    try:
        return compile_path(path).find(event)
    except PathError:
        return _MISSING


def is_missing(value: Any) -> bool:
    return value is _MISSING


def _variables(paths: Mapping[str, str], owed: Owed, rule_arn: str) -> dict[str, Any]:
    event = owed.event
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": owed.rule,
        "aws.events.event.ingestion-time": time_text(owed.ingested_ms),
        "aws.events.event": {
            **{name: event[name] for name in _EVENT_NAMES if name in event},
            "detailType": event.get("detail-type"),
        },
        "aws.events.event.json": event,
        **{name: value_at(path, event) for name, path in paths.items()},
    }


def fill(template: str, variables: Mapping[str, Any]) -> str:
    """Raises BadInput."""
    is_json = template.lstrip()[:1] in ("{", "[")
    parts: list[str] = []
    at, quoted = 0, False
    for found in _PLACEHOLDER.finditer(template):
        before = template[at : found.start()]
        quoted ^= _quotes(before) % 2 == 1
        parts.append(before)
        parts.append(_text(variables.get(found[1], _MISSING), quoted=quoted, is_json=is_json))
        at = found.end()
    text = "".join(parts) + template[at:]
    _check_json(text)
    return text


def _check_json(text: str) -> None:
    """One value after the other. Raises BadInput."""
    at = 0
    try:
        while (at := _SPACE.match(text, at).end()) < len(text):  # type: ignore[union-attr]  # it matches everywhere
            _, at = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise BadInput("the input template did not make JSON") from None


def _quotes(text: str) -> int:
    """Quotes that are not escaped."""
    return len(re.sub(r"\\.", "", text, flags=re.DOTALL).split('"')) - 1


def _text(value: Any, *, quoted: bool, is_json: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    text = dumps(value)
    if not quoted:
        return text
    if isinstance(value, str):
        return text[1:-1]
    return text if is_json else text.replace('"', "")
