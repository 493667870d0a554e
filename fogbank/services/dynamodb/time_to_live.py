"""UpdateTimeToLive, DescribeTimeToLive. The deleting is in `expiry.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb import backfill, expiry, purging
from fogbank.services.dynamodb.global_tables import spread
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, TTL_CHANGE_PAUSE_MS
from fogbank.services.dynamodb.records import TableRecord, TimeToLive
from fogbank.services.dynamodb.service import SERVICE, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Transaction


@SERVICE.operation
async def update_time_to_live(
    ctx: Call[DynamoDB], *, table_name: str, time_to_live_specification: dict[str, Any]
) -> dict[str, Any]:
    attribute, enabled = (
        time_to_live_specification["AttributeName"],
        time_to_live_specification["Enabled"],
    )
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await state.directory.settled(ctx, table_name)
        now_ms = state.clock.now_ms()
        transaction, changed = _change(table, attribute, enabled, now_ms)
        try:
            await spread(state.store, transaction, table, changed, now_ms)
            await state.store.commit(transaction)
        except Conflict:
            continue
        state.directory.forget(table.place, table.record.name)
        return {"TimeToLiveSpecification": time_to_live_specification}
    raise in_use("Attempt to change a resource which is still in use")


def _change(table: Table, attribute: str, enabled: bool, now_ms: int) -> tuple[Transaction, TableRecord]:
    record, ttl = table.record, table.record.ttl
    if ttl is None and not enabled:
        raise invalid("TimeToLive is already disabled")
    if ttl is not None and ttl.attribute != attribute:
        raise invalid(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {ttl.attribute}"
        )
    if ttl is not None and enabled:
        raise invalid("TimeToLive is already enabled")
    if now_ms - record.ttl_changed_ms < TTL_CHANGE_PAUSE_MS:
        raise invalid("Time to live has been modified multiple times within a fixed interval")
    transaction = Transaction()
    if ttl is not None:
        changed = replace(record, ttl=None, ttl_changed_ms=now_ms)
        purging.enqueue_index(transaction, record.id, ttl.number, now_ms)
    else:
        number = record.next_number
        changed = replace(
            record,
            ttl=TimeToLive(attribute, number, "ENABLING"),
            next_number=number + 1,
            ttl_changed_ms=now_ms,
        )
        backfill.enqueue(transaction, table, number, now_ms)
        expiry.enqueue(transaction, table, now_ms)
    return transaction.put(table.key, changed.pack(), expect=table.version), changed


@SERVICE.operation
async def describe_time_to_live(ctx: Call[DynamoDB], *, table_name: str) -> dict[str, Any]:
    ttl = (await ctx.state.directory.settled(ctx, table_name)).record.ttl
    if ttl is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    # What is set is in force: only the entries of older items may still be on their way (`backfill.py`).
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": ttl.attribute}}
