"""One simulation: its policies, and what they decide about one action on one resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.model.principal import Principal
from fogbank.policies.documents import Asked, Policy
from fogbank.policies.evaluation import Identity, decide
from fogbank.policies.grants import Grants
from fogbank.policies.names import principals_of
from fogbank.services.iam.statement_positions import positions_of

Wire = dict[str, Any]
ALLOWED, IMPLICIT, EXPLICIT = "allowed", "implicitDeny", "explicitDeny"
_TYPE = "IAM Policy"  # as AWS answers, whatever kind of policy it is


@dataclass(frozen=True, slots=True)
class Source:
    """A policy of the simulation, by the name that results call it."""

    name: str
    text: str
    policy: Policy

    def matched(self, asked: Asked, *, allows: bool) -> list[Wire]:
        """Its statements that apply and have that effect."""
        action = asked.action.lower()
        return [
            {
                "SourcePolicyId": self.name,
                "SourcePolicyType": _TYPE,
                "StartPosition": start,
                "EndPosition": end,
            }
            for statement, (start, end) in zip(self.policy.statements, positions_of(self.text), strict=True)
            if statement.allows is allows and statement.is_about(action) and statement.applies(asked)
        ]

    def missing(self, asked: Asked) -> list[str]:
        """Condition keys of the action's statements that the simulation was given no value for."""
        wire = orjson.loads(self.text)["Statement"]
        keys: list[str] = []
        for statement, each in zip(
            self.policy.statements, [wire] if isinstance(wire, dict) else wire, strict=True
        ):
            if statement.is_about(asked.action.lower()):
                conditions = each.get("Condition") or {}
                keys += [
                    key for tests in conditions.values() for key in tests if key.lower() not in asked.keys
                ]
        return keys


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a simulation is about."""

    sources: Sequence[Source]
    boundaries: Sequence[Source]
    resource: Source | None
    owner: str  # account of the resources
    caller: Principal
    context: dict[str, list[str]]

    def result(self, action: str, resource: str) -> Wire:
        """`{decision, matched, missing, boundary}` for one action on one resource."""
        asked = Asked(action, resource, self.context, principals_of(self.caller))
        outer = [] if self.resource is None else [self.resource]
        everything = [*self.sources, *self.boundaries, *outer]
        boundary = Grants(each.policy for each in self.boundaries) if self.boundaries else None
        identity = Identity(Grants(each.policy for each in self.sources), boundary)
        same = self.owner == self.caller.account
        refusal = decide(asked, self.caller, identity, [each.policy for each in outer], same_account=same)
        decision = ALLOWED if refusal is None else EXPLICIT if refusal.explicit else IMPLICIT
        counted = everything if decision == EXPLICIT else [*self.sources, *outer]
        matched: list[Wire] = []
        if decision != IMPLICIT:
            for each in counted:
                matched += each.matched(asked, allows=decision == ALLOWED)
        found: Wire = {
            "decision": decision,
            "matched": matched,
            "missing": list(dict.fromkeys(key for each in everything for key in each.missing(asked))),
        }
        if boundary is not None:
            found["boundary"] = Identity(boundary).decide(asked) is None
        return found
