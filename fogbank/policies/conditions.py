"""The `Condition` block of a statement, compiled. Pure.

Keys are equal without regard to case. A key that the request lacks fails every test but the negated ones, `…IfExists`, `Null` and
`ForAllValues:`, as in IAM. A condition that fogbank does not understand (an operator that does not exist, a key of an operation
whose value it does not know) holds where the statement denies and does not where it allows.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fogbank.policies.templates import Context, Matches, arn_matches, glob_matches, text_matches

#: Whether a key that the request has no value for is known to have none.
Understands = Callable[[str], bool]
#: (the request's keys, what it understands) → whether the condition holds
Check = Callable[[Context, Understands], bool]
Build = Callable[[str, bool], Matches]


class PolicyError(ValueError):
    """No policy document."""


def everything(key: str) -> bool:
    """Every key that is not there is known not to be."""
    return True


def compile_conditions(block: Any, *, unknown: bool, variables: bool) -> tuple[Check, ...]:
    """All conditions of a block, each of which must hold. `unknown` is what one that is not understood comes to. PolicyError."""
    if not isinstance(block, Mapping):
        raise PolicyError("a Condition maps operators to keys")
    checks: list[Check] = []
    for name, keys in block.items():
        if not isinstance(keys, Mapping):
            raise PolicyError("a Condition maps operators to keys")
        for key, values in keys.items():
            checks.append(_compile(name, key.lower(), texts_of(values), unknown, variables))
    return tuple(checks)


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether a block holds that is asked only once. What is not understood does not."""
    return all(
        check(context, everything) for check in compile_conditions(block, unknown=False, variables=True)
    )


def texts_of(value: Any) -> list[str]:
    """One or several values of a policy as texts."""
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def is_operator(name: str) -> bool:
    """Whether a Condition may use it."""
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    known = name == "Null" or _NEGATED.get(base, base) in _BUILDS
    return known and quantifier in ("", "ForAllValues", "ForAnyValue")


def _compile(name: str, key: str, wanted: list[str], unknown: bool, variables: bool) -> Check:
    if name == "Null":
        absent = wanted == ["true"]
        return lambda context, understands: (
            unknown if key not in context and not understands(key) else (not context.get(key)) is absent
        )
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    if_exists = base != rest
    negated = base in _NEGATED
    build = _BUILDS.get(_NEGATED.get(base, base))
    if build is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        return lambda context, understands: unknown
    tests = [build(text, variables) for text in wanted]
    without = if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    every = quantifier == "ForAllValues" or (negated and not quantifier)

    def check(context: Context, understands: Understands) -> bool:
        values = context.get(key)
        if not values:
            return without if understands(key) else unknown
        met = (any(test(value, context) for test in tests) is not negated for value in values)
        return all(met) if every else any(met)

    return check


# --- operators -----------------------------------------------------------------------------------------------------------


def _network(text: str, variables: bool) -> Matches:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _never

    def test(value: str, context: Context) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _never(value: str, context: Context) -> bool:
    return False


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _binary(text: str, variables: bool) -> Matches:
    wanted = _bytes(text)
    return lambda value, _: wanted is not None and _bytes(value) == wanted


def _moment(text: str) -> float:
    """A date as seconds: ISO 8601 or epoch seconds. ValueError."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Build:
    def build(text: str, variables: bool) -> Matches:
        try:
            wanted = read(text)
        except ValueError:
            return _never

        def test(value: str, context: Context) -> bool:
            try:
                return compare(read(value), wanted)
            except ValueError:
                return False

        return test

    return build


def _families(kinds: Iterable[tuple[str, Callable[[str], float]]]) -> dict[str, Build]:
    return {
        f"{kind}{name}": _compared(read, compare) for kind, read in kinds for name, compare in _COMPARISONS
    }


_COMPARISONS: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
    ("Equals", operator.eq),
    ("LessThan", operator.lt),
    ("LessThanEquals", operator.le),
    ("GreaterThan", operator.gt),
    ("GreaterThanEquals", operator.ge),
)
_BUILDS: dict[str, Build] = {
    "StringEquals": lambda text, variables: text_matches(text, variables=variables),
    "StringEqualsIgnoreCase": lambda text, variables: text_matches(text, variables=variables, fold=True),
    "StringLike": lambda text, variables: glob_matches(text, variables=variables),
    "ArnEquals": lambda text, variables: arn_matches(text, variables=variables),
    "ArnLike": lambda text, variables: arn_matches(text, variables=variables),
    "Bool": lambda text, variables: text_matches(text, variables=variables, fold=True),
    "BinaryEquals": _binary,
    "IpAddress": _network,
    **_families((("Numeric", float), ("Date", _moment))),
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
OPERATORS = frozenset({*_BUILDS, *_NEGATED, "Null"})
