"""What filter patterns compare with: words, quoted strings with `*`, numbers, `%regular expressions%`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fogbank.services.logs.pattern.automaton import compile_regex
from fogbank.services.logs.pattern.base import PatternError

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")
COMPARISON = re.compile(r"!=|<=|>=|=|<|>")


@dataclass(frozen=True, slots=True)
class Value:
    """A comparand: a predicate over text, and its number when it is one."""

    matches: Callable[[str], bool]
    number: float | None = None
    is_regex: bool = False


class Scanner:
    """A position in a pattern. Raises PatternError where the text does not go on as it must."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def peek(self, size: int = 1) -> str:
        return self.text[self.at : self.at + size]

    def take(self, token: str) -> bool:
        """Step over `token` when it is next."""
        self.skip_space()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise PatternError("Invalid filter pattern")

    def find(self, expression: re.Pattern[str]) -> str | None:
        """Step over what `expression` matches here."""
        self.skip_space()
        found = expression.match(self.text, self.at)
        if found is None or not found[0]:
            return None
        self.at = found.end()
        return found[0]

    def ended(self) -> bool:
        self.skip_space()
        return self.at >= len(self.text)

    def quoted(self) -> str:
        """A string in double quotes; the quote is next. `\\"` stands for a quote within."""
        end = self.at + 1
        while True:
            end = self.text.find('"', end)
            if end < 0:
                raise PatternError("Invalid filter pattern")
            if self.text[end - 1] != "\\":
                break
            end += 1
        found = self.text[self.at + 1 : end].replace('\\"', '"')
        self.at = end + 1
        return found

    def regex(self) -> Callable[[str], bool]:
        """An expression between percent signs; the first is next."""
        end = self.text.find("%", self.at + 1)
        if end < 0:
            raise PatternError("Invalid filter pattern")
        found = self.text[self.at + 1 : end]
        self.at = end + 1
        return compile_regex(found)


def wildcard(text: str) -> Callable[[str], bool]:
    """A predicate for whole texts, where `*` stands for anything."""
    if "*" not in text:
        return text.__eq__
    pieces = text.split("*")
    first, middle, last = pieces[0], [piece for piece in pieces[1:-1] if piece], pieces[-1]

    def matches(candidate: str) -> bool:
        if not candidate.startswith(first) or not candidate.endswith(last):
            return False
        at, end = len(first), len(candidate) - len(last)
        for piece in middle:
            at = candidate.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return at <= end

    return matches


def value_of(word: str) -> Value:
    """The comparand that an unquoted word stands for."""
    number = float(word) if NUMBER.match(word) else None
    return Value(wildcard(word), number)


def read_value(scanner: Scanner, word: re.Pattern[str]) -> Value:
    """The comparand that comes next; `word` says what an unquoted one may hold."""
    scanner.skip_space()
    if scanner.peek() == '"':
        return Value(wildcard(scanner.quoted()))
    if scanner.peek() == "%":
        return Value(scanner.regex(), is_regex=True)
    found = scanner.find(word)
    if found is None:
        raise PatternError("Invalid filter pattern")
    return value_of(found)


def compare_numbers(operator: str, one: float, other: float) -> bool:
    match operator:
        case "=":
            return one == other
        case "!=":
            return one != other
        case "<":
            return one < other
        case "<=":
            return one <= other
        case ">":
            return one > other
        case _:
            return one >= other
