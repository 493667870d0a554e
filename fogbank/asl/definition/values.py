"""Checks of one field's value: paths, payload templates, numbers that may be expressions, assignments, resources."""

from __future__ import annotations

import re
from typing import Any, Final

from fogbank.asl.definition.diagnostics import Code
from fogbank.asl.definition.places import Check, Place
from fogbank.asl.intrinsics import IntrinsicSyntaxError
from fogbank.asl.jsonpath import PathSyntaxError, compile_path, compile_reference
from fogbank.asl.limits import TEMPLATE_DEPTH_MAX
from fogbank.asl.resources import Pattern, TaskKind, parse_resource
from fogbank.asl.templates_jsonata import Expected, is_expression
from fogbank.asl.templates_jsonata import compile_template as compile_jsonata
from fogbank.asl.templates_jsonpath import compile_value

_VARIABLE_CHARS_MAX: Final = 80
_LOOKS_LIKE_PATH: Final = re.compile(r"\$\$?(?:[.\[].*|)|States\.[A-Za-z0-9]+\(.*\)", re.DOTALL)
INPUT_ONLY: Final = frozenset(("input", "context"))
WITH_RESULT: Final = frozenset(("input", "context", "result"))
WITH_ERROR: Final = frozenset(("input", "context", "errorOutput"))


def string(value: Any, place: Place) -> None:
    place.is_string(value)


def boolean(value: Any, place: Place) -> None:
    place.is_boolean(value)


def anything(value: Any, place: Place) -> None:
    pass


def path(value: Any, place: Place) -> None:
    """InputPath, OutputPath: a path or null."""
    if value is None or not place.is_string(value):
        return
    try:
        compile_path(value)
    except PathSyntaxError:
        place.refuse("Value must be a valid JSONPath.")


def single_path(value: Any, place: Place) -> None:
    """A path that finds one value at most."""
    if not place.is_string(value):
        return
    try:
        definite = compile_path(value).definite
    except PathSyntaxError:
        place.refuse("Value must be a valid JSONPath.")
    else:
        if not definite:
            place.refuse("Value is not a Reference Path")


def map_number_path(value: Any, place: Place) -> None:
    """The `…Path` of a Map's number: as `single_path`, but not of the context."""
    if isinstance(value, str) and value.startswith("$$"):
        place.refuse("Value is not a Reference Path")
    else:
        single_path(value, place)


def reference(value: Any, place: Place) -> None:
    """ResultPath: a place in the input, or null."""
    if value is None or not place.is_string(value):
        return
    if not value.startswith("$"):
        place.refuse("Value must be a valid JSONPath.")
        return
    try:
        compile_reference(value)
    except PathSyntaxError:
        place.refuse("Value is not a Reference Path")


def choice_variable(value: Any, place: Place) -> None:
    """Variable, and the operand of an operator that ends in Path."""
    if not place.is_string(value):
        return
    if not value.startswith("$"):
        place.refuse("Value is not a Reference Path: Reference path didn't start with '$'")
        return
    single_path(value, place)


def path_or_intrinsic(value: Any, place: Place) -> None:
    """ErrorPath, CausePath."""
    if place.is_string(value) and not _is_path_or_intrinsic(value):
        name = place.field.rpartition("/")[2]
        place.refuse(
            f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
        )


def _is_path_or_intrinsic(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        compile_value(value, "")
    except (PathSyntaxError, IntrinsicSyntaxError):
        return False
    return True


def template(value: Any, place: Place) -> None:
    """A payload template: JSONPath's, whose `.$` fields are evaluated."""
    _template(value, place, 1)


def _template(value: Any, place: Place, depth: int) -> None:
    if depth > TEMPLATE_DEPTH_MAX:
        place.refuse("The payload template is nested too deeply", Code.TOO_DEEPLY_NESTED)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key.endswith(".$"):
                if not _is_path_or_intrinsic(part):
                    place.refuse(
                        f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                    )
            else:
                if isinstance(part, str) and _LOOKS_LIKE_PATH.fullmatch(part):
                    place.at(key).warn(
                        Code.NO_DOLLAR, "No .$ on a field that appears to be a JSONPath or Intrinsic Function"
                    )
                _template(part, place.at(key), depth + 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _template(part, place.item(index), depth + 1)


def object_template(value: Any, place: Place) -> None:
    if place.is_object(value):
        template(value, place)


def jsonata(
    expected: tuple[Expected, ...] = (), available: frozenset[str] = INPUT_ONLY, *, plain: Check = anything
) -> Check:
    """JSON whose strings may be `{% … %}`; `plain` checks the value if the field is no expression itself."""

    def check(value: Any, place: Place) -> None:
        if not (isinstance(value, str) and is_expression(value)):
            plain(value, place)
        try:
            found = compile_jsonata(value, place.field, expected, available)
        except RecursionError:
            place.refuse("The value is nested too deeply", Code.TOO_DEEPLY_NESTED)
            return
        for problem in found.problems:
            place.rules.report.add(problem.code, problem.message, f"{place.state}/{problem.field}")

    return check


def integer(least: int, most: int | None = None) -> Check:
    """A whole number; in JSONata also an expression that gives one."""

    def plain(value: Any, place: Place) -> None:
        place.is_integer(value, least, most)

    expression = jsonata((Expected.NUMBER,), plain=plain)
    return lambda value, place: (expression if place.jsonata else plain)(value, place)


def number(least: float, most: float | None = None) -> Check:
    """As `integer`, with fractions."""

    def plain(value: Any, place: Place) -> None:
        place.is_number(value, least, most)

    expression = jsonata((Expected.NUMBER,), plain=plain)
    return lambda value, place: (expression if place.jsonata else plain)(value, place)


def text(value: Any, place: Place) -> None:
    """A string; in JSONata also an expression that gives one."""
    (_TEXT if place.jsonata else string)(value, place)
    if isinstance(value, str) and not place.jsonata and _LOOKS_LIKE_PATH.fullmatch(value):
        place.warn(Code.NO_PATH, "Field value looks like a path, but field name does not end with 'Path'")


_TEXT: Final = jsonata((Expected.STRING,), plain=string)


def either_template(value: Any, place: Place) -> None:
    """ItemSelector, BatchInput: an object in the state's language."""
    (_OBJECT if place.jsonata else object_template)(value, place)


def _object(value: Any, place: Place) -> None:
    place.is_object(value)


_OBJECT: Final = jsonata((Expected.OBJECT,), plain=_object)


def assignment(available: frozenset[str]) -> Check:
    """Assign: an object whose names are those of variables."""
    values = jsonata((), available)

    def check(value: Any, place: Place) -> None:
        if not place.is_object(value):
            return
        for key in value:
            name = key.removesuffix(".$") if not place.jsonata else key
            if name == "states":
                place.refuse("Cannot assign to reserved variable '$states'.", Code.RESERVED_VARIABLE_NAME)
            elif not name.isidentifier() or name.startswith("_") or len(name) > _VARIABLE_CHARS_MAX:
                place.refuse(
                    f"Invalid variable name '{name}': the variable name contains invalid characters.",
                    Code.INVALID_VARIABLE_NAME,
                )
        (values if place.jsonata else template)(value, place)

    return check


def static_result(value: Any, place: Place) -> None:
    """A Pass state's Result, in which nothing is evaluated."""
    if _has_paths(value):
        place.warn(Code.PASS_RESULT_IS_STATIC, "Attempt to use a path in the result of a pass state")


def _has_paths(value: Any) -> bool:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and part != "$" and _LOOKS_LIKE_PATH.fullmatch(part):
            return True
        if isinstance(part, dict):
            if any(key.endswith(".$") for key in part):
                return True
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return False


def resource(value: Any, place: Place) -> None:
    """A Task's Resource."""
    if not place.is_string(value):
        return
    if not value.startswith("arn:"):
        place.refuse("Value is not a valid resource ARN")
        return
    found = parse_resource(value)
    if found is None or (
        found.kind in (TaskKind.SERVICE, TaskKind.SDK) and not place.rules.recognises(found)
    ):
        unknown_resource(value, place)
    elif place.express and found.kind is TaskKind.ACTIVITY:
        place.refuse("Express state machine does not support Activity ARN")
    elif place.express and found.pattern is not Pattern.REQUEST_RESPONSE:
        # The blank at the end is AWS's.
        pattern = ".sync" if found.pattern is Pattern.SYNC_2 else found.pattern.value
        place.refuse(f"Express state machine does not support '{pattern}' service integration ")


def unknown_resource(value: str, place: Place) -> None:
    place.refuse(
        f"The resource provided {value} is not recognized. The value is not a valid resource ARN, or the resource is "
        "not available in this region."
    )


def credentials(value: Any, place: Place) -> None:
    if not place.is_object(value):
        return
    if "RoleArn" not in value and ("RoleArn.$" not in value or place.jsonata):
        place.refuse("The field 'RoleArn' is required but was missing")
    elif place.jsonata:
        _TEXT(value["RoleArn"], place.at("RoleArn"))
    else:
        template(value, place)
