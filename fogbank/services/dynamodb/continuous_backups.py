"""UpdateContinuousBackups, DescribeContinuousBackups: point-in-time recovery. Restoring is in `restores.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb import journal
from fogbank.services.dynamodb.backups import source_table
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, DAY_MS, RECOVERY_DAYS_MAX
from fogbank.services.dynamodb.records import Recovery, TableRecord
from fogbank.services.dynamodb.service import SERVICE, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.store.api import Transaction


def earliest_ms(recovery: Recovery, now_ms: int) -> int:
    return max(recovery.since_ms, now_ms - recovery.days * DAY_MS)


def _described(record: TableRecord, now_ms: int) -> dict[str, Any]:
    recovery = record.recovery
    point: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if recovery is not None:
        point = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": recovery.days,
            "EarliestRestorableDateTime": earliest_ms(recovery, now_ms),
            "LatestRestorableDateTime": now_ms,
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": point,
        }
    }


@SERVICE.operation
async def update_continuous_backups(
    ctx: Call[DynamoDB], *, table_name: str, point_in_time_recovery_specification: dict[str, Any]
) -> dict[str, Any]:
    is_wanted = point_in_time_recovery_specification["PointInTimeRecoveryEnabled"]
    days = point_in_time_recovery_specification.get("RecoveryPeriodInDays")
    if days is not None and not is_wanted:
        raise invalid(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await source_table(ctx, table_name)
        now_ms, before = state.clock.now_ms(), table.record.recovery
        after = None
        if is_wanted and before is None:
            after = Recovery(now_ms, days or RECOVERY_DAYS_MAX)
        elif is_wanted and before is not None:
            after = replace(before, days=days or before.days)
            if days is not None and days > before.days:
                # What was too old for the shorter period may have been trimmed.
                after = replace(after, since_ms=earliest_ms(before, now_ms))
        record = replace(table.record, recovery=after)
        if after != before:
            transaction = Transaction().put(table.key, record.pack(), expect=table.version)
            journal.enqueue(transaction, table.place, record, now_ms)
            try:
                await state.store.commit(transaction)
            except Conflict:
                continue
            state.directory.forget(table.place, record.name)
        return _described(record, now_ms)
    raise in_use(f"Table is being updated: {table_name}")


@SERVICE.operation
async def describe_continuous_backups(ctx: Call[DynamoDB], *, table_name: str) -> dict[str, Any]:
    table = await source_table(ctx, table_name)
    return _described(table.record, ctx.state.clock.now_ms())
