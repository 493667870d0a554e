"""Fields of states as closures over a scope: the one place that knows which compiler a field needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from fogbank.asl.documents import dumps
from fogbank.asl.errors import QueryEvaluationError, StatesError, runtime_error
from fogbank.asl.intrinsics import compile_intrinsic, is_intrinsic
from fogbank.asl.jsonpath import compile_path, compile_reference
from fogbank.asl.scope import Scope
from fogbank.asl.templates_jsonata import Expected, is_expression
from fogbank.asl.templates_jsonata import compile_template as compile_jsonata
from fogbank.asl.templates_jsonpath import compile_template as compile_jsonpath

Evaluate: TypeAlias = Callable[[Scope], Any]
"""Raises StatesError."""

_SECONDS = frozenset({"Seconds", "TimeoutSeconds", "HeartbeatSeconds"})

Put: TypeAlias = Callable[[Any, Any], Any]
"""(document, value) to the document with the value in it. Raises StatesError."""


def path(text: str, field: str) -> Evaluate:
    """A path of JSONPath."""
    get = compile_path(text).get
    return lambda scope: get(scope, field)


def path_or_intrinsic(text: str, field: str) -> Evaluate:
    """ErrorPath, CausePath and the like take either."""
    return compile_intrinsic(text).get if is_intrinsic(text) else path(text, field)


def reference(text: str) -> Put:
    return compile_reference(text).put


def template(tree: Any) -> Evaluate:
    """A payload template of JSONPath."""
    return compile_jsonpath(tree).get


def jsonata(tree: Any, field: str, *expected: Expected) -> Evaluate:
    """A tree with `{% … %}` in it."""
    compiled = compile_jsonata(tree, field, expected)
    if compiled.constant:
        return lambda scope: tree
    evaluate = compiled.evaluate
    return lambda scope: evaluate(scope.bindings(), scope.budget)


def assignments(tree: Mapping[str, Any] | None, *, is_jsonata: bool) -> Evaluate | None:
    """Assign: an object of values by variable. None where nothing is assigned."""
    if not tree:
        return None
    return jsonata(tree, "Assign") if is_jsonata else template(tree)


def integer(
    literal: Any, path_text: str | None, field: str, *, is_jsonata: bool, minimum: int, maximum: int
) -> Evaluate | None:
    """A number that stands in the definition, is found by `{field}Path`, or is what JSONata makes of it.

    None where the field is absent. JSONata's numbers with a fraction are cut (guessed).
    """
    if path_text is not None:
        find = path_or_intrinsic(path_text, f"{field}Path")
        return lambda scope: _whole(find(scope), field, path_text, minimum, maximum)
    if isinstance(literal, str) and is_jsonata and is_expression(literal):
        evaluate = jsonata(literal, field, Expected.NUMBER)
        return lambda scope: _in_range(evaluate(scope), literal, field, minimum, maximum)
    if literal is None:
        return None
    return lambda scope: literal


def percentage(literal: Any, path_text: str | None, field: str, *, is_jsonata: bool) -> Evaluate | None:
    """As `integer`, from 0 to 100, with a fraction if need be."""
    if path_text is not None:
        find = path_or_intrinsic(path_text, f"{field}Path")
        return lambda scope: _percent(find(scope), field, path_text)
    if isinstance(literal, str) and is_jsonata and is_expression(literal):
        evaluate = jsonata(literal, field, Expected.NUMBER)
        return lambda scope: _in_range(evaluate(scope), literal, field, 0, 100)
    if literal is None:
        return None
    return lambda scope: literal


def _whole(value: Any, field: str, text: str, minimum: int, maximum: int) -> int:
    """What a path found, as the field's number. Wordings as far as known of MaxConcurrency; the others by analogy."""
    if field in _SECONDS:
        return _seconds(value, field, text, minimum, maximum)
    if not _is_number(value) or value != int(value):
        raise _not_valid(value, field, text, "integer")
    if not minimum <= value <= maximum:
        if field == "ToleratedFailureCount":
            raise runtime_error("ToleratedFailureCount cannot be negative.")
        kind = "positive" if minimum > 0 else "non-negative"
        raise runtime_error(f"Expected {kind} integer for {field}, got '{dumps(value)}' instead.")
    return int(value)


def _seconds(value: Any, field: str, text: str, minimum: int, maximum: int) -> int:
    """Worded as what is known of the paths of Wait; those of Task by analogy."""
    found = f"{text} == {value if isinstance(value, str) else dumps(value)}"
    if not _is_number(value) or value != int(value):
        raise runtime_error(f"The {field}Path parameter cannot be parsed as a long value: {found}")
    if value < 0:
        raise runtime_error(f"The {field}Path parameter references a negative value: {found}")
    if not minimum <= value <= maximum:
        raise runtime_error(f"The {field}Path parameter must be from {minimum} to {maximum}: {found}")
    return int(value)


def _percent(value: Any, field: str, text: str) -> float:
    if not _is_number(value):
        raise _not_valid(value, field, text, "float")
    if not 0 <= value <= 100:
        raise runtime_error(f"{field} must be between 0 and 100.")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _not_valid(value: Any, field: str, text: str, kind: str) -> StatesError:
    shown = value if isinstance(value, str) else dumps(value)
    return runtime_error(
        f'The {field}Path field refers to value "{shown}" which is not a valid {kind}: {text}'
    )


def _in_range(value: Any, expression: str, field: str, minimum: int, maximum: int) -> Any:
    if not minimum <= value <= maximum:
        # Wording guessed.
        raise QueryEvaluationError(
            f"The JSONata expression '{expression[2:-2].strip()}' specified for the field '{field}' returned a value "
            f"outside the acceptable range."
        )
    return value


__all__ = ["Evaluate", "Put", "StatesError"]
