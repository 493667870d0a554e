"""Who a managed policy is attached to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.limits import IAM_PAGE_ITEMS_DEFAULT, IAM_SCAN_CHUNK
from fogbank.model.call import Call
from fogbank.services.iam.attachments import used_by
from fogbank.services.iam.entities import EntityKind, find_by_ids, realm_of
from fogbank.services.iam.managed_policies import find_policy
from fogbank.services.iam.pages import decode_marker, encode_marker
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam

Wire = dict[str, Any]
#: How the policy is used, the kind of the entity, its unique id: where an entry lies in the index.
Position = tuple[str, str, str]


async def _uses(ctx: Call[Iam], policy_arn: str, after: Position | None) -> AsyncIterator[Position]:
    """The entries of the index behind `after`, read in chunks."""
    prefix = used_by(realm_of(ctx), policy_arn)
    last = None if after is None else (*prefix, *after)
    while True:
        entries = await ctx.state.store.scan(prefix, after=last, limit=IAM_SCAN_CHUNK)
        for entry in entries:
            usage, kind, unique_id = entry.key[-3:]
            yield str(usage), str(kind), str(unique_id)
        if len(entries) < IAM_SCAN_CHUNK:
            return
        last = entries[-1].key


@SERVICE.operation
async def list_entities_for_policy(
    ctx: Call[Iam],
    *,
    policy_arn: str,
    entity_filter: str | None = None,
    path_prefix: str = "/",
    policy_usage_filter: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    await find_policy(ctx, policy_arn)
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    position = decode_marker("entities", marker)
    shown: dict[str, list[Wire]] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    count, last = 0, position
    async for use in _uses(ctx, policy_arn, position and tuple(position)):
        usage, kind = use[0], EntityKind(use[1])
        if policy_usage_filter not in (None, usage) or entity_filter not in (None, kind.title):
            continue
        for entity in await find_by_ids(ctx, realm_of(ctx), kind, [use[2]]):
            if not entity.record.path.startswith(path_prefix):
                continue
            if count == wanted:
                return {**shown, "IsTruncated": True, "Marker": encode_marker("entities", last)}
            item = {f"{kind.title}Name": entity.record.name, f"{kind.title}Id": entity.record.id}
            if item not in shown[f"Policy{kind.title}s"]:  # used as permissions and as boundary
                shown[f"Policy{kind.title}s"].append(item)
            count, last = count + 1, use
    return {**shown, "IsTruncated": False}
