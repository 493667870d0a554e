"""`{% … %}` in the fields of a state: Output, Arguments, Assign, Condition, Items and the rest.

A tree of JSON is compiled once to a closure over its expressions; what holds none is passed on as it is, never copied.
Every failure is `States.QueryEvaluationError` with AWS's cause, naming expression and field (`Output/a/b[0]`). What
`$states` holds and which variables there are is the caller's to bind; numbers out of a field's range are its to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from fogbank.asl import jsonata
from fogbank.asl.errors import QueryEvaluationError
from fogbank.asl.jsonata_library.objects import type_of_value
from fogbank.asl.jsonata_runtime.text import text_of

Evaluate: TypeAlias = Callable[[Mapping[str, Any], jsonata.Budget], Any]
"""(bindings, budget) to JSON. Raises QueryEvaluationError."""

ALL_FIELDS: Final = frozenset(("input", "context", "result", "errorOutput"))
"""What `$states` may have."""


class Expected(Enum):
    """What a field takes; the value is JSONata's word for it, which the cause uses."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Problem:
    """An expression that AWS refuses in a definition: `code` and `message` of the diagnostic, `field` within the state."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled field. `constant` if it holds no expression. `variables` are the names that its expressions read.

    `evaluate` must not be called while there are `problems`.
    """

    evaluate: Evaluate
    constant: bool
    variables: tuple[str, ...]
    problems: tuple[Problem, ...]


def is_expression(text: str) -> bool:
    """Whether a string is `{% … %}`; with anything before or after, even a blank, it is a constant."""
    return text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def compile_template(
    tree: Any, field: str, expected: tuple[Expected, ...] = (), available: frozenset[str] = ALL_FIELDS
) -> Template:
    """`tree` as it stands in the definition, at `field` of its state.

    `expected` are the types that the field takes; () for any. It applies to a field that is one expression. `available`
    are the fields of `$states` that exist there; to read another is a problem.
    """
    compilation = _Compilation(available)
    evaluate = compilation.tree(tree, field, expected)
    constant = evaluate is None
    return Template(
        evaluate or _constant(tree),
        constant,
        tuple(compilation.variables),
        tuple(compilation.problems),
    )


def _constant(value: Any) -> Evaluate:
    return lambda bindings, budget: value


class _Compilation:
    """Gathers what the leaves of one tree read, and what is wrong with them."""

    def __init__(self, available: frozenset[str]) -> None:
        self._available = available
        self.variables: dict[str, None] = {}
        self.problems: list[Problem] = []

    def tree(self, tree: Any, field: str, expected: tuple[Expected, ...] = ()) -> Evaluate | None:
        """The closure for `tree`, None if it is constant."""
        if isinstance(tree, str):
            return self._leaf(tree[2:-2].strip(), field, expected) if is_expression(tree) else None
        if isinstance(tree, dict):
            parts = {key: self.tree(part, f"{field}/{key}") for key, part in tree.items()}
            return _object(tree, parts) if any(parts.values()) else None
        if isinstance(tree, list):
            items = [self.tree(part, f"{field}[{index}]") for index, part in enumerate(tree)]
            return _array(tree, items) if any(items) else None
        return None

    def _leaf(self, text: str, field: str, expected: tuple[Expected, ...]) -> Evaluate:
        try:
            expression = jsonata.compile(text)
        except jsonata.JsonataError as error:
            self.problems.append(Problem(field, "INVALID_JSONATA_EXPRESSION", error.detail))
            return _constant(None)
        if expression.unsupported is not None:
            self.problems.append(Problem(field, "UNSUPPORTED_JSONATA_EXPRESSION", expression.unsupported))
        for name in expression.states_fields:
            if name not in self._available:
                self.problems.append(
                    Problem(
                        field, "UNSUPPORTED_JSONATA_EXPRESSION", f"Field '$states.{name}' does not exist."
                    )
                )
        self.variables.update(dict.fromkeys(expression.variables))
        return _evaluation(expression, field, expected)


def _object(tree: dict[str, Any], parts: dict[str, Evaluate | None]) -> Evaluate:
    evaluated = [(key, part) for key, part in parts.items() if part is not None]

    def evaluate(bindings: Mapping[str, Any], budget: jsonata.Budget) -> Any:
        made = dict(tree)
        for key, part in evaluated:
            made[key] = part(bindings, budget)
        return made

    return evaluate


def _array(tree: list[Any], items: list[Evaluate | None]) -> Evaluate:
    evaluated = [(index, item) for index, item in enumerate(items) if item is not None]

    def evaluate(bindings: Mapping[str, Any], budget: jsonata.Budget) -> Any:
        made = list(tree)
        for index, item in evaluated:
            made[index] = item(bindings, budget)
        return made

    return evaluate


def _evaluation(expression: jsonata.Expression, field: str, expected: tuple[Expected, ...]) -> Evaluate:
    subject = f"The JSONata expression '{expression.text}' specified for the field '{field}'"
    words = frozenset(word.value for word in expected)
    wanted = "' or '".join(word.value for word in expected)
    run = expression.evaluate

    def evaluate(bindings: Mapping[str, Any], budget: jsonata.Budget) -> Any:
        try:
            value = run(jsonata.UNDEFINED, bindings, budget)
        except jsonata.JsonataExhausted as error:
            # A bound has no code, and AWS sets it off by a colon.
            raise QueryEvaluationError(f"{subject} threw an error during evaluation: {error}") from None
        except jsonata.JsonataError as error:
            raise QueryEvaluationError(f"{subject} threw an error during evaluation. {error}") from None
        if value is jsonata.UNDEFINED:
            raise QueryEvaluationError(f"{subject} returned nothing (undefined).")
        if isinstance(value, jsonata.Function):
            raise QueryEvaluationError(f"{subject} returned an unsupported result type.")
        if words and (kind := type_of_value(value)) not in words:
            raise QueryEvaluationError(
                f"{subject} returned an unexpected result type. "
                f"Expected '{wanted}', but was '{kind}' for value: {_shown(value)}"
            )
        return value

    return evaluate


def _shown(value: Any) -> str:
    return text_of(value) if not isinstance(value, str) else f'"{value}"'
