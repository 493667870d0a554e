"""What users and roles may by their own policies: asked of IAM once, compiled, and kept until IAM changes anything."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from fogbank.auth.lru import Lru
from fogbank.core.limits import DECISIONS_CACHED_MAX, IDENTITIES_CACHED_MAX
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import PolicyError, policy_of
from fogbank.policies.evaluation import NOBODY, ROOT, Identity
from fogbank.policies.grants import Grants

log = logging.getLogger("fogbank.auth")

#: The ARN of a user or role → what IAM's `effective_policies` gives.
FindPolicies = Callable[[str], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """A user or role as compiled."""

    id: str
    identity: Identity
    tags: tuple[tuple[str, str], ...]
    #: (action, resource) pairs of its account that its policies allow whatever else a request says.
    allowed: set[tuple[str, str]] = field(default_factory=set)


_KEPT = frozenset({PrincipalType.USER, PrincipalType.ASSUMED_ROLE})


class Identities:
    """The cache of one node."""

    def __init__(self, find: FindPolicies) -> None:
        self._find = find
        self._known: Lru[str, Known] = Lru(IDENTITIES_CACHED_MAX)
        self._sessions: Lru[str, Grants] = Lru(IDENTITIES_CACHED_MAX)
        self._generation = 0

    def forget_all(self) -> None:
        """IAM changed something."""
        self._generation += 1
        self._known.clear()

    async def of(self, principal: Principal) -> tuple[Identity, Principal]:
        """What a principal may by itself, and the principal with the tags of who is behind it."""
        if principal.acts_as_root:
            return NOBODY, principal  # what open mode gave to a stranger is not root's here
        match principal.type:
            case PrincipalType.ROOT:
                return ROOT, principal
            case PrincipalType.USER:
                known = await self._look(principal.arn)
            case PrincipalType.ASSUMED_ROLE:
                known = await self._look(principal.issuer_arn)
            case PrincipalType.FEDERATED_USER if principal.issuer_arn.endswith(":root"):
                known = Known(principal.user_id, ROOT, ())
            case PrincipalType.FEDERATED_USER:
                known = await self._look(principal.issuer_arn)
            case _:
                return NOBODY, principal
        if not _is_same(known, principal):
            return NOBODY, principal
        identity = known.identity
        if principal.type is PrincipalType.FEDERATED_USER or principal.session_policy:
            identity = replace(identity, session=self._session(principal.session_policy))
        if not principal.tags and known.tags:
            principal = replace(principal, tags=known.tags)
        return identity, principal

    def allows(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether it is known from before (`note`) that a principal may. Most calls are the same ones again and again."""
        if principal.session_policy or principal.acts_as_root or principal.type not in _KEPT:
            return False
        known = self._known.get(principal.issuer_arn or principal.arn)
        return known is not None and (action, resource) in known.allowed and _is_same(known, principal)

    def note(self, principal: Principal, identity: Identity, action: str, resource: str) -> None:
        """`identity`, as `of` has just given it, allows it in its own account."""
        if principal.session_policy or principal.type not in _KEPT:
            return
        known = self._known.get(principal.issuer_arn or principal.arn)
        if known is not None and known.identity is identity and identity.is_fixed(action):
            if len(known.allowed) >= DECISIONS_CACHED_MAX:
                known.allowed.clear()  # rare, and cheap to fill again
            known.allowed.add((action, resource))

    async def _look(self, arn: str) -> Known:
        known = self._known.get(arn)
        if known is not None:
            return known
        generation = self._generation
        found = await self._find(arn)
        known = Known("", NOBODY, ()) if found is None else _compiled(arn, found)
        if generation == self._generation:
            self._known.put(arn, known)
        return known

    def _session(self, text: str) -> Grants:
        """A session policy; a federated user without one may nothing by its user's policies."""
        grants = self._sessions.get(text)
        if grants is None:
            grants = _grants([text] if text else [])
            self._sessions.put(text, grants)
        return grants


def _is_same(known: Known, principal: Principal) -> bool:
    """Not another user or role that was made later under the same name. The platform's own sessions of a role (functions', state machines')
    say its name in the place of its id."""
    if principal.type is PrincipalType.FEDERATED_USER:
        return True
    id_ = principal.user_id.partition(":")[0]
    if id_ == known.id:
        return True
    return bool(known.id) and id_ == f"AROA{principal.issuer_arn.rpartition('/')[2]}"


def _compiled(arn: str, found: dict[str, Any]) -> Known:
    boundary = None if found["Boundary"] is None else _grants([found["Boundary"]])
    identity = Identity(_grants(found["Policies"].values()), boundary)
    return Known(found["Id"], identity, tuple(found["Tags"].items()))


def _grants(texts: Any) -> Grants:
    policies = []
    for text in texts:
        try:
            policies.append(policy_of(text))
        except PolicyError as error:  # IAM has checked it: not reached but by a store of another make
            log.error("a policy that cannot be read grants nothing: %s", error)
    return Grants(policies)
