"""The `Condition` block of a policy statement against the keys of a request. Pure.

Keys are equal without regard to case. A key that the request lacks fails every test but the negated ones, `…IfExists`,
`Null` and `ForAllValues:`, as in IAM.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

#: Lower-cased condition key → the request's values for it.
Context = Mapping[str, Sequence[str]]
Test = Callable[[str, str], bool]

_PATTERNS_CACHED_MAX = 256


@lru_cache(maxsize=_PATTERNS_CACHED_MAX)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob)
    return re.compile("".join(parts), re.DOTALL)


def matches_glob(actual: str, glob: str) -> bool:
    """IAM's wild cards: `*` any text, `?` any character."""
    return _pattern(glob).fullmatch(actual) is not None


def _arn_like(actual: str, wanted: str) -> bool:
    """Each of the six parts is matched by itself, so that a `*` does not reach over a colon."""
    found, patterns = actual.split(":", 5), wanted.split(":", 5)
    return len(found) == len(patterns) == 6 and all(map(matches_glob, found, patterns))


def _within(actual: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    """A date as seconds: ISO 8601 or epoch seconds."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Test:
    def test(actual: str, wanted: str) -> bool:
        try:
            return compare(read(actual), read(wanted))
        except ValueError:
            return False

    return test


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_TESTS: dict[str, Test] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringLike": matches_glob,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "BinaryEquals": operator.eq,
    "IpAddress": _within,
    **{f"Numeric{name}": _compared(_number, compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _compared(_moment, compare) for name, compare in _COMPARISONS.items()},
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every test of a `Condition` block holds. An operator that does not exist holds never."""
    return all(
        _holds_for(name, context.get(key.lower()), wanted)
        for name, tests in condition.items()
        for key, wanted in tests.items()
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _holds_for(name: str, actual: Sequence[str] | None, operand: Any) -> bool:
    wanted = _texts(operand)
    if name == "Null":
        return wanted == [str(actual is None).lower()]
    quantifier, _, rest = name.rpartition(":")
    if (base := rest.removesuffix("IfExists")) != rest and actual is None:
        return True
    negated = base in _NEGATED
    test = _TESTS.get(_NEGATED.get(base, base))
    if test is None:
        return False
    if not actual:
        return quantifier == "ForAllValues" or (negated and not quantifier)
    met = [any(test(each, one) for one in wanted) != negated for each in actual]
    if quantifier == "ForAllValues":
        return all(met)
    return any(met) if quantifier or not negated else all(met)
