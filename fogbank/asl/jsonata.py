"""JSONata: `compile` an expression once, `evaluate` it many times.

The language is that of JSONata 2.0.6 as Step Functions offers it: without `$eval`, with functions of its own, and
bounded in depth, memory and time. Nothing here knows of states or of `{% … %}`; that is `templates_jsonata`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fogbank.asl.jsonata_library.table import LIBRARY
from fogbank.asl.jsonata_runtime.compiler import Compiler
from fogbank.asl.jsonata_runtime.run import Budget, Evaluate, Frame, Run
from fogbank.asl.jsonata_runtime.text import number_text
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function, OuterSequence, Sequence, Undefined
from fogbank.asl.jsonata_syntax import nodes, references
from fogbank.asl.jsonata_syntax.errors import (
    JsonataError,
    JsonataExhausted,
    JsonataRaised,
    JsonataSyntaxError,
    stack_overflow,
)
from fogbank.asl.jsonata_syntax.grammar import Grammar
from fogbank.asl.jsonata_syntax.nodes import Node
from fogbank.asl.jsonata_syntax.shape import shape

__all__ = [
    "LIBRARY_NAMES",
    "UNDEFINED",
    "Budget",
    "Expression",
    "Function",
    "JsonataError",
    "JsonataExhausted",
    "JsonataRaised",
    "JsonataSyntaxError",
    "Undefined",
    "compile",
]

LIBRARY_NAMES: Final = frozenset(LIBRARY)
"""The names (without `$`) of all functions."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    `text` is what was compiled. `variables` are the names (without `$`) that it reads from its bindings or the library,
    in order of first use. `unsupported` says, in AWS's words, why Step Functions would refuse it in a definition, or
    is None: it reads a context item, and a state machine's expressions have none.
    """

    text: str
    variables: tuple[str, ...]
    unsupported: str | None
    states_fields: tuple[str, ...]
    _evaluate: Evaluate
    _finish: Callable[[Any], Any]

    def evaluate(self, input: Any, bindings: Mapping[str, Any], budget: Budget) -> Any:
        """The value for `input` (UNDEFINED for none) with `bindings` as `$name`: JSON, UNDEFINED, or a Function.

        Neither input nor bindings are changed; the result may share parts with them. Raises JsonataError.
        """
        run = Run(budget)
        outer = Frame(bindings, Frame(LIBRARY, None, run, 0), run, 0)
        context = OuterSequence([input]) if isinstance(input, list) else input
        try:
            return self._finish(self._evaluate(context, Frame({"$": input}, outer, run, 0)))
        except RecursionError:
            # Values nested deeper than Python recurses; the depth of the expression itself has its own bound.
            raise stack_overflow() from None


def compile(expression: str) -> Expression:
    """Raises JsonataSyntaxError, or JsonataExhausted for brackets nested past what could be evaluated."""
    tree = shape(Grammar(expression).parse())
    found = references.find(tree)
    finish = _shared if _only_selects(tree) else plain
    return Expression(
        expression, found.variables, found.unsupported, found.fields, Compiler().node(tree, 1), finish
    )


def _only_selects(tree: Node) -> bool:
    """Whether an expression is a variable or a path of names: then all it can make is one list around what it found."""
    if isinstance(tree, nodes.Variable):
        return not (tree.predicates or tree.group or tree.keep_array)
    return (
        isinstance(tree, nodes.Path)
        and not (tree.group or tree.tuple)
        and isinstance(tree.steps[0], (nodes.Variable, nodes.Name))
        and all(isinstance(step, nodes.Name) for step in tree.steps[1:])
        and not any(step.stages or step.predicates or step.group for step in tree.steps)
    )


def _shared(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) else value


def plain(value: Any) -> Any:
    """`value` as JSON has it, sharing what already is.

    Marked lists become plain ones, numbers that JSON lacks the strings that AWS writes for them; what is undefined or
    a function is null in an array and left out of an object, as JavaScript writes them.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else number_text(value)
    if isinstance(value, dict):
        return _plain_object(value)
    if isinstance(value, list):
        return _plain_items(value)
    return value


def _plain_object(value: dict[str, Any]) -> dict[str, Any]:
    changed = False
    made = {}
    for key, part in value.items():
        if part is UNDEFINED or isinstance(part, Function):
            changed = True
            continue
        made[key] = fresh = plain(part)
        changed = changed or fresh is not part
    return made if changed else value


def _plain_items(value: list[Any]) -> list[Any]:
    changed = type(value) is not list
    made = []
    for part in value:
        fresh = None if part is UNDEFINED or isinstance(part, Function) else plain(part)
        made.append(fresh)
        changed = changed or fresh is not part
    return made if changed else value
