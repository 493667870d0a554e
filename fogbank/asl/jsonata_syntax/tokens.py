"""Text to tokens. A slash means division or a regular expression by what the grammar expects, so it says which."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Any, Final, NamedTuple

from fogbank.asl.jsonata_syntax.errors import JsonataSyntaxError


class Kind(Enum):
    """What a token is."""

    OPERATOR = "operator"
    NAME = "name"
    VARIABLE = "variable"
    NUMBER = "number"
    STRING = "string"
    VALUE = "value"
    REGEX = "regex"
    END = "end"


class Token(NamedTuple):
    """`value` is the operator, name, constant or (pattern, flags); `end` the offset after it."""

    kind: Kind
    value: Any
    end: int


_DOUBLE = frozenset({"..", ":=", "!=", ">=", "<=", "**", "~>"})
_SINGLE = frozenset(".[]{}(),@#;:?+-*/%|=<>^&")
_SPACE = re.compile(r"[ \t\n\r\v]*")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_WORD = re.compile(r"[^ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]*")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}


class Tokens:
    """The tokens of one expression, one at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def next(self, *, operand: bool) -> Token:
        """The next token; `operand` where an operand may start, so that `/` opens a regular expression."""
        self._skip()
        text, at = self._text, self._at
        if at >= len(text):
            return Token(Kind.END, "(end)", at)
        first = text[at]
        if operand and first == "/":
            return self._regex()
        if text[at : at + 2] in _DOUBLE:
            return self._token(Kind.OPERATOR, text[at : at + 2], at + 2)
        if first in "!~":
            raise JsonataSyntaxError("S0204", at + 1, token=first)
        if first in _SINGLE:
            return self._token(Kind.OPERATOR, first, at + 1)
        if first in "\"'":
            return self._string(first)
        if match := _NUMBER.match(text, at):
            return self._number(match)
        if first == "`":
            return self._quoted_name()
        return self._word()

    def _token(self, kind: Kind, value: Any, end: int) -> Token:
        self._at = end
        return Token(kind, value, end)

    def _skip(self) -> None:
        text = self._text
        while True:
            self._at = _SPACE.match(text, self._at).end()  # type: ignore[union-attr]  # it matches the empty string
            if not text.startswith("/*", self._at):
                return
            end = text.find("*/", self._at + 2)
            if end < 0:
                raise JsonataSyntaxError("S0106", self._at)
            self._at = end + 2

    def _string(self, quote: str) -> Token:
        text, at = self._text, self._at + 1
        parts: list[str] = []
        while at < len(text):
            char = text[at]
            if char == quote:
                return self._token(Kind.STRING, _joined(parts), at + 1)
            if char == "\\":
                at += 1
                escape = text[at : at + 1]
                if escape in _ESCAPES:
                    parts.append(_ESCAPES[escape])
                elif escape == "u":
                    digits = text[at + 1 : at + 5]
                    if not _HEX.fullmatch(digits):
                        raise JsonataSyntaxError("S0104", at)
                    parts.append(chr(int(digits, 16)))
                    at += 4
                else:
                    raise JsonataSyntaxError("S0103", at, token=escape)
            else:
                parts.append(char)
            at += 1
        raise JsonataSyntaxError("S0101", at)

    def _number(self, match: re.Match[str]) -> Token:
        digits = match[0]
        double = float(digits)
        if math.isinf(double):
            raise JsonataSyntaxError("S0102", match.start(), token=digits)
        value: int | float = double
        if double.is_integer() and abs(double) < 2**63:
            value = int(double) if match[1] or match[2] else int(digits)
        return self._token(Kind.NUMBER, value, match.end())

    def _quoted_name(self) -> Token:
        end = self._text.find("`", self._at + 1)
        if end < 0:
            raise JsonataSyntaxError("S0105", len(self._text))
        return self._token(Kind.NAME, self._text[self._at + 1 : end], end + 1)

    def _word(self) -> Token:
        match = _WORD.match(self._text, self._at)
        assert match is not None
        word, end = match[0], match.end()
        if word.startswith("$"):
            return self._token(Kind.VARIABLE, word[1:], end)
        if word in ("and", "or", "in"):
            return self._token(Kind.OPERATOR, word, end)
        if word in _CONSTANTS:
            return self._token(Kind.VALUE, _CONSTANTS[word], end)
        return self._token(Kind.NAME, word, end)

    def _regex(self) -> Token:
        text, start = self._text, self._at + 1
        at, depth = start, 0
        while at < len(text):
            char = text[at]
            if char == "\\":
                at += 2
                continue
            if char == "/" and depth == 0:
                if at == start:
                    raise JsonataSyntaxError("S0301", at)
                end = at + 1
                while text[end : end + 1] in ("i", "m"):
                    end += 1
                return self._token(Kind.REGEX, (text[start:at], text[at + 1 : end]), end)
            if char in "([{":
                depth += 1
            elif char in ")]}":
                depth -= 1
            at += 1
        raise JsonataSyntaxError("S0302", at)


def _joined(parts: list[str]) -> str:
    text = "".join(parts)
    # Escapes may spell a character outside the basic plane as two surrogates, which Python would keep apart.
    if any("\ud800" <= char <= "\udfff" for char in parts):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
