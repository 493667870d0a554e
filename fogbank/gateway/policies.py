"""Policy documents as gateways meet them: an API's resource policy, and what a Lambda authorizer gives.

Compiled once to statements; `decide` says ALLOW, DENY or NEITHER. Principals, actions, resources, and the condition operators
over the keys that a request to an API has. A condition with an operator or key that is not known here never holds, and a
statement with a Principal that cannot be matched neither: nothing is allowed by what was not understood — but a Deny whose
condition is not understood denies.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Decision(Enum):
    ALLOW = "allow"
    DENY = "deny"
    NEITHER = "neither"


class PolicyError(ValueError):
    """No policy document."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a policy is asked. `keys` are condition keys in lower case (`aws:sourceip`); `principals` the ARNs, account ids
    and service names that the caller answers to; anonymous callers answer to none."""

    action: str
    resource: str
    keys: Mapping[str, list[str]]
    principals: tuple[str, ...] = ()


Test = Callable[[Asked], bool]


def wildcard(pattern: str) -> re.Pattern[str]:
    """`*` and `?` as in policies. Linear: runs of `*` are one."""
    text = re.sub(r"\*+", "*", pattern)
    return re.compile(
        "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text), re.DOTALL
    )


class Policy:
    """One compiled document."""

    __slots__ = ("_statements",)

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict):
            raise PolicyError("a policy document is an object")
        statements = document.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list):
            raise PolicyError("a policy document has a Statement")
        self._statements = [_Statement(each) for each in statements]

    def decide(self, asked: Asked) -> Decision:
        """A Deny that applies decides; else an Allow that does."""
        allowed = False
        for statement in self._statements:
            if statement.applies(asked):
                if not statement.allows:
                    return Decision.DENY
                allowed = True
        return Decision.ALLOW if allowed else Decision.NEITHER


class _Statement:
    __slots__ = ("_tests", "allows")

    def __init__(self, wire: Any) -> None:
        if not isinstance(wire, dict) or wire.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError("a statement has an Effect of Allow or Deny")
        self.allows = wire["Effect"] == "Allow"
        self._tests: list[Test] = []
        self._add_patterns(wire, "Action", lambda asked: asked.action, fold=True)
        self._add_patterns(wire, "Resource", lambda asked: asked.resource)
        for name, wanted in (("Principal", True), ("NotPrincipal", False)):
            if name in wire:
                match = _principal(wire[name])
                self._tests.append(match if wanted else _negated(match))
        for operator, keys in (wire.get("Condition") or {}).items():
            if not isinstance(keys, dict):
                raise PolicyError("a Condition maps operators to keys")
            for key, values in keys.items():
                self._tests.append(_condition(operator, key.lower(), _texts(values), unknown=not self.allows))

    def _add_patterns(
        self, wire: dict[str, Any], name: str, get: Callable[[Asked], str], *, fold: bool = False
    ) -> None:
        for key, wanted in ((name, True), (f"Not{name}", False)):
            if key not in wire:
                continue
            patterns = [wildcard(text.lower() if fold else text) for text in _texts(wire[key])]

            def test(asked: Asked, patterns: Any = patterns, wanted: bool = wanted) -> bool:
                value = get(asked)
                value = value.lower() if fold else value
                return any(pattern.fullmatch(value) for pattern in patterns) is wanted

            self._tests.append(test)

    def applies(self, asked: Asked) -> bool:
        return all(test(asked) for test in self._tests)


def _negated(test: Test) -> Test:
    return lambda asked: not test(asked)


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return ["true" if item is True else "false" if item is False else str(item) for item in items]


def _principal(value: Any) -> Test:
    if value == "*":
        return lambda asked: True
    if not isinstance(value, dict):
        raise PolicyError("a Principal is * or a map")
    names = [text for kind in ("AWS", "Service", "Federated") for text in _texts(value.get(kind, []))]
    if "*" in names:
        return lambda asked: True
    accounts = {name if name.isdigit() else name.split(":")[4] for name in names if _is_account(name)}
    exact = frozenset(names)

    def test(asked: Asked) -> bool:
        return any(name in exact or name in accounts for name in asked.principals)

    return test


def _is_account(name: str) -> bool:
    return (name.isdigit() and len(name) == 12) or (name.startswith("arn:") and name.endswith(":root"))


# --- conditions ----------------------------------------------------------------------------------------------------------

Compare = Callable[[str, str], bool]


def _in_network(value: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _numeric(compare: Callable[[float, float], bool]) -> Compare:
    def test(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return test


def _like(value: str, wanted: str) -> bool:
    return wildcard(wanted).fullmatch(value) is not None


_OPERATORS: dict[str, Compare] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _in_network,
    "NumericEquals": _numeric(lambda a, b: a == b),
    "NumericLessThan": _numeric(lambda a, b: a < b),
    "NumericLessThanEquals": _numeric(lambda a, b: a <= b),
    "NumericGreaterThan": _numeric(lambda a, b: a > b),
    "NumericGreaterThanEquals": _numeric(lambda a, b: a >= b),
    "DateLessThan": lambda value, wanted: value < wanted,
    "DateLessThanEquals": lambda value, wanted: value <= wanted,
    "DateGreaterThan": lambda value, wanted: value > wanted,
    "DateGreaterThanEquals": lambda value, wanted: value >= wanted,
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
}


def _condition(operator: str, key: str, wanted: list[str], *, unknown: bool) -> Test:
    base, _, suffix = operator.partition("IfExists")
    if_exists = operator.endswith("IfExists") and not suffix
    name = base if if_exists else operator
    quantifier, _, rest = name.partition(":")
    if rest:
        name = rest
    if name == "Null":
        absent = wanted[:1] == ["true"]
        return lambda asked: (key not in asked.keys) is absent
    negative = name in _NEGATIVE
    compare = _OPERATORS.get(_NEGATIVE.get(name, name))
    if compare is None:
        return lambda asked: unknown

    def test(asked: Asked) -> bool:
        values = asked.keys.get(key)
        if not values:
            return if_exists or negative or (rest != "" and quantifier == "ForAllValues")
        matches = [any(compare(value, each) for each in wanted) for value in values]
        if negative:
            return not any(matches)
        return all(matches) if quantifier == "ForAllValues" else any(matches)

    return test
