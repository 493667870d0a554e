"""The text of a pattern to its parts."""

from __future__ import annotations

import re
from typing import Final

from fogbank.asl.jsonata_patterns.parts import (
    ANY,
    CLASSES,
    BackReference,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Part,
    Ranges,
    Repeat,
    Row,
    inverted,
)

_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_NAME = re.compile(r"\(\?<([A-Za-z_$][\w$]*)>")
_DEPTH_MAX = 64
_COUNT_MAX = 10_000


class PatternError(Exception):
    """The text is no pattern; the message says why."""


class PatternSyntax:
    """Reads one pattern. `groups` is how many capturing groups it has."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self.groups = 0
        self._names: dict[str, int] = {}
        self._group_count, self._known_names = _survey(text)

    def parse(self) -> Part:
        part = self._choice()
        if self._at < len(self._text):
            raise PatternError("Unmatched ')'")
        return part

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, expected: str) -> bool:
        if self._text.startswith(expected, self._at):
            self._at += len(expected)
            return True
        return False

    def _choice(self) -> Part:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise PatternError("Too many nested groups")
        options = [self._row()]
        while self._take("|"):
            options.append(self._row())
        self._depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _row(self) -> Part:
        parts = []
        while (char := self._peek()) and char not in "|)":
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _quantified(self, part: Part) -> Part:
        char = self._peek()
        least, most = 0, None
        if char and char in "*+?":
            self._at += 1
            least, most = (1 if char == "+" else 0), (1 if char == "?" else None)
        elif match := _COUNT.match(self._text, self._at):
            self._at = match.end()
            least = int(match[1])
            most = least if match[2] is None else int(match[3]) if match[3] else None
            if max(least, most or 0) > _COUNT_MAX or (most is not None and most < least):
                raise PatternError("numbers out of order in {} quantifier")
        else:
            return part
        if isinstance(part, Edge) or (isinstance(part, Look) and part.behind):
            raise PatternError("Nothing to repeat")
        return Repeat(part, least, most, self._take("?"))

    def _atom(self) -> Part:
        char = self._text[self._at]
        if char == "(":
            return self._group()
        self._at += 1
        match char:
            case "[":
                return self._class()
            case ".":
                return ANY
            case "^":
                return Edge.START
            case "$":
                return Edge.END
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise PatternError("Nothing to repeat")
            case _:
                return _char(char)

    def _group(self) -> Part:
        for opening, behind, negated in (
            ("(?=", False, False), ("(?!", False, True), ("(?<=", True, False), ("(?<!", True, True),
        ):  # fmt: skip
            if self._take(opening):
                return Look(self._body(), behind, negated)
        if self._take("(?:"):
            return self._body()
        named = _NAME.match(self._text, self._at)
        if named is None and self._text.startswith("(?", self._at):
            raise PatternError("Invalid group")
        self._at = named.end() if named else self._at + 1
        self.groups += 1
        number = self.groups
        return Group(number, self._body())

    def _body(self) -> Part:
        body = self._choice()
        if not self._take(")"):
            raise PatternError("Unterminated group")
        return body

    def _escape(self) -> Part:
        char = self._peek()
        if not char:
            raise PatternError("\\ at end of pattern")
        if char in "bB":
            self._at += 1
            return Edge.WORD if char == "b" else Edge.NOT_WORD
        if char in "123456789":
            digits = re.match(r"\d+", self._text[self._at :])
            assert digits is not None
            if int(digits[0]) <= self._group_count:
                self._at += digits.end()
                return BackReference(int(digits[0]))
        if char == "k" and self._known_names and (named := re.match(r"k<([^>]*)>", self._text[self._at :])):
            if named[1] not in self._known_names:
                raise PatternError("Invalid named capture referenced")
            self._at += named.end()
            return BackReference(self._known_names[named[1]])
        return Chars(self._escaped_ranges())

    def _escaped_ranges(self) -> Ranges:
        char = self._peek()
        if not char:
            raise PatternError("\\ at end of pattern")
        self._at += 1
        if char in CLASSES:
            return CLASSES[char]
        if char in _CONTROLS:
            return _char(_CONTROLS[char]).ranges
        for letter, digits in (("x", 2), ("u", 4)):
            code = self._text[self._at : self._at + digits]
            if char == letter and re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", code):
                self._at += digits
                return _char(chr(int(code, 16))).ranges
        if char == "c" and self._peek().isascii() and self._peek().isalpha():
            letter = self._peek()
            self._at += 1
            return _char(chr(ord(letter) % 32)).ranges
        return _char(char).ranges

    def _class(self) -> Part:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            if self._at >= len(self._text):
                raise PatternError("Unterminated character class")
            first = self._class_item()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                second = self._class_item()
                if _is_single(first) and _is_single(second):
                    if first[0][0] > second[0][0]:
                        raise PatternError("Range out of order in character class")
                    ranges.append((first[0][0], second[0][0]))
                else:
                    ranges.extend((*first, (45, 45), *second))
            else:
                ranges.extend(first)
        made = tuple(ranges)
        return Chars(inverted(made) if negated else made)

    def _class_item(self) -> Ranges:
        if self._take("\\"):
            if self._take("b"):
                return _char("\b").ranges
            return self._escaped_ranges()
        char = self._text[self._at]
        self._at += 1
        return _char(char).ranges


def _char(char: str) -> Chars:
    return Chars(((ord(char), ord(char)),))


def _is_single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _survey(text: str) -> tuple[int, dict[str, int]]:
    """How many groups there are, and the names of the named: a reference may come before its group."""
    count, names, in_class, at = 0, dict[str, int](), False, 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == "(" and not in_class:
            named = _NAME.match(text, at)
            if named or text[at + 1 : at + 2] != "?":
                count += 1
            if named:
                names[named[1]] = count
        at += 1
    return count, names
