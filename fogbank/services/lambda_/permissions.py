"""The resource policies of functions, versions and aliases: AddPermission, RemovePermission, GetPolicy.

A policy has no revision of its own: a change of it is a new revision of what it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import invalid_parameter, not_found, stale_revision
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.policy import (
    Grant,
    document,
    statement_of,
    text_of,
    with_statement,
    without_statement,
)
from fogbank.services.lambda_.records import Policy, decode_policy, encode
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import Found, find, put_function, put_version, retried
from fogbank.store.api import ABSENT, Transaction


@SERVICE.operation
async def add_permission(
    ctx: Call[Lambda],
    *,
    function_name: str,
    statement_id: str,
    action: str,
    principal: str,
    source_arn: str | None = None,
    source_account: str | None = None,
    event_source_token: str | None = None,
    principal_org_id: str | None = None,
    function_url_auth_type: str | None = None,
    invoked_via_function_url: bool | None = None,
    qualifier: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Let a principal do something with the function, or with one of its versions or aliases."""
    name = await _name(ctx, function_name, qualifier, "AddPermission")
    grant = Grant(
        statement_id,
        action,
        principal,
        source_arn,
        source_account,
        event_source_token,
        principal_org_id,
        function_url_auth_type,
        invoked_via_function_url,
    )
    statement = statement_of(grant, name.qualified_arn, ctx.partition)
    await retried(lambda: _change(ctx, name, revision_id, lambda policy: with_statement(policy, statement)))
    return {"Statement": text_of(statement)}


@SERVICE.operation
async def remove_permission(
    ctx: Call[Lambda],
    *,
    function_name: str,
    statement_id: str,
    qualifier: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    """Take a statement back."""
    name = await _name(ctx, function_name, qualifier, "RemovePermission")
    await retried(
        lambda: _change(ctx, name, revision_id, lambda policy: without_statement(policy, statement_id))
    )
    return {}


@SERVICE.operation
async def get_policy(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """The policy, and the revision of what it belongs to."""
    name = await _name(ctx, function_name, qualifier, "GetPolicy")
    found = await find(ctx.state.store, name)
    record = await ctx.state.store.get(keys.policy(name))
    if record is None:
        raise not_found("The resource you requested does not exist.")
    policy = decode_policy(record.value)
    return {"Policy": document(policy.statements), "RevisionId": found.revision_id}


async def _change(
    ctx: Call[Lambda],
    name: FunctionName,
    revision_id: str | None,
    change: Callable[[Policy | None], Policy],
) -> None:
    state = ctx.state
    found = await find(state.store, name)
    if revision_id is not None and revision_id != found.revision_id:
        raise stale_revision("GetPolicy")
    key = keys.policy(name)
    record = await state.store.get(key)
    policy = change(decode_policy(record.value) if record is not None else None)
    transaction = Transaction()
    expect = record.version if record is not None else ABSENT
    if policy.statements:
        transaction.put(key, encode(policy), expect=expect)
    else:
        transaction.delete(key, expect=expect)
    _revise(transaction, found, state.ids.uuid())
    await state.store.commit(transaction)
    state.changed()


def _revise(transaction: Transaction, found: Found, revision_id: str) -> None:
    """Give what the policy belongs to a new revision, unless it was changed meanwhile."""
    name, function = found.name, found.function
    if found.alias is not None:
        alias = replace(found.alias, revision_id=revision_id)
        transaction.put(keys.alias(name, alias.name), encode(alias))
    elif found.version.version != LATEST:
        put_version(transaction, name, replace(found.version, revision_id=revision_id))
    else:
        function = replace(function, latest=replace(function.latest, revision_id=revision_id))
    put_function(transaction, name, function, found.stored)


async def _name(ctx: Call[Lambda], function_name: str, qualifier: str | None, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, f"lambda:{action}")
    if name.qualifier == LATEST:
        raise invalid_parameter("We currently do not support adding policies for $LATEST.")
    return name
