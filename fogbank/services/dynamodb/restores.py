"""RestoreTableFromBackup, RestoreTableToPointInTime: a new table that is CREATING until `restoring.py` has filled it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.clock import iso8601
from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb import journal, keys
from fogbank.services.dynamodb.backup_records import find_backup
from fogbank.services.dynamodb.backups import source_table
from fogbank.services.dynamodb.continuous_backups import earliest_ms
from fogbank.services.dynamodb.directory import table_name as name_of
from fogbank.services.dynamodb.keys import place_of
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, TABLES_MAX
from fogbank.services.dynamodb.records import Recovery, TableRecord
from fogbank.services.dynamodb.restore_settings import Overrides, restored_record
from fogbank.services.dynamodb.restoring import RESTORE_QUEUE
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.table_shapes import description
from fogbank.store.api import ABSENT, Transaction


@SERVICE.operation(refuses={"VectorIndexOverride"})
async def restore_table_from_backup(
    ctx: Call[DynamoDB],
    *,
    target_table_name: str,
    backup_arn: str,
    billing_mode_override: str | None = None,
    global_secondary_index_override: list[dict[str, Any]] | None = None,
    local_secondary_index_override: list[dict[str, Any]] | None = None,
    provisioned_throughput_override: dict[str, int] | None = None,
    sse_specification_override: dict[str, Any] | None = None,
    on_demand_throughput_override: dict[str, int] | None = None,
) -> dict[str, Any]:
    overrides = Overrides(
        billing_mode_override,
        global_secondary_index_override,
        local_secondary_index_override,
        provisioned_throughput_override,
        sse_specification_override,
        on_demand_throughput_override,
    )
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        backup = await find_backup(state.store, place_of(ctx), backup_arn)
        record = backup.record
        if record.status != "AVAILABLE":
            raise SERVICE.error("BackupInUseException", f"Backup is being created: {backup_arn}")
        if record.restores:
            raise SERVICE.error(
                "BackupInUseException", f"Backup is being used to restore another table: {backup_arn}"
            )
        target = await _target(ctx, target_table_name, record.source, overrides, backup.table_arn, backup.arn)
        pinned = replace(record, restores=(*record.restores, target.record.id))
        transaction = Transaction().put(backup.key, pinned.pack(), expect=backup.version)
        source = {"backup": [record.source.name, record.id], "data": record.uid}
        if (shown := await _begin(ctx, transaction, target, source)) is not None:
            return shown
    raise SERVICE.error("BackupInUseException", f"Backup is in use: {backup_arn}")


@SERVICE.operation(refuses={"VectorIndexOverride"})
async def restore_table_to_point_in_time(
    ctx: Call[DynamoDB],
    *,
    target_table_name: str,
    source_table_arn: str | None = None,
    source_table_name: str | None = None,
    use_latest_restorable_time: bool = False,
    restore_date_time: int | None = None,
    billing_mode_override: str | None = None,
    global_secondary_index_override: list[dict[str, Any]] | None = None,
    local_secondary_index_override: list[dict[str, Any]] | None = None,
    provisioned_throughput_override: dict[str, int] | None = None,
    sse_specification_override: dict[str, Any] | None = None,
    on_demand_throughput_override: dict[str, int] | None = None,
) -> dict[str, Any]:
    overrides = Overrides(
        billing_mode_override,
        global_secondary_index_override,
        local_secondary_index_override,
        provisioned_throughput_override,
        sse_specification_override,
        on_demand_throughput_override,
    )
    if (source_table_arn is None) == (source_table_name is None):
        raise invalid("Invalid Request: Must provide exactly one of: sourceTableArn, sourceTableName")
    if use_latest_restorable_time and restore_date_time is not None:
        raise invalid(  # how AWS's sentence goes on is not known
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
            "request."
        )
    if not use_latest_restorable_time and restore_date_time is None:
        raise invalid(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    state, name = ctx.state, source_table_arn or source_table_name or ""
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await source_table(ctx, name)
        recovery, now_ms = table.record.recovery, state.clock.now_ms()
        if recovery is None:
            raise SERVICE.error(
                "PointInTimeRecoveryUnavailableException",
                f"Point in time recovery is not enabled for table '{table.record.name}'",
            )
        time_ms = now_ms if restore_date_time is None else restore_date_time
        _check_time(time_ms, recovery, now_ms)
        target = await _target(ctx, target_table_name, table.record, overrides, table.arn, None, time_ms)
        if restore_date_time is None:
            seq = await state.store.last_seq(keys.journal(table.record.id))
        else:
            seq = await journal.seq_at(state.store, table.record.id, time_ms)
        transaction = Transaction().put(
            table.key, journal.held(table, target.record.id), expect=table.version
        )
        source = {"table": table.record.name, "data": table.record.id, "seq": seq}
        if (shown := await _begin(ctx, transaction, target, source)) is not None:
            state.directory.forget(table.place, table.record.name)
            return shown
    raise SERVICE.error("TableInUseException", f"Table is being updated: {name}")


def _check_time(time_ms: int, recovery: Recovery, now_ms: int) -> None:
    # Clients know the earliest time in seconds.
    earliest = earliest_ms(recovery, now_ms)
    if not earliest // 1000 * 1000 <= time_ms <= now_ms:
        asked, low, high = (iso8601(each)[:19] + "Z" for each in (time_ms, earliest, now_ms))
        raise SERVICE.error(
            "InvalidRestoreTimeException",
            f"RestoreDateTime '{asked}' must be within EarliestRestorableDateTime '{low}' and "
            f"LatestRestorableDateTime '{high}'",
        )


async def _target(
    ctx: Call[DynamoDB],
    name: str,
    source: TableRecord,
    overrides: Overrides,
    table_arn: str,
    backup_arn: str | None,
    time_ms: int | None = None,
) -> Table:
    """The table to be. Raises ValidationException, TableAlreadyExistsException, LimitExceededException."""
    state, place = ctx.state, place_of(ctx)
    name, now_ms = name_of(ctx, name), state.clock.now_ms()
    there = await state.store.get(keys.table(place, name))
    if there is not None:
        if TableRecord.unpack(there.value).restored_now:
            raise SERVICE.error("TableInUseException", f"Table is already being restored: {name}")
        raise _exists(name)
    if await state.store.count(keys.tables(place), limit=TABLES_MAX) >= TABLES_MAX:
        raise SERVICE.error(
            "LimitExceededException",
            f"Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber",
        )
    record = restored_record(
        source,
        overrides,
        name=name,
        id=state.ids.uuid(),
        now_ms=now_ms,
        place=place,
    )
    summary: dict[str, Any] = {
        "SourceTableArn": table_arn,
        "RestoreDateTime": now_ms if time_ms is None else time_ms,
    }
    if backup_arn is not None:
        summary["SourceBackupArn"] = backup_arn
    return Table(place, replace(record, restored=summary), 0)


def _exists(name: str) -> AwsError:
    return SERVICE.error("TableAlreadyExistsException", f"Table already exists: {name}")


async def _begin(
    ctx: Call[DynamoDB], transaction: Transaction, target: Table, source: dict[str, Any]
) -> dict[str, Any] | None:
    """The answer; None when the source was changed meanwhile."""
    state, record = ctx.state, target.record
    body = orjson.dumps({"place": [*target.place], "name": record.name, "id": record.id, "source": source})
    transaction.put(target.key, record.pack(), expect=ABSENT)
    transaction.enqueue(RESTORE_QUEUE, record.id, body, due_ms=record.created_ms)
    try:
        await state.store.commit(transaction)
    except Conflict as conflict:
        if conflict.key == target.key:
            raise _exists(record.name) from None
        return None
    state.directory.forget(target.place, record.name)
    return {"TableDescription": await description(target, state.figures, "CREATING")}
