"""What every form of filter pattern is to those who use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class PatternError(ValueError):
    """The pattern is not well-formed; the message is AWS's."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled filter pattern.

    `matches` decides on one message. `extract` gives the values that the pattern names, as TestMetricFilter shows them and
    metric filters use them: `$.selector` or `$field` → text; for a message that matched. `names` are those that the pattern can
    extract (empty for plain terms).
    """

    matches: Callable[[str], bool]
    extract: Callable[[str], dict[str, str]]
    names: frozenset[str] = frozenset()
    has_fields: bool = False  # a space-delimited or JSON pattern: dimensions may refer to fields
    regexes: int = 0


def match_all(_message: str) -> bool:
    return True


def extract_nothing(_message: str) -> dict[str, str]:
    return {}
