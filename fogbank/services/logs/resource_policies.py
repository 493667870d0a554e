"""Resource policies of an account: which services may write its logs. Whoever decides asks for them (`resource_policies`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.core.limits import LOG_RESOURCE_POLICIES_MAX
from fogbank.model.call import Call
from fogbank.policies.documents import Policy, PolicyError, policy_of
from fogbank.services.logs import keys, tokens
from fogbank.services.logs.keys import Place, place_of
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.store.api import Transaction


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """One policy; its document is kept as it was sent."""

    name: str
    document: str
    updated_ms: int

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> ResourcePolicy:
        return cls(**orjson.loads(value))

    def shown(self) -> dict[str, Any]:
        return {
            "policyName": self.name,
            "policyDocument": self.document,
            "lastUpdatedTime": self.updated_ms,
            "policyScope": "ACCOUNT",
        }


@SERVICE.operation(refuses={"resourceArn", "expectedRevisionId"})
async def put_resource_policy(
    ctx: Call[Logs], *, policy_name: str | None = None, policy_document: str | None = None
) -> dict[str, Any]:
    if policy_name is None or policy_document is None:
        raise invalid("policyName and policyDocument must be specified.")
    _check(policy_document)
    place, store = place_of(ctx), ctx.state.store
    key = keys.policy(place, policy_name)
    stored = await store.scan(keys.policies(place), limit=LOG_RESOURCE_POLICIES_MAX)
    if len(stored) == LOG_RESOURCE_POLICIES_MAX and all(record.key != key for record in stored):
        raise SERVICE.error("LimitExceededException", "Resource limit exceeded.")
    policy = ResourcePolicy(policy_name, policy_document, ctx.state.clock.now_ms())
    await store.commit(Transaction().put(key, policy.pack()))
    return {"resourcePolicy": policy.shown()}


@SERVICE.internal
async def resource_policies(ctx: Call[Logs], *, resource: str) -> tuple[Policy, ...]:
    """All policies of the account and region of that ARN."""
    arn = parse_arn(resource)
    if arn is None:
        return ()
    prefix = keys.policies(Place(arn.account, arn.region))
    records = await ctx.state.store.scan(prefix, limit=LOG_RESOURCE_POLICIES_MAX)
    found = []
    for record in records:
        try:
            found.append(policy_of(ResourcePolicy.unpack(record.value).document))
        except PolicyError:  # checked in form only: an effect that is none, say. It lets nobody in
            continue
    return tuple(found)


def _check(document: str) -> None:
    """That the document is a policy in form."""
    try:
        parsed = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise invalid("The policy document is not valid JSON.") from None
    statements = parsed.get("Statement") if isinstance(parsed, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise invalid("The policy document must have a Statement.")
    for statement in statements:
        if (
            not isinstance(statement, dict)
            or not {"Effect", "Principal", "Action", "Resource"} <= statement.keys()
        ):
            raise invalid("Each statement of the policy must have Effect, Principal, Action and Resource.")


@SERVICE.operation(refuses={"resourceArn"})
async def describe_resource_policies(
    ctx: Call[Logs], *, next_token: str | None = None, limit: int = 50, policy_scope: str | None = None
) -> dict[str, Any]:
    if policy_scope == "RESOURCE":
        raise NotSupported("logs DescribeResourcePolicies with policyScope RESOURCE")
    after = str(tokens.unseal("Policies", next_token)[0]) if next_token is not None else None
    base = keys.policies(place_of(ctx))
    records = await page_of_names(ctx.state.store, base, after=after, limit=limit + 1)
    policies = [ResourcePolicy.unpack(record.value) for record in records]
    answer: dict[str, Any] = {"resourcePolicies": [policy.shown() for policy in policies[:limit]]}
    if len(policies) > limit:
        answer["nextToken"] = tokens.seal("Policies", policies[limit - 1].name)
    return answer


@SERVICE.operation(refuses={"resourceArn", "expectedRevisionId"})
async def delete_resource_policy(ctx: Call[Logs], *, policy_name: str | None = None) -> None:
    key = keys.policy(place_of(ctx), policy_name or "")
    if await ctx.state.store.get(key) is None:
        raise SERVICE.error("ResourceNotFoundException", f"Policy with name [{policy_name}] does not exist.")
    await ctx.state.store.commit(Transaction().delete(key))
