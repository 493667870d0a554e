"""How the kinds of policies decide together: AWS's evaluation logic for requests within an account and between two. Pure.

A Deny anywhere decides. Within an account it is enough that the identity's policies allow, as far as boundary and session policy do too, or
that the resource's policy allows the caller by its own name. Between accounts both sides must. A service has no policies of its own: the
resource's decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Asked, Decision, Policy
from fogbank.policies.grants import Grants


class Refusal(Enum):
    """Why not, in the words that AWS's refusals end in; `{action}` is the action."""

    IDENTITY_DENY = "with an explicit deny in an identity-based policy"
    BOUNDARY_DENY = "with an explicit deny in a permissions boundary"
    SESSION_DENY = "with an explicit deny in a session policy"
    RESOURCE_DENY = "with an explicit deny in a resource-based policy"
    IDENTITY = "because no identity-based policy allows the {action} action"
    BOUNDARY = "because no permissions boundary allows the {action} action"
    SESSION = "because no session policy allows the {action} action"
    RESOURCE = "because no resource-based policy allows the {action} action"

    @property
    def explicit(self) -> bool:
        return self.name.endswith("_DENY")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity may by itself. `grants` None: everything, as root. `boundary` None: there is none."""

    grants: Grants | None
    boundary: Grants | None = None
    session: Grants | None = None

    def decide(self, asked: Asked) -> Refusal | None:
        """None: allowed. A Deny of any of them goes before what one of them lacks."""
        layers = (
            (self.grants, Refusal.IDENTITY_DENY, Refusal.IDENTITY),
            (self.boundary, Refusal.BOUNDARY_DENY, Refusal.BOUNDARY),
            (self.session, Refusal.SESSION_DENY, Refusal.SESSION),
        )
        lacking: Refusal | None = None
        for grants, denied, missing in layers:
            if grants is None:
                continue
            match grants.decide(asked):
                case Decision.DENY:
                    return denied
                case Decision.NEITHER:
                    lacking = lacking or missing
        return lacking

    def is_fixed(self, action: str) -> bool:
        """Whether its answers for an action depend on nothing but the resource."""
        layers = (self.grants, self.boundary, self.session)
        return all(grants is None or grants.is_fixed(action) for grants in layers)


ROOT = Identity(None)
NOBODY = Identity(Grants(()))


def decide(
    asked: Asked,
    principal: Principal,
    identity: Identity,
    resource_policies: Sequence[Policy],
    *,
    same_account: bool,
) -> Refusal | None:
    """Whether `principal` may; None when it may. `asked.principals` are all names that it answers to."""
    for policy in resource_policies:
        if policy.decide(asked) is Decision.DENY:
            return Refusal.RESOURCE_DENY
    if principal.type is PrincipalType.SERVICE:
        return None if _allows(resource_policies, asked) else Refusal.RESOURCE
    own = identity.decide(asked)
    if own is not None and own.explicit:
        return own
    if not same_account:
        # AWS names the identity's side first.
        return own or (None if _allows(resource_policies, asked) else Refusal.RESOURCE)
    if own is None or not resource_policies:
        return own
    # Its account's name does not count: that leaves the decision to the account's own policies.
    if _allows(resource_policies, replace(asked, principals=(principal.arn,))):
        return None
    if principal.issuer_arn and _allows(
        resource_policies, replace(asked, principals=(principal.issuer_arn,))
    ):
        # A role's name lets its sessions in as far as boundary and session policy go; their own name needs neither.
        return Identity(None, identity.boundary, identity.session).decide(asked)
    return own


def _allows(policies: Sequence[Policy], asked: Asked) -> bool:
    return any(policy.decide(asked) is Decision.ALLOW for policy in policies)
