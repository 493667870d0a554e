"""`States.Format('…', $.x)` and the rest: the text of an intrinsic function to a closure.

What it does with its arguments is in `intrinsics_functions`. All failures are `States.Runtime`: that is what AWS
answers, although its documentation has `States.IntrinsicFailure`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from fogbank.asl import jsonpath
from fogbank.asl.errors import StatesError, runtime_error
from fogbank.asl.intrinsics_functions import FUNCTIONS, InvalidArguments
from fogbank.asl.limits import INTRINSIC_DEPTH_MAX
from fogbank.asl.scope import Scope
from fogbank.core.errors import FogbankError
from fogbank.java.jsonpath_nodes import PathSyntaxError
from fogbank.java.jsonpath_syntax import parse_path_within

Evaluate: TypeAlias = Callable[[Scope], Any]

_CACHED = 4_096
_CALL = re.compile(r"States\.([A-Za-z0-9]+)\(")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,63})(?:\.[0-9]{1,64})?(?:[eE][+-]?[0-9]{1,3})?")
_WORD = re.compile(r"(?:true|false|null)(?![A-Za-z0-9_])")
_WORDS = {"true": True, "false": False, "null": None}
_BLANKS = " \t\r\n"


class IntrinsicSyntaxError(FogbankError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A compiled call. `variables` are the names (without `$`) that it reads. `get` raises StatesError."""

    text: str
    variables: tuple[str, ...]
    get: Evaluate


def is_intrinsic(text: str) -> bool:
    """Whether a text means to be a call, not a path."""
    return text.startswith("States.")


@lru_cache(_CACHED)
def compile_intrinsic(text: str) -> Intrinsic:
    """Raises IntrinsicSyntaxError for anything but one whole call."""
    parser = _Parser(text)
    evaluate = parser.call(1)
    parser.blanks()
    if parser.at != len(text):
        raise IntrinsicSyntaxError(f"unexpected text at position {parser.at}")

    def get(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except (_Missing, InvalidArguments) as error:
            raise _failure(text, error, scope) from None
        except RecursionError:
            # Values nested deeper than Python compares.
            raise _failure(text, InvalidArguments("the arguments are nested too deeply"), scope) from None

    return Intrinsic(text, tuple(dict.fromkeys(parser.variables)), get)


class _Missing(FogbankError):
    """A path among the arguments finds nothing."""


def _failure(text: str, error: FogbankError, scope: Scope) -> StatesError:
    detail = str(error)
    if isinstance(error, _Missing):
        detail = (
            f"The JsonPath argument for the field '{detail}' could not be found in the input "
            f"'{jsonpath.shown_input(scope)}'"
        )
    return runtime_error(f"The function '{text}' had the following error: {detail}")


class _Parser:
    """One position in one text; each method reads one thing, stands after it and answers its closure."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.variables: list[str] = []

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _BLANKS:
            self.at += 1

    def call(self, depth: int) -> Evaluate:
        head = _CALL.match(self.text, self.at)
        if head is None or head[1] not in FUNCTIONS:
            raise IntrinsicSyntaxError(f"no intrinsic function at position {self.at}")
        if depth > INTRINSIC_DEPTH_MAX:
            raise IntrinsicSyntaxError("intrinsic functions are nested too deeply")
        name = head[1]
        self.at = head.end()
        arguments: list[Evaluate] = []
        self.blanks()
        while not self.text.startswith(")", self.at):
            if arguments:
                if not self.text.startswith(",", self.at):
                    raise IntrinsicSyntaxError(f"expected , or ) at position {self.at}")
                self.at += 1
                self.blanks()
            arguments.append(self._argument(depth, template=name == "Format" and not arguments))
            self.blanks()
        self.at += 1
        function = FUNCTIONS[name]
        return lambda scope: function([argument(scope) for argument in arguments], scope.budget.ids)

    def _argument(self, depth: int, *, template: bool) -> Evaluate:
        text, at = self.text, self.at
        if text.startswith("$", at):
            return self._path()
        if text.startswith("'", at):
            value = self._string(template=template)
            return lambda scope: value
        if text.startswith("States.", at):
            return self.call(depth + 1)
        if (number := _NUMBER.match(text, at)) is not None:
            self.at = number.end()
            constant = int(number[0]) if number[0].lstrip("-").isdigit() else float(number[0])
            return lambda scope: constant
        if (word := _WORD.match(text, at)) is not None:
            self.at = word.end()
            literal = _WORDS[word[0]]
            return lambda scope: literal
        raise IntrinsicSyntaxError(f"no argument at position {at}")

    def _path(self) -> Evaluate:
        start = self.at
        try:
            node, self.at = parse_path_within(self.text, start)
            path = jsonpath.compile_node(self.text[start : self.at], node)
        except PathSyntaxError as error:
            raise IntrinsicSyntaxError(str(error)) from None
        self.variables.extend(path.variables)
        # Of the context object AWS names the path within it (as others measured), beside the state's input.
        find, text = path.find, path.text.replace("$$", "$", 1)

        def argument(scope: Scope) -> Any:
            try:
                return find(scope)
            except jsonpath.NotFound:
                raise _Missing(text) from None

        return argument

    def _string(self, *, template: bool) -> str:
        """`'…'` with `\\'`, `\\{`, `\\}` and `\\\\`; a template keeps the last three, they are Format's to read.

        `\\"` stays as it is, so that JSON can be written in a string.
        """
        text, at = self.text, self.at + 1
        parts: list[str] = []
        while at < len(text) and text[at] != "'":
            char = text[at]
            if char == "\\":
                at += 1
                if at >= len(text) or text[at] not in "'{}\\\"":
                    raise IntrinsicSyntaxError(f"invalid escape at position {at}")
                kept = text[at] == '"' or (template and text[at] != "'")
                char = "\\" + text[at] if kept else text[at]
            parts.append(char)
            at += 1
        if at >= len(text):
            raise IntrinsicSyntaxError("a string is not closed")
        self.at = at + 1
        return "".join(parts)
