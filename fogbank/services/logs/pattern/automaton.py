"""Regular expressions of filter patterns, run in time linear in the message.

A pattern comes from a client and runs over every message, so a backtracking engine would let `a*a*a*a*b` stall the platform.
AWS's subset has no groups and no back-references, so an expression is a choice of sequences of character sets with
repetitions: a small NFA, whose sets of states become DFA states on the way, kept in a bounded table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from fogbank.services.logs.pattern.base import PatternError

STATES_MAX = 2000  # NFA states of one expression: bounds {1,1000}
TABLE_MAX = 4096  # DFA transitions kept

_ALLOWED = re.compile(r"[A-Za-z0-9:_#=@/;,\-\s^$?\[\]{}|\\*+.]*")
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda c: "0" <= c <= "9",
    "D": lambda c: not "0" <= c <= "9",
    "s": str.isspace,
    "S": lambda c: not c.isspace(),
    "w": lambda c: c == "_" or (c.isascii() and c.isalnum()),
    "W": lambda c: not (c == "_" or (c.isascii() and c.isalnum())),
}

Test = Callable[[str], bool]


@dataclass(slots=True)
class _Piece:
    """One character set and how often it comes; `most` None: without end."""

    test: Test
    least: int = 1
    most: int | None = 1


@dataclass(slots=True)
class _Branch:
    pieces: list[_Piece] = field(default_factory=list)
    from_start: bool = False
    to_end: bool = False


def compile_regex(text: str) -> Callable[[str], bool]:
    """A predicate: does the expression match somewhere in a message? Raises PatternError."""
    if not _ALLOWED.fullmatch(text):
        raise PatternError(f"Invalid character(s) in term '%{text}%'")
    return compile_any(text)


def compile_any(text: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """As `compile_regex`, with every character allowed. Parentheses mean themselves only when escaped."""
    if not text:
        raise PatternError("Invalid filter pattern")
    branches = [_parse(branch) for branch in _branches(text)]
    if ignore_case:
        for piece in (piece for branch in branches for piece in branch.pieces):
            piece.test = _either_case(piece.test)
    return _Automaton(branches).search


def _either_case(test: Test) -> Test:
    return lambda c: test(c) or test(c.swapcase())


def _branches(text: str) -> list[str]:
    """Split at `|` outside of sets and escapes."""
    found, start, at, in_set = [], 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            in_set = True
        elif text[at] == "]":
            in_set = False
        elif text[at] == "|" and not in_set:
            found.append(text[start:at])
            start = at + 1
        at += 1
    return [*found, text[start:]]


def _parse(text: str) -> _Branch:
    branch, at = _Branch(), 0
    if text.startswith("^"):
        branch.from_start, at = True, 1
    while at < len(text):
        if text[at] == "$" and at == len(text) - 1:
            branch.to_end = True
            break
        test, at = _test(text, at)
        piece = _Piece(test)
        at = _repetition(text, at, piece)
        branch.pieces.append(piece)
    return branch


def _test(text: str, at: int) -> tuple[Test, int]:
    match text[at]:
        case ".":
            return (lambda c: c != "\n"), at + 1
        case "[":
            return _set(text, at)
        case "\\":
            return _escape(text, at)
        case "*" | "+" | "?" | "{" | "}" | "]" | "^" | "$" | "(" | ")":
            raise PatternError("Invalid filter pattern")
        case literal:
            return literal.__eq__, at + 1


def _escape(text: str, at: int) -> tuple[Test, int]:
    name = text[at + 1 : at + 2]
    if not name:
        raise PatternError("Invalid filter pattern")
    if name in _CLASSES:
        return _CLASSES[name], at + 2
    return _escaped_character(text, at)[0].__eq__, _escaped_character(text, at)[1]


def _escaped_character(text: str, at: int) -> tuple[str, int]:
    """`\\xHH`, `\\uHHHH`, `\\t`, `\\n`, `\\r`, or the character itself."""
    name = text[at + 1 : at + 2]
    size = {"x": 2, "u": 4}.get(name)
    if size is not None:
        digits = text[at + 2 : at + 2 + size]
        if not re.fullmatch(f"[0-9A-Fa-f]{{{size}}}", digits):
            raise PatternError("Invalid filter pattern")
        return chr(int(digits, 16)), at + 2 + size
    return {"t": "\t", "n": "\n", "r": "\r"}.get(name, name), at + 2


def _set(text: str, at: int) -> tuple[Test, int]:
    at += 1
    negated = text.startswith("^", at)
    at += negated
    tests: list[Test] = []
    start = at
    while True:
        if at >= len(text):
            raise PatternError("Invalid filter pattern")
        if text[at] == "]" and at > start:
            break
        if text[at] == "\\" and text[at + 1 : at + 2] in _CLASSES:
            tests.append(_CLASSES[text[at + 1]])
            at += 2
            continue
        low, at = _escaped_character(text, at) if text[at] == "\\" else (text[at], at + 1)
        high = low
        if text.startswith("-", at) and at + 1 < len(text) and text[at + 1] != "]":
            at += 1
            high, at = _escaped_character(text, at) if text[at] == "\\" else (text[at], at + 1)
            if high < low:
                raise PatternError("Invalid filter pattern")
        tests.append(_range(low, high))
    return _any_of(tests, negated), at + 1


def _range(low: str, high: str) -> Test:
    return low.__eq__ if low == high else (lambda c: low <= c <= high)


def _any_of(tests: list[Test], negated: bool) -> Test:
    return lambda c: any(test(c) for test in tests) != negated


def _repetition(text: str, at: int, piece: _Piece) -> int:
    match text[at : at + 1]:
        case "*":
            piece.least, piece.most = 0, None
        case "+":
            piece.least, piece.most = 1, None
        case "?":
            piece.least, piece.most = 0, 1
        case "{":
            found = _COUNT.match(text, at)
            if found is None or int(found[1]) > STATES_MAX or int(found[3] or 0) > STATES_MAX:
                raise PatternError("Invalid filter pattern")
            piece.least = int(found[1])
            piece.most = piece.least if found[2] is None else int(found[3]) if found[3] else None
            if piece.most is not None and piece.most < piece.least:
                raise PatternError("Invalid filter pattern")
            return found.end()
        case _:
            return at
    return at + 1


class _Automaton:
    """The NFA of all branches, and the part of its DFA that messages have walked so far."""

    def __init__(self, branches: list[_Branch]) -> None:
        self._tests: list[Test | None] = []  # of each state, the set that leads on; None: an end state
        self._loops: list[bool] = []  # whether the state may be taken again
        self._skips: list[bool] = []  # whether the state may be left out
        self._at_end: list[bool] = []  # an end state that counts only at the end of the message
        self._starts: list[tuple[int, bool]] = []
        for branch in branches:
            self._add(branch)
        self._first = self._close({state for state, _ in self._starts})
        self._again = self._close({state for state, from_start in self._starts if not from_start})
        self._table: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def _add(self, branch: _Branch) -> None:
        self._starts.append((len(self._tests), branch.from_start))
        for piece in branch.pieces:
            if piece.most is None:
                steps = [(False, False)] * max(0, piece.least - 1) + [(True, piece.least == 0)]
            else:
                steps = [(False, False)] * piece.least + [(False, True)] * (piece.most - piece.least)
            for loops, skips in steps:
                self._state(piece.test, loops, skips, False)
        self._state(None, False, False, branch.to_end)

    def _state(self, test: Test | None, loops: bool, skips: bool, at_end: bool) -> None:
        if len(self._tests) >= STATES_MAX:
            raise PatternError("Invalid filter pattern")
        self._tests.append(test)
        self._loops.append(loops)
        self._skips.append(skips)
        self._at_end.append(at_end)

    def _close(self, states: set[int]) -> frozenset[int]:
        closed: set[int] = set()
        for state in states:
            closed.add(state)
            while self._tests[state] is not None and self._skips[state]:
                state += 1
                closed.add(state)
        return frozenset(closed)

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        reached: set[int] = set()
        for state in states:
            test = self._tests[state]
            if test is not None and test(character):
                reached.add(state + 1)
                if self._loops[state]:
                    reached.add(state)
        return self._close(reached) | self._again

    def _accepts(self, states: frozenset[int], at_end: bool) -> bool:
        return any(self._tests[state] is None and (at_end or not self._at_end[state]) for state in states)

    def search(self, message: str) -> bool:
        states, table = self._first, self._table
        if self._accepts(states, False):
            return True
        for character in message:
            following = table.get((states, character))
            if following is None:
                following = self._step(states, character)
                if len(table) >= TABLE_MAX:
                    table.clear()
                table[states, character] = following
            states = following
            if self._accepting(states):
                return True
        return self._accepts(states, True)

    def _accepting(self, states: frozenset[int]) -> bool:
        return self._accepts(states, False)
