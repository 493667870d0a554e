"""The grammar that trust policies and permission policies share, and IAM's two voices of rejecting them. Pure.

IAM checks permission policies (`identity_policies.py`) and trust policies (`trust_policies.py`) by different code with
different wording; what they have in common is the shape of a document, which is read here.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.policies.conditions import OPERATORS

_OPERATOR = re.compile(r"^(?:(?:ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$")


class PolicyFault(ValueError):
    """A document breaks the grammar; the text is what IAM answers."""


def read_json(text: str, fault: str) -> dict[str, Any]:
    """The JSON object in `text`; PolicyFault(fault) when there is none."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise PolicyFault(fault) from None
    if not isinstance(document, dict):
        raise PolicyFault(fault)
    return document


def statements_of(document: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The statements; None when they are absent or of the wrong type. A single object counts as a list of one."""
    found = document.get("Statement")
    statements = [found] if isinstance(found, dict) else found
    if not isinstance(statements, list) or not statements:
        return None
    return statements if all(isinstance(each, dict) for each in statements) else None


def strings_of(value: Any) -> list[str] | None:
    """A string or a list of strings as a list; None for anything else."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    return None


def condition_is_wellformed(condition: Any) -> bool:
    """`{operator: {key: value or values}}` with operators that exist."""
    if not isinstance(condition, dict):
        return False
    for operator, tests in condition.items():
        match = _OPERATOR.match(operator)
        if match is None or match[1] not in OPERATORS or (match[1] == "Null" and match[2]):
            return False
        if not isinstance(tests, dict) or not all(_is_operand(value) for value in tests.values()):
            return False
    return True


def _is_operand(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str | int | float | bool) for each in values)


def chars_of(text: str) -> int:
    """The size IAM's quotas count: characters that are not white space."""
    return sum(map(len, text.split()))
