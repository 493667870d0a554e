"""When access keys and roles were last used. Written by whoever checks credentials, at most once a minute for each."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.limits import IAM_USAGE_RESOLUTION_S
from fogbank.model.call import Call
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm
from fogbank.store.api import Key, Transaction

Wire = dict[str, Any]


def usage_key(realm: Realm, id_: str) -> Key:
    """Of an access key's id or a role's unique id. Not under `iam`: who caches what IAM says watches that, and a use changes
    nothing of it."""
    return ("iam-usage", *realm, id_)


async def last_used(ctx: Call[Iam], id_: str) -> Wire | None:
    """`{LastUsedDate, ServiceName, Region}` of an access key id or a role's unique id; None when it never was used."""
    found = await ctx.state.store.get(usage_key(realm_of(ctx), id_))
    return None if found is None else dict(orjson.loads(found.value))


async def role_last_used(ctx: Call[Iam], role_id: str) -> Wire:
    """The `RoleLastUsed` structure; empty when the role never was used."""
    found = await last_used(ctx, role_id)
    return {} if found is None else {"LastUsedDate": found["LastUsedDate"], "Region": found["Region"]}


@SERVICE.internal
async def note_use(
    ctx: Call[Iam], *, realm: tuple[str, str], id: str, used_service: str, used_region: str
) -> None:
    """Keep that an access key (by its id) or a role (by its unique id) of `realm` (partition, account) was used now."""
    key = usage_key(Realm(*realm), id)
    now_ms = ctx.state.now_ms()
    found = await ctx.state.store.get(key)
    if found is not None:
        known = orjson.loads(found.value)
        if (
            now_ms - known["LastUsedDate"] < IAM_USAGE_RESOLUTION_S * 1000
            and known["ServiceName"] == used_service
        ):
            return
    value = {"LastUsedDate": now_ms, "ServiceName": used_service, "Region": used_region}
    await ctx.state.store.commit(Transaction().put(key, orjson.dumps(value)))
