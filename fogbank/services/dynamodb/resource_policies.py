"""Resource policies of tables and streams. Whoever decides (enforced mode) asks for them: `resource_policies`.

They are kept in the table's record. One that is taken away leaves its revision behind, as on AWS.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.policies.documents import Asked, Decision, Policy, policy_of
from fogbank.policies.names import keys_of, principals_of
from fogbank.services.dynamodb import streams
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.policy_documents import canonical
from fogbank.services.dynamodb.records import ResourcePolicy
from fogbank.services.dynamodb.resource_arns import with_policy
from fogbank.services.dynamodb.service import SERVICE, in_use, not_found
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Transaction

NO_POLICY = "NO_POLICY"


@SERVICE.operation
async def put_resource_policy(
    ctx: Call[DynamoDB],
    *,
    resource_arn: str,
    policy: str,
    expected_revision_id: str | None = None,
    confirm_remove_self_resource_access: bool = False,
) -> dict[str, Any]:
    document, is_dated = canonical(policy)
    if not confirm_remove_self_resource_access:
        _check_access(ctx, policy_of(document), resource_arn)
    for _ in range(CONFLICT_RETRIES_MAX):
        table, slot = await _found(ctx, resource_arn)
        there = table.record.policies.get(slot)
        _check_revision(table, there, expected_revision_id, resource_arn)
        if there is not None and (there.document, there.is_dated) == (document, is_dated):
            return {"RevisionId": str(there.revision)}
        made = ResourcePolicy(document, _next(ctx, there), is_dated)
        if await _keep(ctx, table, slot, made):
            return {"RevisionId": str(made.revision)}
    raise _pending(resource_arn)


@SERVICE.operation
async def get_resource_policy(ctx: Call[DynamoDB], *, resource_arn: str) -> dict[str, Any]:
    table, slot = await _found(ctx, resource_arn)
    there = table.record.policies.get(slot)
    if there is None or there.document is None:
        raise _no_policy(resource_arn)
    return {"Policy": there.document, "RevisionId": str(there.revision)}


@SERVICE.operation
async def delete_resource_policy(
    ctx: Call[DynamoDB], *, resource_arn: str, expected_revision_id: str | None = None
) -> dict[str, Any]:
    for _ in range(CONFLICT_RETRIES_MAX):
        table, slot = await _found(ctx, resource_arn)
        there = table.record.policies.get(slot)
        _check_revision(table, there, expected_revision_id, resource_arn)
        if there is None:
            return {}
        if there.document is None or await _keep(ctx, table, slot, ResourcePolicy(None, _next(ctx, there))):
            return {"RevisionId": str(there.revision)}
    raise _pending(resource_arn)


@SERVICE.internal
async def resource_policies(ctx: Call[DynamoDB], *, resource: str) -> tuple[Policy, ...]:
    """The policy of the table with that ARN, which is its indexes' too, or of the stream."""
    arn = parse_arn(resource)
    if arn is None or not arn.resource.startswith("table/"):
        return ()
    _, name, *rest = arn.resource.split("/")
    table = await ctx.state.directory.known(Place(arn.account, arn.region), name)
    if table is None or not table.record.policies:
        return ()
    found = table.record.policies.get(rest[1] if rest[:1] == ["stream"] and len(rest) > 1 else "")
    return () if found is None or found.document is None else (policy_of(found.document),)


# --- parts -------------------------------------------------------------------------------------------------------------------


async def _found(ctx: Call[DynamoDB], resource_arn: str) -> tuple[Table, str]:
    """The table, and where its record has the policy: by a stream's label, or by nothing for the table's own."""
    name, label = with_policy(ctx, resource_arn)
    table = await ctx.state.directory.settled(ctx, name)
    if label and await streams.find_stream(ctx.state.store, table.place, name, label) is None:
        raise not_found(f"Requested resource not found: Stream: {label} not found for Table: {name}")
    return table, label


async def _keep(ctx: Call[DynamoDB], table: Table, slot: str, policy: ResourcePolicy) -> bool:
    """False: somebody else was faster."""
    record = replace(table.record, policies=table.record.policies | {slot: policy})
    try:
        await ctx.state.store.commit(Transaction().put(table.key, record.pack(), expect=table.version))
    except Conflict:
        return False
    ctx.state.directory.forget(table.place, record.name)
    return True


def _next(ctx: Call[DynamoDB], there: ResourcePolicy | None) -> int:
    """A revision's id is when it was made."""
    now_ms = ctx.state.clock.now_ms()
    return now_ms if there is None else max(now_ms, there.revision + 1)


def _check_revision(
    table: Table, there: ResourcePolicy | None, expected: str | None, resource_arn: str
) -> None:
    """Raises PolicyNotFoundException."""
    if expected is None or (there is not None and str(there.revision) == expected):
        return
    name = table.record.name
    if expected == NO_POLICY:
        if there is None or there.document is None:
            return
        raise _no_policy(
            f"Requested policy update expecting none to be present for table {name}, but a policy exists with revision id "
            f"{there.revision}."
        )
    asked = f"Requested update for policy with revision id {expected}, but "
    if there is None:
        raise _no_policy(f"{asked}table {name} has no associated policy.")
    raise _no_policy(f"{asked}the policy associated to target table {name} has revision id {there.revision}.")


def _no_policy(what: str) -> AwsError:
    return SERVICE.error(
        "PolicyNotFoundException", f"Resource-based policy not found for the provided ResourceArn: {what}"
    )


def _check_access(ctx: Call[DynamoDB], policy: Policy, resource_arn: str) -> None:
    """Nobody shuts himself out without saying so."""
    keys = keys_of(ctx.caller, ctx.state.clock.now_ms())
    asked = Asked("dynamodb:PutResourcePolicy", resource_arn, keys, principals_of(ctx.principal))
    if policy.decide(asked) is Decision.DENY:
        raise AwsError(
            "AccessDeniedException",
            "The new resource policy will not allow you to update the resource policy in the future.",
        )


def _pending(resource_arn: str) -> AwsError:
    return in_use(
        "Attempt to change a resource which is still in use: Table is pending previous resource-based policy update: "
        + resource_arn.rpartition("table/")[2].partition("/")[0]
    )
