"""The resource policies of layer versions: which accounts may use them. They have revisions of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import access_denied, not_found, stale_revision
from fogbank.services.lambda_.layers import LayerName, find_layer_version, parse_layer
from fogbank.services.lambda_.policy import (
    Statement,
    document,
    principal_of,
    text_of,
    with_statement,
    without_statement,
)
from fogbank.services.lambda_.records import Policy, decode_policy, encode
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import retried
from fogbank.store.api import ABSENT, Transaction


@SERVICE.operation
async def add_layer_version_permission(
    ctx: Call[Lambda],
    *,
    layer_name: str,
    version_number: int,
    statement_id: str,
    action: str,
    principal: str,
    organization_id: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Let an account, or everyone, use a layer version."""
    name = await _version(ctx, layer_name, version_number, "AddLayerVersionPermission")
    statement: Statement = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": principal_of(principal, ctx.partition),
        "Action": action,
        "Resource": name.version_arn(version_number),
    }
    if organization_id is not None:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    policy = await retried(
        lambda: _change(ctx, name, version_number, revision_id, lambda old: with_statement(old, statement))
    )
    return {"Statement": text_of(statement), "RevisionId": policy.revision_id}


@SERVICE.operation
async def remove_layer_version_permission(
    ctx: Call[Lambda],
    *,
    layer_name: str,
    version_number: int,
    statement_id: str,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Take a statement back."""
    name = await _version(ctx, layer_name, version_number, "RemoveLayerVersionPermission")
    await retried(
        lambda: _change(
            ctx, name, version_number, revision_id, lambda old: without_statement(old, statement_id)
        )
    )
    return {}


@SERVICE.operation
async def get_layer_version_policy(
    ctx: Call[Lambda], *, layer_name: str, version_number: int
) -> dict[str, Any]:
    """The policy and its revision."""
    name = await _version(ctx, layer_name, version_number, "GetLayerVersionPolicy")
    record = await ctx.state.store.get(_key(name, version_number))
    if record is None:
        raise not_found("No policy is associated with the given resource.")
    policy = decode_policy(record.value)
    return {"Policy": document(policy.statements), "RevisionId": policy.revision_id}


async def _version(ctx: Call[Lambda], layer_name: str, number: int, action: str) -> LayerName:
    name = parse_layer(ctx, layer_name)
    if name.account != ctx.account:
        raise access_denied(ctx.principal.arn, f"lambda:{action}", name.version_arn(number))
    if await find_layer_version(ctx, name, number) is None:
        raise not_found(f"Layer version {name.version_arn(number)} does not exist.")
    return name


async def _change(
    ctx: Call[Lambda],
    name: LayerName,
    number: int,
    revision_id: str | None,
    change: Callable[[Policy | None], Policy],
) -> Policy:
    record = await ctx.state.store.get(_key(name, number))
    before = decode_policy(record.value) if record is not None else None
    if revision_id is not None and (before is None or revision_id != before.revision_id):
        raise stale_revision("GetLayerPolicy")
    policy = replace(change(before), revision_id=ctx.state.ids.uuid())
    transaction = Transaction()
    expect = record.version if record is not None else ABSENT
    if policy.statements:
        transaction.put(_key(name, number), encode(policy), expect=expect)
    else:
        transaction.delete(_key(name, number), expect=expect)
    await ctx.state.store.commit(transaction)
    return policy


def _key(name: LayerName, number: int) -> tuple[bytes | int | str, ...]:
    return keys.layer_policy(name.account, name.region, name.name, number)
