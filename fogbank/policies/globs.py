"""IAM's wild cards: `*` is any text, `?` any one character. Compiled to a test that is linear in what it tests, whoever wrote the
pattern: what stands between two stars is searched from left to right, and nothing is ever tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum

Test = Callable[[str], bool]


class Wild(Enum):
    """What is no text in a pattern."""

    STAR = "*"
    ANY = "?"


Atom = str | Wild
_SPLIT = re.compile(r"([*?])")


def atoms_of(pattern: str) -> list[Atom]:
    """The pattern's texts and wild cards in order."""
    return [Wild(part) if part in ("*", "?") else part for part in _SPLIT.split(pattern) if part]


def compile_glob(pattern: str) -> Test:
    """A test for `pattern`."""
    return glob_of(atoms_of(pattern))


def glob_of(atoms: Iterable[Atom]) -> Test:
    """A test for a pattern's atoms. Text atoms are taken as they are: a `*` in one is a star in the tested text."""
    runs: list[list[Atom]] = [[]]
    for atom in atoms:
        if atom is Wild.STAR:
            runs.append([])
        else:
            runs[-1].append(atom)
    pieces = [_Piece(run) for run in runs]
    if len(pieces) == 1:
        only = pieces[0]
        return only.equals
    head, *middle, tail = pieces
    middle = [piece for piece in middle if piece.length]
    if not middle and not tail.length:
        return _anything if not head.length else head.begins
    length_min = sum(piece.length for piece in pieces)

    def test(value: str) -> bool:
        end = len(value) - tail.length
        if len(value) < length_min or not head.is_at(value, 0) or not tail.is_at(value, end):
            return False
        position = head.length
        for piece in middle:
            position = piece.find(value, position, end)
            if position < 0:
                return False
            position += piece.length
        return True

    return test


def _anything(value: str) -> bool:
    return True


class _Piece:
    """What stands between two stars: text, with `?` for any character."""

    __slots__ = ("_pattern", "_text", "length")

    def __init__(self, atoms: list[Atom]) -> None:
        self.length = sum(1 if atom is Wild.ANY else len(str(atom)) for atom in atoms)
        self._text: str | None = None
        self._pattern: re.Pattern[str] | None = None
        if Wild.ANY in atoms:
            text = "".join("." if atom is Wild.ANY else re.escape(str(atom)) for atom in atoms)
            self._pattern = re.compile(text, re.DOTALL)
        else:
            self._text = "".join(map(str, atoms))

    def is_at(self, value: str, position: int) -> bool:
        if self._text is not None:
            return value.startswith(self._text, position)
        assert self._pattern is not None
        return self._pattern.match(value, position) is not None

    def find(self, value: str, start: int, end: int) -> int:
        """The first place in `value[start:end]`, or -1."""
        if self._text is not None:
            return value.find(self._text, start, end)
        assert self._pattern is not None
        found = self._pattern.search(value, start, end)
        return found.start() if found else -1

    def equals(self, value: str) -> bool:
        return len(value) == self.length and self.is_at(value, 0)

    def begins(self, value: str) -> bool:
        return self.is_at(value, 0)
