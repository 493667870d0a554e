"""References and the expressions inside of directives, from text to nodes."""

from __future__ import annotations

import re
from collections.abc import Callable

from fogbank.templates.errors import TemplateError
from fogbank.templates.limits import DEPTH_MAX
from fogbank.templates.nodes import (
    Binary,
    Block,
    Constant,
    Expression,
    Interpolated,
    Item,
    ListLiteral,
    MapLiteral,
    MethodCall,
    Property,
    Range,
    Reference,
    Unary,
)

IDENTIFIER = re.compile(r"[a-zA-Z_][\w-]*", re.ASCII)
_START = re.compile(r"\$!?(\{?)([a-zA-Z_][\w-]*)", re.ASCII)
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d+(?:\.(?!\.)\d*(?:[eE][+-]?\d+)?)?")
_WORD = re.compile(r"(true|false|null)\b")
_LEVELS: tuple[tuple[re.Pattern[str], dict[str, str]], ...] = (
    (re.compile(r"\|\||or\b"), {"or": "||"}),
    (re.compile(r"&&|and\b"), {"and": "&&"}),
    (re.compile(r"==|!=|eq\b|ne\b"), {"eq": "==", "ne": "!="}),
    (re.compile(r"<=|>=|<|>|lt\b|gt\b|le\b|ge\b"), {"lt": "<", "gt": ">", "le": "<=", "ge": ">="}),
    (re.compile(r"[+-]"), {}),
    (re.compile(r"[*/%]"), {}),
)
_NOT = re.compile(r"!(?!=)|not\b")

Interpolate = Callable[[str, int], Block]


class ExpressionParser:
    """Reads expressions off a text. `interpolate` parses the inside of a double-quoted string, given its depth."""

    def __init__(self, text: str, interpolate: Interpolate, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self._interpolate = interpolate

    # --- references -------------------------------------------------------------------------------------------------

    def reference(self, at: int) -> tuple[Reference, int] | None:
        """The reference that begins at `at`, and where it ends; None when that is plain text."""
        match = _START.match(self.text, at)
        if match is None:
            return None
        braced = bool(match[1])
        saved, self.at = self.at, match.end()
        path = self._path(braced)
        end = self.at
        self.at = saved
        if braced:
            if not self.text.startswith("}", end):
                return None
            end += 1
        return Reference(match[2], tuple(path), self.text[at:end]), end

    def _path(self, braced: bool) -> list[Property | MethodCall | Item]:
        found: list[Property | MethodCall | Item] = []
        while True:
            char = self.text[self.at : self.at + 1]
            if char == ".":
                match = IDENTIFIER.match(self.text, self.at + 1)
                if match is None:
                    return found
                self.at = match.end()
                if self.text.startswith("(", self.at):
                    self.at += 1
                    found.append(MethodCall(match[0], tuple(self._until(")"))))
                else:
                    found.append(Property(match[0]))
            elif char == "[" and (found or braced or self._is_index()):
                self.at += 1
                found.append(Item(self.expression()))
                self._expect("]")
            else:
                return found

    def _is_index(self) -> bool:
        """`$x[0]` is an item; `$x[` before anything else is text (JSON often follows a reference)."""
        rest = self.text[self.at + 1 : self.at + 2]
        return rest.isdigit() or rest in ("$", "'", '"', "-")

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, level: int = 0) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        operators, names = _LEVELS[level]
        left = self.expression(level + 1)
        while True:
            self.space()
            match = operators.match(self.text, self.at)
            if match is None:
                return left
            self.at = match.end()
            left = Binary(names.get(match[0], match[0]), left, self.expression(level + 1))

    def _unary(self) -> Expression:
        self.space()
        self._deeper()
        try:
            if match := _NOT.match(self.text, self.at):
                self.at = match.end()
                return Unary("!", self._unary())
            if self.text.startswith("-", self.at) and not _NUMBER.match(self.text, self.at):
                self.at += 1
                return Unary("-", self._unary())
            return self._primary()
        finally:
            self.depth -= 1

    def _primary(self) -> Expression:
        text, char = self.text, self.text[self.at : self.at + 1]
        if char == "$":
            found = self.reference(self.at)
            if found is None:
                raise self.error("a reference")
            self.at = found[1]
            return found[0]
        if char and char in "'\"":
            return self._string(char)
        if char == "(":
            self.at += 1
            inner = self.expression()
            self._expect(")")
            return inner
        if char == "[":
            return self._list()
        if char == "{":
            return self._map()
        if match := _WORD.match(text, self.at):
            self.at = match.end()
            return Constant({"true": True, "false": False}.get(match[0]))
        if match := _NUMBER.match(text, self.at):
            self.at = match.end()
            digits = match[0]
            return Constant(float(digits) if "." in digits else int(digits[:400]))
        raise self.error("a value")

    def _string(self, quote: str) -> Expression:
        """A quote inside is doubled; nothing else is escaped."""
        start = self.at + 1
        end = self.text.find(quote, start)
        while end >= 0 and self.text.startswith(quote, end + 1):
            end = self.text.find(quote, end + 2)
        if end < 0:
            raise self.error(f"the closing {quote}")
        inside = self.text[start:end].replace(quote * 2, quote)
        self.at = end + 1
        if quote == "'" or ("$" not in inside and "#" not in inside):
            return Constant(inside)
        return Interpolated(self._interpolate(inside, self.depth + 1))

    def _list(self) -> Expression:
        self.at += 1
        if self.takes("]"):
            return ListLiteral(())
        first = self.expression()
        if self.takes(".."):
            last = self.expression()
            self._expect("]")
            return Range(first, last)
        items = [first]
        while self.takes(","):
            items.append(self.expression())
        self._expect("]")
        return ListLiteral(tuple(items))

    def _map(self) -> Expression:
        self.at += 1
        if self.takes("}"):
            return MapLiteral(())
        items = []
        while True:
            key = self.expression()
            self._expect(":")
            items.append((key, self.expression()))
            if not self.takes(","):
                break
        self._expect("}")
        return MapLiteral(tuple(items))

    def _until(self, end: str) -> list[Expression]:
        """Expressions, with commas or white space between them, up to a closing bracket."""
        found: list[Expression] = []
        while not self.takes(end):
            found.append(self.expression())
            self.takes(",")
        return found

    arguments = _until

    # --- small parts ------------------------------------------------------------------------------------------------

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def takes(self, token: str) -> bool:
        self.space()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self.takes(token):
            raise self.error(f"'{token}'")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise TemplateError("the template is nested too deeply")

    def error(self, wanted: str) -> TemplateError:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        got = self.text[self.at : self.at + 16] or "the end"
        return TemplateError(f"line {line}, column {column}: expected {wanted}, got {got!r}")
