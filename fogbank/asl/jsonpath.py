"""JSONPath as Step Functions has it: compile once, `find` or `get` many times; reference paths for ResultPath.

Jayway's dialect. A definite path answers what it finds; one that may find many answers a list, empty when nothing was
found. `find` raises NotFound, which says what went wrong in Jayway's words; `get` says it as AWS does for a field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from fogbank.asl.errors import StatesError, runtime_error
from fogbank.asl.jsonata_patterns.program import Program
from fogbank.asl.jsonata_patterns.syntax import PatternError, PatternSyntax
from fogbank.asl.scope import Scope
from fogbank.asl.texts import json_text
from fogbank.core.errors import FogbankError
from fogbank.java.jsonpath import plain_keys
from fogbank.java.jsonpath_nodes import PathNode, PathSyntaxError, PathTooLong
from fogbank.java.jsonpath_roots import roots
from fogbank.java.jsonpath_run import NOTHING, Matches, Run
from fogbank.java.jsonpath_steps import Compiler, is_definite
from fogbank.java.jsonpath_syntax import parse_path

__all__ = [
    "NotFound",
    "Path",
    "PathSyntaxError",
    "Reference",
    "Why",
    "compile_node",
    "compile_path",
    "compile_reference",
]

_CACHED_PATHS = 4_096


class Why(Enum):
    """Why a definite path found nothing."""

    LEAF = "the last step found nothing"
    INNER = "a step before the last found nothing"
    INDEX = "the last step is an index past the end of an array"
    VARIABLE = "the variable is not assigned"


class NotFound(FogbankError):
    """A definite path found nothing. `detail` is Jayway's sentence."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `variables` are the names (without `$`) of the variables that it reads."""

    text: str
    root: str
    definite: bool
    variables: tuple[str, ...]
    find: Callable[[Scope], Any]
    """What the path finds. Raises NotFound."""

    def get(self, scope: Scope, field: str) -> Any:
        """What the path finds, for a field of a state. Raises StatesError with AWS's cause for that field."""
        if self.root == "$" and scope.input is None:
            raise runtime_error("Unable to apply Path transformation to null or empty input.")
        try:
            return self.find(scope)
        except NotFound as missing:
            raise _failure(self.text, field, missing, scope) from None


@lru_cache(_CACHED_PATHS)
def compile_path(text: str) -> Path:
    """Raises PathSyntaxError."""
    return compile_node(text, parse_path(text))


def compile_node(text: str, node: PathNode) -> Path:
    """A path that has been parsed from `text`. Raises PathSyntaxError."""
    variables = tuple(dict.fromkeys(root for root in roots(node) if root not in ("$", "$$", "@")))
    keys = plain_keys(node)
    find = _walk(node.root, keys) if keys is not None else _search(node)
    return Path(text, node.root, is_definite(node.steps), variables, find)


_PARAMETER_FIELDS = frozenset(
    [
        "SecondsPath",
        "TimestampPath",
        "TimeoutSecondsPath",
        "HeartbeatSecondsPath",
        "MaxConcurrencyPath",
        "ErrorPath",
        "CausePath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
        "MaxItemsPath",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatchPath",
    ]
)


def _failure(text: str, field: str, missing: NotFound, scope: Scope) -> StatesError:
    if field == "Variable":
        return runtime_error(
            f"Invalid path '{text}': The choice state's condition path references an invalid value."
        )
    if field in _PARAMETER_FIELDS:
        return runtime_error(f"The {field} parameter does not reference an input value: {text}")
    if field.endswith(".$"):
        return runtime_error(
            f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
            f"'{shown_input(scope)}'"
        )
    return runtime_error(f"Invalid path '{text}' : {missing.detail}")


def shown_input(scope: Scope) -> str:
    """The input as causes show it: as it was written, where that is known."""
    return scope.input_text if scope.input_text is not None else json_text(scope.input)


def _document(scope: Scope, root: str) -> Any:
    if root == "$":
        return scope.input
    if root == "$$":
        return scope.context
    if root in scope.variables:
        return scope.variables[root]
    raise NotFound(Why.VARIABLE, f"The variable '${root}' is not defined.")


def _walk(root: str, keys: tuple[str | int, ...]) -> Callable[[Scope], Any]:
    if root == "$" and not keys:
        return lambda scope: scope.input

    def find(scope: Scope) -> Any:
        value = document = scope.input if root == "$" else _document(scope, root)
        for key in keys:
            kind = type(value)
            if isinstance(key, str):
                if kind is dict and key in value:
                    value = value[key]
                    continue
            elif kind is list and -len(value) <= key < len(value):
                value = value[key]
                continue
            raise _lost(document, keys)
        return value

    return find


def _lost(document: Any, keys: tuple[str | int, ...]) -> NotFound:
    """Walks again to say where the path ended."""
    value = document
    for position, key in enumerate(keys):
        leaf = position == len(keys) - 1
        if isinstance(key, str):
            if not isinstance(value, dict):
                return NotFound(Why.INNER, _no_object(key, keys[:position], value))
            if key not in value:
                trail = _bracketed(keys[: position + 1])
                if leaf:
                    return NotFound(Why.LEAF, f"No results for path: {trail}")
                return NotFound(Why.INNER, f"Missing property in path {trail}")
        else:
            if not isinstance(value, list):
                shape = json_text(value) if value is not None else "null"
                return NotFound(
                    Why.INNER, f"Filter: [{key}] can only be applied to arrays. Current context is: {shape}"
                )
            if not -len(value) <= key < len(value):
                trail = _bracketed(keys[: position + 1])
                return NotFound(Why.INDEX if leaf else Why.INNER, f"No results for path: {trail}")
        value = value[key]
    raise AssertionError("the path was found after all")


def _no_object(key: str, before: tuple[str | int, ...], value: Any) -> str:
    """Jayway names the Java class that it found; the classes are those of its default reader, which AWS uses."""
    found = "null"
    for kind, name in _JAVA_CLASSES.items():
        if type(value) is kind:
            found = f"'{name}'"
    return (
        f"Expected to find an object with property ['{key}'] in path {_bracketed(before)} but found {found}. "
        "This is not a json object according to the JsonProvider: "
        "'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'."
    )


_JAVA_CLASSES: dict[type, str] = {
    str: "java.lang.String",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    bool: "java.lang.Boolean",
    list: "net.minidev.json.JSONArray",
}


def _bracketed(keys: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"['{key}']" if isinstance(key, str) else f"[{key}]" for key in keys)


def _search(node: PathNode) -> Callable[[Scope], Any]:
    """Any other path, by the general machinery."""
    look = Compiler(_pattern).find(node)

    def find(scope: Scope) -> Any:
        try:
            found = look(None, Run(lambda root: _document_or_nothing(scope, root)))
        except (PathTooLong, RecursionError):
            # RecursionError: values nested deeper than Python compares. AWS bounds paths by time and does not document the answer; ours.
            raise runtime_error("The evaluation of a JSONPath exceeded its limit.") from None
        if found is NOTHING:
            raise NotFound(Why.LEAF, "No results for path")
        return found

    return find


def _document_or_nothing(scope: Scope, root: str) -> Any:
    if root == "$":
        return scope.input
    return scope.context if root == "$$" else scope.variables.get(root, NOTHING)


def _pattern(pattern: str, flags: str) -> Matches:
    """Expressions of definitions run on the engine that counts its steps: no clock bounds them."""
    syntax = PatternSyntax(f"^(?:{pattern})$")
    try:
        part = syntax.parse()
        groups = 2 * (syntax.groups + 1)
        program = Program(part, groups, ignore_case="i" in flags, multiline="m" in flags)
    except PatternError as error:
        raise PathSyntaxError(f"/{pattern}/: {error}") from None
    return lambda text, run: program.match(text, 0, run.visit) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference path, such as ResultPath takes: only names and indices from `$`, so that it is one place."""

    text: str
    keys: tuple[str | int, ...]

    def put(self, document: Any, value: Any) -> Any:
        """`document` with `value` at the path; only what lies on the path is copied, what is missing is made.

        Raises StatesError States.ResultPathMatchFailure where the path leads through something that has no parts.
        """
        return self._put(document, value, 0)

    def _put(self, document: Any, value: Any, depth: int) -> Any:
        if depth == len(self.keys):
            return value
        key = self.keys[depth]
        if isinstance(key, str):
            if document is None or document is NOTHING:
                document = {}
            if isinstance(document, dict):
                return {**document, key: self._put(document.get(key, NOTHING), value, depth + 1)}
        elif isinstance(document, list) and 0 <= key < len(document):
            return [*document[:key], self._put(document[key], value, depth + 1), *document[key + 1 :]]
        raise StatesError(
            "States.ResultPathMatchFailure",
            f"Unable to apply step '{_step_text(key)}' to input {json_text(None if document is NOTHING else document)}",
        )


def _step_text(key: str | int) -> str:
    return key if isinstance(key, str) else f"[{key}]"


@lru_cache(_CACHED_PATHS)
def compile_reference(text: str) -> Reference:
    """Raises PathSyntaxError."""
    node = parse_path(text)
    keys = plain_keys(node)
    if keys is None or node.root not in ("$", "$$"):
        raise PathSyntaxError("not a reference path")
    if node.root == "$$":
        raise PathSyntaxError("a reference path must begin with '$'")
    return Reference(text, keys)
