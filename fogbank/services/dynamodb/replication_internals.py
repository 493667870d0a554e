"""What `/_fogbank/dynamodb/replication` does: cuts a region off from all others and joins it again, shows what waits."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.limits import LINKS_MAX, REGIONS_CUT_MAX
from fogbank.services.dynamodb.replication import links, position
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.store.api import Transaction


@SERVICE.internal
async def set_connected(ctx: Call[DynamoDB], *, region: str, connected: bool) -> None:
    """Once this returns, nothing goes to or comes from a region that is cut off. For all accounts."""
    store = ctx.state.store
    if connected:
        await store.commit(Transaction().delete(keys.cut(region)))
        return
    if await store.count(keys.cuts(), limit=REGIONS_CUT_MAX) >= REGIONS_CUT_MAX:
        raise invalid(f"no more than {REGIONS_CUT_MAX} regions can be cut off")
    await store.commit(Transaction().put(keys.cut(region), b""))


@SERVICE.internal
async def replication_state(ctx: Call[DynamoDB]) -> dict[str, Any]:
    """Regions that are cut off, and for each link how many changes wait and how old the first one is in ms."""
    store, now_ms = ctx.state.store, ctx.state.clock.now_ms()
    cuts = await store.scan(keys.cuts(), limit=REGIONS_CUT_MAX)
    shown: list[dict[str, Any]] = []
    found = await links(store)
    if len(found) >= LINKS_MAX:
        raise NotSupported("more than 10,000 links between replicas")
    for link in found:
        at = position(await store.get(link.cursor))
        first = await store.read_log(link.log, after_seq=at, limit=1)
        shown.append(
            {
                "account": link.account,
                "table": link.name,
                "from": link.source_region,
                "to": link.target_region,
                "waiting": await store.last_seq(link.log) - at if first else 0,
                "oldest_ms": max(0, now_ms - first[0].time_ms) if first else 0,
            }
        )
    return {"cut_off": [record.key[-1] for record in cuts], "links": shown}
