"""What API keys have used of their plans' quotas: one record for each plan, key and UTC day.

    {"used": requests on that day, "remaining": what was left of the period's quota at its end}

`add_usage` is the data plane's: it adds what was served since it last asked, and says what is left. GetUsage reads the
records, UpdateUsage sets `remaining` of today's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.records import Wire, pack, read, retried
from fogbank.store.api import ABSENT, Store, Transaction


def day_of(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def period_start(quota: Wire, day: date) -> date:
    """The first day of the quota's period that `day` lies in.

    `offset` (requests subtracted at the start of a period, of the first one only) does not move it."""
    match quota["period"]:
        case "WEEK":
            return day - timedelta(days=(day.weekday() + 1) % 7)  # weeks begin on Sunday: ours, AWS says not
        case "MONTH":
            return day.replace(day=1)
        case _:
            return day


async def used_of(store: Store, place: Place, plan: Wire, key_id: str, day: date) -> tuple[Wire, int]:
    """(today's record, its store version or ABSENT), made from the latest one of the period when today has none."""
    quota = plan["quota"]
    found = await read(store, keys.usage(place, plan["id"], key_id, day.isoformat()))
    if found is not None:
        return found.wire, found.version
    first = period_start(quota, day)
    earlier = await store.scan(
        keys.usage_of_key(place, plan["id"], key_id),
        before=keys.usage(place, plan["id"], key_id, day.isoformat()),
        after=keys.usage(place, plan["id"], key_id, (first - timedelta(days=1)).isoformat()),
        limit=1,
        reverse=True,
    )
    if earlier:
        latest = await read(store, earlier[0].key)
        if latest is not None:
            return {"used": 0, "remaining": latest.wire["remaining"]}, ABSENT
    # The offset counts in the first period of a key in its plan alone.
    before = await store.count(keys.usage_of_key(place, plan["id"], key_id), limit=1)
    offset = 0 if before else quota.get("offset", 0)
    return {"used": 0, "remaining": quota["limit"] - offset}, ABSENT


@retried
async def add_usage(store: Store, place: Place, plan: Wire, key_id: str, now_ms: int, count: int) -> int:
    """Add `count` requests to a key's usage of a plan that has a quota; what is left afterwards (may be negative).

    `count` 0 only asks."""
    day = day_of(now_ms)
    usage, version = await used_of(store, place, plan, key_id, day)
    remaining: int = usage["remaining"] - count
    if count:
        changed = {"used": usage["used"] + count, "remaining": remaining}
        key = keys.usage(place, plan["id"], key_id, day.isoformat())
        await store.commit(Transaction().put(key, pack(changed), expect=version))
    return remaining
