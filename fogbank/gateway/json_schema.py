"""JSON Schema draft-04, compiled to closures: what models of request bodies are written in.

`compile_schema(schema, resolve)` gives a function that lists what is wrong with a value, in words near those of AWS's own
validator. `resolve` finds schemas that `$ref` names outside of the document. Depth and regular expressions are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.gateway.json_schema_keywords import KEYWORDS, Check, Problems, Schema, SchemaError
from fogbank.java.expressions import ExpressionError, ExpressionTimeout

Resolve = Callable[[str], Schema | None]

DEPTH_MAX = 100  # ours: schemas within schemas, references included
PROBLEMS_MAX = 20  # ours: the first that are found


class Validator:
    """One compiled schema."""

    def __init__(self, schema: Any, resolve: Resolve) -> None:
        self._root = schema
        self._resolve = resolve
        self._references: dict[str, Check] = {}
        self._check = self._compile(schema, schema)

    def problems(self, value: Any) -> list[str]:
        """What is wrong; [] when nothing is."""
        found: Problems = []
        try:
            self._check(value, found)
        except (RecursionError, ExpressionTimeout):
            found.append("the value is too deep or too long to be checked")
        return found[:PROBLEMS_MAX]

    def _compile(self, schema: Any, document: Any, depth: int = 0) -> Check:
        if not isinstance(schema, dict):
            raise SchemaError("a schema is an object")
        if depth > DEPTH_MAX:
            raise SchemaError("the schema is too deep")
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._reference(reference, document)

        def inner(child: Any) -> Check:
            return self._compile(child, document, depth + 1)

        checks = [
            check
            for keyword, make in KEYWORDS
            if keyword in schema and (check := make(schema, inner)) is not None
        ]
        if len(checks) == 1:
            return checks[0]

        def check_all(value: Any, problems: Problems) -> None:
            for check in checks:
                check(value, problems)

        return check_all

    def _reference(self, reference: str, document: Any) -> Check:
        """Compiled when it is first met by a value: schemas may refer to themselves."""

        def check(value: Any, problems: Problems) -> None:
            compiled = self._references.get(reference)
            if compiled is None:
                target, home = self._target(reference, document)
                compiled = self._references[reference] = self._compile(target, home)
            compiled(value, problems)

        self._target(reference, document)
        return check

    def _target(self, reference: str, document: Any) -> tuple[Any, Any]:
        base, _, pointer = reference.partition("#")
        if base:
            document = self._resolve(base)
            if document is None:
                raise SchemaError(f"{reference} refers to no schema")
        target = document
        for part in pointer.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and part in target:
                target = target[part]
            elif isinstance(target, list) and part.isdigit() and int(part) < len(target):
                target = target[int(part)]
            else:
                raise SchemaError(f"{reference} refers to no schema")
        return target, document


def compile_schema(schema: Any, resolve: Resolve = lambda reference: None) -> Validator:
    """Compile. Raises SchemaError."""
    try:
        return Validator(schema, resolve)
    except (ExpressionError, TypeError, AttributeError, RecursionError) as error:
        raise SchemaError(str(error)) from None


__all__ = ["SchemaError", "Validator", "compile_schema"]
