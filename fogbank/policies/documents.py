"""One policy document, compiled to statements.

Asked, it says ALLOW, DENY or NEITHER. Identity policies name no principal and apply to whoever they are attached to; resource policies
do, and a statement whose Principal cannot be matched lets nobody in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import orjson

from fogbank.policies.conditions import PolicyError as PolicyError
from fogbank.policies.conditions import Understands, compile_conditions, everything, texts_of
from fogbank.policies.globs import Test, compile_glob
from fogbank.policies.templates import Context, Matches, glob_matches

WITH_VARIABLES = "2012-10-17"
UNDATED = "2008-10-17"  # the Version of a document that says none
VERSIONS = (UNDATED, WITH_VARIABLES)
DOCUMENT_MEMBERS = frozenset({"Version", "Id", "Statement"})
#: In the order in which AWS shows them.
STATEMENT_MEMBERS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_DOCUMENTS_CACHED_MAX = 1024  # compiled ones of resource and session policies, by their text; ours


class Decision(Enum):
    ALLOW = "allow"
    DENY = "deny"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a policy is asked. `keys` are condition keys in lower case (`aws:sourceip`); `principals` the ARNs, account ids
    and service names that the caller answers to; anonymous callers answer to none."""

    action: str
    resource: str
    keys: Context
    principals: tuple[str, ...] = ()
    understands: Understands = everything


class Policy:
    """One compiled document. Raises PolicyError."""

    __slots__ = ("statements",)

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict):
            raise PolicyError("a policy document is an object")
        statements = document.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list):
            raise PolicyError("a policy document has a Statement")
        variables = document.get("Version") == WITH_VARIABLES
        self.statements = tuple(Statement(each, variables=variables) for each in statements)

    def decide(self, asked: Asked) -> Decision:
        """A Deny that applies decides; else an Allow that does."""
        action = asked.action.lower()
        allowed = False
        for statement in self.statements:
            if statement.is_about(action) and statement.applies(asked):
                if not statement.allows:
                    return Decision.DENY
                allowed = True
        return Decision.ALLOW if allowed else Decision.NEITHER


@lru_cache(maxsize=_DOCUMENTS_CACHED_MAX)
def policy_of(text: str | bytes) -> Policy:
    """The policy of a document's text: one that is met again and again is compiled once. PolicyError."""
    try:
        return Policy(orjson.loads(text))
    except orjson.JSONDecodeError:
        raise PolicyError("a policy document is JSON") from None


class Statement:
    """One statement. `is_fixed`: it depends on nothing but action and resource."""

    __slots__ = ("_actions", "_conditions", "_principal", "_resources", "allows", "is_fixed")

    def __init__(self, wire: Any, *, variables: bool) -> None:
        if not isinstance(wire, dict) or wire.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError("a statement has an Effect of Allow or Deny")
        self.allows = wire["Effect"] == "Allow"
        self._actions = [
            (wanted, [compile_glob(each.lower()) for each in found])
            for wanted, found in _both(wire, "Action")
        ]
        resources = _both(wire, "Resource")
        self._resources = [
            (wanted, [glob_matches(each, variables=variables) for each in found])
            for wanted, found in resources
        ]
        self._principal = _principals(wire)
        block = wire.get("Condition") or {}
        self._conditions = compile_conditions(block, unknown=not self.allows, variables=variables)
        has_variables = variables and any("${" in each for _, found in resources for each in found)
        self.is_fixed = not (self._conditions or self._principal or has_variables)

    def is_about(self, action: str) -> bool:
        """Whether its actions include `action`, which is in lower case."""
        return all(_any(tests, action) is wanted for wanted, tests in self._actions)

    def applies(self, asked: Asked) -> bool:
        """Whether the rest of it covers what is asked."""
        keys, resource = asked.keys, asked.resource
        for wanted, tests in self._resources:
            if _any_of(tests, resource, keys) is not wanted:
                return False
        if self._principal is not None and not self._principal(asked):
            return False
        return all(check(keys, asked.understands) for check in self._conditions)


def _any(tests: list[Test], value: str) -> bool:
    return any(test(value) for test in tests)


def _any_of(tests: list[Matches], value: str, keys: Context) -> bool:
    return any(test(value, keys) for test in tests)


def _both(wire: dict[str, Any], name: str) -> list[tuple[bool, list[str]]]:
    """`(True, values)` of the element and `(False, values)` of its Not-form, as far as they are there."""
    return [
        (wanted, texts_of(wire[key])) for key, wanted in ((name, True), (f"Not{name}", False)) if key in wire
    ]


# --- principals ----------------------------------------------------------------------------------------------------------


def _principals(wire: dict[str, Any]) -> Callable[[Asked], bool] | None:
    tests: list[tuple[bool, Callable[[Asked], bool]]] = []
    for key, wanted in (("Principal", True), ("NotPrincipal", False)):
        if key in wire:
            tests.append((wanted, _principal(wire[key])))
    if not tests:
        return None
    return lambda asked: all(test(asked) is wanted for wanted, test in tests)


def _principal(value: Any) -> Callable[[Asked], bool]:
    if value == "*":
        return lambda asked: True
    if not isinstance(value, dict):
        raise PolicyError("a Principal is * or a map")
    names = [text for kind in ("AWS", "Service", "Federated") for text in texts_of(value.get(kind, []))]
    if "*" in names:
        return lambda asked: True
    accounts = {name if name.isdigit() else name.split(":")[4] for name in names if _is_account(name)}
    exact = frozenset(names) | accounts

    return lambda asked: not exact.isdisjoint(asked.principals)


def _is_account(name: str) -> bool:
    return (name.isdigit() and len(name) == 12) or (name.startswith("arn:") and name.endswith(":root"))
