"""The parts of a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

DIGITS: Final[Ranges] = ((48, 57),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[Ranges] = (
    (9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
CHAR_MAX: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of `ranges`."""

    ranges: Ranges


class Edge(Enum):
    """What matches between characters."""

    START = "^"
    END = "$"
    WORD = "\\b"
    NOT_WORD = "\\B"


@dataclass(frozen=True, slots=True)
class Row:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group, numbered from 1."""

    number: int
    body: Part


@dataclass(frozen=True, slots=True)
class BackReference:
    number: int


@dataclass(frozen=True, slots=True)
class Look:
    """`(?=…)` and its three relatives."""

    body: Part
    behind: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None without an upper bound."""

    body: Part
    least: int
    most: int | None
    lazy: bool


Part: TypeAlias = Chars | Edge | Row | Choice | Group | BackReference | Look | Repeat


def inverted(ranges: Ranges) -> Ranges:
    """Every character that is not in `ranges`."""
    result = []
    next_char = 0
    for low, high in sorted(ranges):
        if low > next_char:
            result.append((next_char, low - 1))
        next_char = max(next_char, high + 1)
    if next_char <= CHAR_MAX:
        result.append((next_char, CHAR_MAX))
    return tuple(result)


ANY: Final = Chars(inverted(LINE_ENDS))
NONE: Final = Chars(())
CLASSES: Final[dict[str, Ranges]] = {
    "d": DIGITS,
    "D": inverted(DIGITS),
    "w": WORD,
    "W": inverted(WORD),
    "s": SPACE,
    "S": inverted(SPACE),
}
