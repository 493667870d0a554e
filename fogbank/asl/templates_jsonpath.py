"""Payload templates: Parameters, ItemSelector, ResultSelector, BatchInput, Credentials and Assign in JSONPath.

A field whose name ends in `.$` is a path or an intrinsic function; everything else is passed on as it stands. The
JSONata twin is `templates_jsonata`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from fogbank.asl.intrinsics import IntrinsicSyntaxError, compile_intrinsic, is_intrinsic
from fogbank.asl.jsonpath import NotFound, Path, PathSyntaxError, Why, compile_path
from fogbank.asl.scope import Scope

Evaluate: TypeAlias = Callable[[Scope], Any]

__all__ = [
    "Evaluate",
    "IntrinsicSyntaxError",
    "PathSyntaxError",
    "Template",
    "compile_template",
    "compile_value",
]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. `constant` if nothing in it is evaluated; `variables` are the names that it reads.

    `get` raises StatesError.
    """

    get: Evaluate
    constant: bool
    variables: tuple[str, ...]


def compile_template(tree: Any) -> Template:
    """`tree` as it stands in the definition. Raises PathSyntaxError or IntrinsicSyntaxError."""
    variables: list[str] = []
    evaluate = _tree(tree, variables)
    return Template(evaluate or (lambda scope: tree), evaluate is None, tuple(dict.fromkeys(variables)))


def compile_value(text: str, field: str) -> Template:
    """One path or intrinsic function, the value of `field`. Raises PathSyntaxError or IntrinsicSyntaxError."""
    if is_intrinsic(text):
        intrinsic = compile_intrinsic(text)
        return Template(intrinsic.get, False, intrinsic.variables)
    path = compile_path(text)
    return Template(_path(path, field), False, path.variables)


def _path(path: Path, field: str) -> Evaluate:
    find, get = path.find, path.get
    leaf_may_miss = field.endswith(".$")

    def evaluate(scope: Scope) -> Any:
        if scope.input is None:
            return get(scope, field)
        try:
            return find(scope)
        except NotFound as missing:
            # In a template, and only when it stands alone, AWS answers null for an index past the end of an array.
            if missing.why is Why.INDEX and leaf_may_miss:
                return None
            return get(scope, field)

    return evaluate


def _tree(tree: Any, variables: list[str]) -> Evaluate | None:
    """The closure for `tree`, None if it is constant."""
    if isinstance(tree, dict):
        parts: list[tuple[str, Evaluate | None, Any]] = []
        for key, part in tree.items():
            if key.endswith(".$"):
                template = compile_value(part, key)
                variables.extend(template.variables)
                parts.append((key[:-2], template.get, None))
            else:
                parts.append((key, _tree(part, variables), part))
        return _object(parts) if any(part[1] for part in parts) else None
    if isinstance(tree, list):
        items = [_tree(part, variables) for part in tree]
        return _array(tree, items) if any(items) else None
    return None


def _object(parts: list[tuple[str, Evaluate | None, Any]]) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        return {key: constant if part is None else part(scope) for key, part, constant in parts}

    return evaluate


def _array(tree: list[Any], items: list[Evaluate | None]) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        return [part if item is None else item(scope) for item, part in zip(items, tree, strict=True)]

    return evaluate
