"""What API keys have used of their plans' quotas: one record for each plan, key and UTC day.

    {"used": requests on that day, "remaining": what was left of the period's quota at its end, -1 without a quota}

`add_usage` is the data plane's: it adds what was served since it last asked, and says what is left. GetUsage reads the
records, UpdateUsage sets `remaining` of today's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fogbank.gateway.records import Wire, pack, read
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.records import retried
from fogbank.store.api import ABSENT, Store, Transaction

NO_QUOTA = -1


def day_of(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def period_start(quota: Wire, day: date) -> date:
    """The first day of the quota's period that `day` lies in. `offset` is the day on which a period begins: of a week
    (0 is Sunday), or of a month (0 is the first)."""
    offset: int = quota.get("offset", 0)
    match quota["period"]:
        case "WEEK":
            return day - timedelta(days=(day.isoweekday() - offset) % 7)
        case "MONTH":
            start = day.replace(day=1 + offset)
            return (
                start if start <= day else (start.replace(day=1) - timedelta(days=1)).replace(day=1 + offset)
            )
        case _:
            return day


async def used_of(store: Store, place: Place, plan: Wire, key_id: str, day: date) -> tuple[Wire, int]:
    """(a day's record, its store version or ABSENT), made from the latest one of the period when the day has none."""
    found = await read(store, keys.usage(place, plan["id"], key_id, day.isoformat()))
    if found is not None:
        return found.wire, found.version
    quota = plan.get("quota")
    if quota is None:
        return {"used": 0, "remaining": NO_QUOTA}, ABSENT
    earlier = await store.scan(
        keys.usage_of_key(place, plan["id"], key_id),
        after=keys.usage(
            place, plan["id"], key_id, (period_start(quota, day) - timedelta(days=1)).isoformat()
        ),
        before=keys.usage(place, plan["id"], key_id, day.isoformat()),
        limit=1,
        reverse=True,
    )
    latest = await read(store, earlier[0].key) if earlier else None
    if latest is not None and latest.wire["remaining"] != NO_QUOTA:
        return {"used": 0, "remaining": latest.wire["remaining"]}, ABSENT
    return {"used": 0, "remaining": quota["limit"]}, ABSENT


@retried
async def add_usage(store: Store, place: Place, plan: Wire, key_id: str, now_ms: int, count: int) -> int:
    """Add `count` requests to a key's usage of a plan; what is left of its quota, never below 0 (-1: it has none).

    `count` 0 only asks."""
    day = day_of(now_ms)
    usage, version = await used_of(store, place, plan, key_id, day)
    remaining: int = usage["remaining"]
    if "quota" not in plan:
        remaining = NO_QUOTA
    elif remaining == NO_QUOTA:  # the plan got its quota today
        remaining = plan["quota"]["limit"]
    if remaining != NO_QUOTA:
        remaining = max(0, remaining - count)
    if count:
        changed = {"used": usage["used"] + count, "remaining": remaining}
        key = keys.usage(place, plan["id"], key_id, day.isoformat())
        await store.commit(Transaction().put(key, pack(changed), expect=version))
    return remaining
