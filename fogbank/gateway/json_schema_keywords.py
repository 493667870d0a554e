"""The keywords of JSON Schema draft-04, each compiled to a check of one value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from fogbank.java.expressions import Expression

Schema = dict[str, Any]
Problems = list[str]
Check = Callable[[Any, Problems], None]


class SchemaError(ValueError):
    """No valid schema, or it refers to something that is not there."""


Inner = Callable[[Any], Check]
Make = Callable[[Schema, Inner], Check | None]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": _number,
    "integer": lambda v: _number(v) and (isinstance(v, int) or v.is_integer()),
}


def _type_of(value: Any) -> str:
    for name in ("null", "boolean", "integer", "number", "string", "array"):
        if _TYPES[name](value):
            return name
    return "object"


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _type(schema: Schema, inner: Inner) -> Check:
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if unknown := [name for name in names if name not in _TYPES]:
        raise SchemaError(f"unknown type {unknown[0]!r}")
    tests = [_TYPES[name] for name in names]
    allowed = _text(names)

    def check(value: Any, problems: Problems) -> None:
        if not any(test(value) for test in tests):
            problems.append(
                f"instance type ({_type_of(value)}) does not match any allowed primitive type (allowed: {allowed})"
            )

    return check


def _enum(schema: Schema, inner: Inner) -> Check:
    allowed = schema["enum"]

    def check(value: Any, problems: Problems) -> None:
        if not any(_same(value, each) for each in allowed):
            problems.append(
                f"instance value ({_text(value)}) not found in enum (possible values: {_text(allowed)})"
            )

    return check


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _properties(schema: Schema, inner: Inner) -> Check:
    """`properties`, `patternProperties` and `additionalProperties` together."""
    named = {name: inner(child) for name, child in (schema.get("properties") or {}).items()}
    patterns = [
        (Expression(text), inner(child)) for text, child in (schema.get("patternProperties") or {}).items()
    ]
    extra = schema.get("additionalProperties", True)
    extra_check = inner(extra) if isinstance(extra, dict) else None

    def check(value: Any, problems: Problems) -> None:
        if not isinstance(value, dict):
            return
        refused = []
        for name, item in value.items():
            known = named.get(name)
            if known is not None:
                known(item, problems)
            matched = known is not None
            for pattern, child in patterns:
                if pattern.finds(name):
                    child(item, problems)
                    matched = True
            if matched:
                continue
            if extra_check is not None:
                extra_check(item, problems)
            elif extra is False:
                refused.append(name)
        if refused:
            problems.append(
                f"object instance has properties which are not allowed by the schema: {_text(sorted(refused))}"
            )

    return check


def _once(first: str) -> Make:
    """`properties` and its companions compile once, by whichever of them comes first."""
    order = ("properties", "patternProperties", "additionalProperties")

    def make(schema: Schema, inner: Inner) -> Check | None:
        return _properties(schema, inner) if next(name for name in order if name in schema) == first else None

    return make


def _required(schema: Schema, inner: Inner) -> Check:
    names = list(schema["required"])

    def check(value: Any, problems: Problems) -> None:
        if isinstance(value, dict) and (missing := [name for name in names if name not in value]):
            problems.append(f"object has missing required properties ({_text(sorted(missing))})")

    return check


def _dependencies(schema: Schema, inner: Inner) -> Check:
    needs = {
        name: (inner(need) if isinstance(need, dict) else list(need))
        for name, need in schema["dependencies"].items()
    }

    def check(value: Any, problems: Problems) -> None:
        if not isinstance(value, dict):
            return
        for name, need in needs.items():
            if name not in value:
                continue
            if callable(need):
                need(value, problems)
            elif missing := [each for each in need if each not in value]:
                problems.append(
                    f'property "{name}" of object has missing property dependencies ({_text(missing)})'
                )

    return check


def _items(schema: Schema, inner: Inner) -> Check:
    items = schema["items"]
    if isinstance(items, dict):
        each = inner(items)

        def check(value: Any, problems: Problems) -> None:
            if isinstance(value, list):
                for item in value:
                    each(item, problems)

        return check
    checks = [inner(item) for item in items]
    extra = schema.get("additionalItems", True)
    extra_check = inner(extra) if isinstance(extra, dict) else None

    def check_tuple(value: Any, problems: Problems) -> None:
        if not isinstance(value, list):
            return
        for index, item in enumerate(value):
            if index < len(checks):
                checks[index](item, problems)
            elif extra_check is not None:
                extra_check(item, problems)
            elif extra is False:
                problems.append(
                    f"array has too many elements (found {len(value)}, expected at most {len(checks)})"
                )
                return

    return check_tuple


def _size(keyword: str, kind: type, what: str, *, least: bool) -> Make:
    def make(schema: Schema, inner: Inner) -> Check:
        bound = schema[keyword]
        word = "few" if least else "many"
        if kind is str:
            word = "short" if least else "long"

        def check(value: Any, problems: Problems) -> None:
            if isinstance(value, kind) and (len(value) < bound if least else len(value) > bound):  # type: ignore[arg-type]
                problems.append(f"{what} is too {word} (length: {len(value)}, bound: {bound})")  # type: ignore[arg-type]

        return check

    return make


def _bound(keyword: str, exclusive: str, *, least: bool) -> Make:
    def make(schema: Schema, inner: Inner) -> Check:
        bound, strict = schema[keyword], schema.get(exclusive) is True

        def check(value: Any, problems: Problems) -> None:
            if not _number(value):
                return
            wrong = value < bound if least else value > bound
            if wrong or (strict and value == bound):
                side = "lower than the required minimum" if least else "greater than the required maximum"
                problems.append(f"numeric instance is {side} ({keyword}: {bound}, found: {_text(value)})")

        return check

    return make


def _multiple_of(schema: Schema, inner: Inner) -> Check:
    divisor = schema["multipleOf"]
    if not _number(divisor) or divisor <= 0:
        raise SchemaError("multipleOf is a positive number")

    def check(value: Any, problems: Problems) -> None:
        if _number(value):
            quotient = value / divisor
            if abs(quotient - round(quotient)) > 1e-9:
                problems.append(f"remainder of division is not zero ({_text(value)} / {divisor})")

    return check


def _unique(schema: Schema, inner: Inner) -> Check | None:
    if schema["uniqueItems"] is not True:
        return None

    def check(value: Any, problems: Problems) -> None:
        if isinstance(value, list):
            seen = {orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in value}
            if len(seen) < len(value):
                problems.append("array must not contain duplicate elements")

    return check


def _pattern(schema: Schema, inner: Inner) -> Check:
    pattern = Expression(schema["pattern"])

    def check(value: Any, problems: Problems) -> None:
        if isinstance(value, str) and not pattern.finds(value):
            problems.append(f'ECMA 262 regex "{pattern.text}" does not match input string "{value[:256]}"')

    return check


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]*")


def _is_address(version: int) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return test


def _is_time(text: str) -> bool:
    try:
        return "T" in text.upper() and datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


_FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _is_time,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": lambda text: _HOST.fullmatch(text) is not None,
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
    "uri": lambda text: _URI.fullmatch(text) is not None,
}


def _format(schema: Schema, inner: Inner) -> Check | None:
    name = schema["format"]
    test = _FORMATS.get(name)
    if test is None:  # AWS's validator warns and goes on
        return None

    def check(value: Any, problems: Problems) -> None:
        if isinstance(value, str) and not test(value):
            problems.append(f'string "{value[:256]}" is invalid against requested format {name}')

    return check


def _some(checks: list[Check], value: Any) -> int:
    """How many of them pass."""
    passed = 0
    for check in checks:
        problems: Problems = []
        check(value, problems)
        passed += not problems
    return passed


def _all_of(schema: Schema, inner: Inner) -> Check:
    checks = [inner(child) for child in schema["allOf"]]

    def check(value: Any, problems: Problems) -> None:
        for each in checks:
            each(value, problems)

    return check


def _any_of(schema: Schema, inner: Inner) -> Check:
    checks = [inner(child) for child in schema["anyOf"]]

    def check(value: Any, problems: Problems) -> None:
        if not _some(checks, value):
            problems.append(f"instance failed to match at least one required schema among {len(checks)}")

    return check


def _one_of(schema: Schema, inner: Inner) -> Check:
    checks = [inner(child) for child in schema["oneOf"]]

    def check(value: Any, problems: Problems) -> None:
        passed = _some(checks, value)
        if passed != 1:
            problems.append(
                f"instance failed to match exactly one schema (matched {passed} out of {len(checks)})"
            )

    return check


def _not(schema: Schema, inner: Inner) -> Check:
    child = inner(schema["not"])

    def check(value: Any, problems: Problems) -> None:
        if _some([child], value):
            problems.append("instance matched a schema which it should not have")

    return check


KEYWORDS: tuple[tuple[str, Make], ...] = (
    ("type", _type),
    ("enum", _enum),
    ("required", _required),
    ("properties", _once("properties")),
    ("patternProperties", _once("patternProperties")),
    ("additionalProperties", _once("additionalProperties")),
    ("dependencies", _dependencies),
    ("minProperties", _size("minProperties", dict, "object", least=True)),
    ("maxProperties", _size("maxProperties", dict, "object", least=False)),
    ("items", _items),
    ("minItems", _size("minItems", list, "array", least=True)),
    ("maxItems", _size("maxItems", list, "array", least=False)),
    ("uniqueItems", _unique),
    ("minimum", _bound("minimum", "exclusiveMinimum", least=True)),
    ("maximum", _bound("maximum", "exclusiveMaximum", least=False)),
    ("multipleOf", _multiple_of),
    ("minLength", _size("minLength", str, "string", least=True)),
    ("maxLength", _size("maxLength", str, "string", least=False)),
    ("pattern", _pattern),
    ("format", _format),
    ("allOf", _all_of),
    ("anyOf", _any_of),
    ("oneOf", _one_of),
    ("not", _not),
)
