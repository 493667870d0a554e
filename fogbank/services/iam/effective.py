"""What is in force for one user or role: the documents of all policies that speak of it, for those who decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.iam.entities import Entity, EntityKind, find_by_ids
from fogbank.services.iam.inline_policies import inline_documents
from fogbank.services.iam.records import Group, User
from fogbank.services.iam.resolve import policy_document
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, fold

Wire = dict[str, Any]
_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@SERVICE.internal
async def effective_policies(ctx: Call[Iam], *, arn: str) -> Wire | None:
    """The policies of the user or role with exactly that ARN, in whichever account; None when there is none.

    `{Id, Tags (map), Policies (Name → JSON text: inline and attached ones, of a user's groups too), Boundary (JSON text or None)}`
    """
    parts = parse_arn(arn)
    if parts is None:
        return None
    realm = Realm(parts.partition, parts.account)
    kind, _, name = parts.resource.partition("/")
    if kind not in (EntityKind.USER.value, EntityKind.ROLE.value):
        return None
    table = ctx.state.users if kind == EntityKind.USER.value else ctx.state.roles
    found = await table.get(realm, fold(name.rpartition("/")[2]))
    if found is None or found.record.arn != arn:
        return None
    entity = found.record
    # Policies are looked up in the entity's account, whoever asks.
    inside = _within(ctx, realm)
    policies = await _documents(inside, entity)
    if isinstance(entity, User):
        groups = await find_by_ids(inside, realm, EntityKind.GROUP, list(entity.groups))
        for group in groups:
            policies |= await _documents(inside, group.record)
    boundary = await policy_document(inside, policy_arn=entity.boundary) if entity.boundary else None
    return {"Id": entity.id, "Tags": dict(entity.tags), "Policies": policies, "Boundary": boundary}


async def effective_of_group(ctx: Call[Iam], *, arn: str) -> Wire | None:
    """The same of a group, for simulations."""
    parts = parse_arn(arn)
    if parts is None:
        return None
    realm = Realm(parts.partition, parts.account)
    found = await ctx.state.groups.get(realm, fold(parts.resource.rpartition("/")[2]))
    if found is None or found.record.arn != arn:
        return None
    policies = await _documents(_within(ctx, realm), found.record)
    return {"Id": found.record.id, "Tags": {}, "Policies": policies, "Boundary": None}


def _within(ctx: Call[Iam], realm: Realm) -> Call[Iam]:
    """The same call as made in the realm: a region says the partition."""
    region = _REGIONS.get(realm.partition, ctx.region)
    caller = replace(ctx.caller, account=realm.account, region=region)
    return Call(caller, realm.account, region, ctx.request_id, ctx.state, ctx.calls)


async def _documents(ctx: Call[Iam], entity: Entity) -> dict[str, str]:
    where = entity.name if isinstance(entity, Group) else ""
    found = {f"{where}/{name}": text for name, text in (await inline_documents(ctx, entity.id)).items()}
    for arn in entity.attached:
        try:
            document = await policy_document(ctx, policy_arn=arn)
        except NotSupported:  # of a service-linked role: it grants nothing to a caller of fogbank
            continue
        if document is not None:
            found[arn] = document
    return found
