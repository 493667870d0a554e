"""A regular expression as a value: what `$match`, `$replace`, `$split` and `$contains` take, and a function itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fogbank.asl.jsonata_patterns.native import Work, native
from fogbank.asl.jsonata_patterns.program import Program
from fogbank.asl.jsonata_patterns.syntax import PatternError, PatternSyntax
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function
from fogbank.asl.jsonata_syntax.errors import JsonataError, JsonataSyntaxError

_NATIVE_WORK_MAX = 4_000_000  # character comparisons that `re` may come to: some 10 ms


@dataclass(frozen=True, slots=True)
class Match:
    """`groups` are strings, UNDEFINED for those that took no part."""

    text: str
    start: int
    end: int
    groups: list[Any]


class Pattern(Function):
    """`/…/flags`."""

    __slots__ = ("_native", "_program", "groups")

    def __init__(self, program: Program, quick: tuple[re.Pattern[str], Work] | None, groups: int) -> None:
        self._program = program
        self._native = quick
        self.groups = groups

    @property
    def arity(self) -> int:
        return 2

    def find(self, text: str, start: int, run: Run) -> Match | None:
        """The first match at or after `start`. Raises D1004 if it is empty."""
        rest = len(text) - start
        if self._native is not None and self._native[1].most(rest) <= _NATIVE_WORK_MAX:
            run.spend((rest >> 3) + 1)
            found = self._native[0].search(text, start)
            if found is None:
                return None
            groups = [UNDEFINED if group is None else group for group in found.groups()]
            return _checked(Match(found[0], found.start(), found.end(), groups))
        for at in range(start, len(text) + 1):
            slots = self._program.match(text, at, run.spend)
            if slots is not None:
                groups = [
                    text[slots[2 * number] : slots[2 * number + 1]]
                    if slots[2 * number + 1] >= 0
                    else UNDEFINED
                    for number in range(1, self.groups + 1)
                ]
                return _checked(Match(text[slots[0] : slots[1]], slots[0], slots[1], groups))
        return None

    def call(self, arguments: list[Any], run: Run) -> Any:
        text = arguments[0] if arguments else UNDEFINED
        if type(text) is not str:
            raise JsonataError("T0410", index=1, token="matcher")
        start = arguments[1] if len(arguments) > 1 and type(arguments[1]) is int else 0
        match = self.find(text, start, run)
        if match is None:
            return UNDEFINED
        return {
            "match": match.text,
            "start": match.start,
            "end": match.end,
            "groups": match.groups,
            "next": _Next(self, text, match.end),
        }


class _Next(Function):
    """The `next` of a match: finds the one after it."""

    __slots__ = ("_pattern", "_start", "_text")

    def __init__(self, pattern: Pattern, text: str, start: int) -> None:
        self._pattern = pattern
        self._text = text
        self._start = start

    @property
    def arity(self) -> int:
        return 0

    def call(self, arguments: list[Any], run: Run) -> Any:
        return self._pattern.call([self._text, self._start], run)


def _checked(match: Match) -> Match:
    if match.start == match.end:
        raise JsonataError("D1004", value="")
    return match


def compile_pattern(text: str, flags: str, position: int) -> Pattern:
    """`/text/flags` as a value. Raises JsonataSyntaxError (S0303)."""
    ignore_case, multiline = "i" in flags, "m" in flags
    syntax = PatternSyntax(text)
    try:
        part = syntax.parse()
        program = Program(part, 2 * (syntax.groups + 1), ignore_case=ignore_case, multiline=multiline)
    except PatternError as error:
        raise JsonataSyntaxError("S0303", position, value=f"/{text}/: {error}") from None
    return Pattern(program, native(part, ignore_case=ignore_case, multiline=multiline), syntax.groups)
