"""May this caller do that? The place where IAM decides.

In open mode everything is allowed. In enforced mode the caller's own policies and the resource's are evaluated
(`fogbank.policies`): a caller of the resource's account needs one of the two, one of another account both; root may everything in its
account; a service only what the resource's policy says. What operations need is declared by their services
(`model/permissions.py`). GetCallerIdentity needs no permission, on AWS neither.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fogbank.auth.call_keys import CallKeys
from fogbank.auth.denials import denied
from fogbank.auth.identities import FindPolicies, Identities
from fogbank.core.arn import parse_arn
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.permissions import ANY, Need, Needs, Permissions
from fogbank.model.principal import Principal, PrincipalType
from fogbank.model.service import Operation
from fogbank.policies.documents import Asked, Policy
from fogbank.policies.evaluation import ROOT, Refusal, decide
from fogbank.policies.names import principals_of

#: (service, internal, caller, resource) → what the service's internal answers.
Ask = Callable[[str, str, Caller, str], Awaitable[Any]]
_OWNERLESS = (
    "",
    "aws",
    "*",
)  # accounts in ARNs that are nobody's: S3's have none, AWS's own policies are `aws`


class OpenAuthorizer:
    """Open mode: nobody is denied anything (`model.calls.Authorizer`)."""

    enforces = False

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        """Return."""

    async def refusal(self, caller: Caller, need: Need, policies: Sequence[Policy] = ()) -> str | None:
        """None."""
        return None


class PolicyAuthorizer:
    """Enforced mode (`model.calls.Authorizer`). `connect` before use."""

    enforces = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: dict[Operation, Needs] = {}  # as many as there are operations

    def connect(self, find_policies: FindPolicies, ask: Ask) -> None:
        """Join it to IAM, and to the services whose resources have policies."""
        self.identities = Identities(find_policies)
        self._ask = ask

    async def authorize(self, caller: Caller, operation: Operation, params: dict[str, Any]) -> None:
        """Return, or raise AccessDenied in the words and with the code of the service's protocol family."""
        rule = self._rules.get(operation)
        if rule is None:
            rule = self._rules[operation] = rule_of(operation)
        permissions = operation.service.permissions
        if permissions is not None and permissions.refuses_sessions and _is_bare_session(caller.principal):
            raise AwsError(
                "InvalidClientTokenId", "The security token included in the request is invalid", status=403
            )
        # A resource's Deny must be asked for each time.
        keeps = permissions is None or not (permissions.has_policies and permissions.policies_deny)
        for need in rule(caller, params):
            if keeps and self._is_known(caller.principal, need):
                continue
            refusal = await self._decide(caller, need, operation.service.name, permissions, params)
            if refusal is not None:
                raise denied(caller, operation, await self._named(caller, need, operation), refusal)

    async def refusal(self, caller: Caller, need: Need, policies: Sequence[Policy] = ()) -> str | None:
        """See `model.calls.Authorizer`."""
        refusal = await self._evaluate(
            caller, need, policies, CallKeys(caller, need, {}, None, self._clock.now_ms())
        )
        return None if refusal is None else refusal.value.format(action=need.action)

    async def _decide(
        self,
        caller: Caller,
        need: Need,
        service: str,
        permissions: Permissions | None,
        params: dict[str, Any],
    ) -> Refusal | None:
        if permissions is not None and permissions.has_true_arns:
            need = need._replace(resource=await self._ask(service, "true_arn", caller, need.resource))
        keys = CallKeys(caller, need, params, permissions, self._clock.now_ms())
        if permissions is None or not permissions.has_policies or need.resource == ANY:
            return await self._evaluate(caller, need, (), keys)
        if not permissions.policies_deny and _is_own(need.resource, caller.principal.account):
            refusal = await self._evaluate(caller, need, (), keys)
            if refusal is None or refusal.explicit:
                return refusal
        policies: Sequence[Policy] = await self._ask(service, "resource_policies", caller, need.resource)
        if not policies and self._is_known(caller.principal, need):
            return None
        return await self._evaluate(caller, need, policies, keys)

    def _is_known(self, principal: Principal, need: Need) -> bool:
        """What root or an identity's policies allow by themselves, as most calls are: said without working out anything."""
        if principal.type is PrincipalType.ROOT:
            return not principal.acts_as_root and _is_own(need.resource, principal.account)
        return self.identities.allows(principal, need.action, need.resource)

    async def _evaluate(
        self, caller: Caller, need: Need, policies: Sequence[Policy], keys: CallKeys
    ) -> Refusal | None:
        own = _is_own(need.resource, caller.principal.account)
        identity, principal = await self.identities.of(caller.principal)
        if identity is ROOT and own and not policies:
            return None
        if principal is not caller.principal:
            keys.know(principal)
        asked = Asked(need.action, need.resource, keys, principals_of(principal), keys.understands)
        refusal = decide(asked, principal, identity, policies, same_account=own)
        if refusal is None and own and not policies:
            self.identities.note(principal, identity, need.action, need.resource)
        return refusal

    async def _named(self, caller: Caller, need: Need, operation: Operation) -> Need:
        permissions = operation.service.permissions
        if permissions is None or not permissions.has_true_arns:
            return need
        return need._replace(
            resource=await self._ask(operation.service.name, "true_arn", caller, need.resource)
        )


def _is_bare_session(principal: Principal) -> bool:
    """A session that a user or root made of itself (GetSessionToken), without MFA."""
    is_own = principal.type in (PrincipalType.USER, PrincipalType.ROOT)
    return is_own and principal.access_key_id.startswith("ASIA") and not principal.mfa


def _is_own(resource: str, account: str) -> bool:
    arn = parse_arn(resource)
    return arn is None or arn.account == account or arn.account in _OWNERLESS


def rule_of(operation: Operation) -> Needs:
    """What an operation needs. One that its service's table does not name (a test holds them at none) needs its action on everything."""
    permissions = operation.service.permissions
    found = permissions.rule(operation) if permissions is not None else None
    if found is not None:
        return found
    action = f"{operation.service.model.signing_name}:{operation.name}"
    return lambda caller, params: (Need(action, ANY),)
