"""CreateBackup, DescribeBackup, ListBackups, DeleteBackup. Restoring is in `restores.py`.

A backup is the table after the last change acknowledged before its instant, which lies within CreateBackup's call; the copying
behind it (`copying.py`) may take its time. AWS promises less: consistency of single items.
"""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.clock import iso8601
from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys, purging
from fogbank.services.dynamodb.backing_up import BACKUP_QUEUE
from fogbank.services.dynamodb.backup_records import (
    Backup,
    BackupRecord,
    described,
    details,
    find_backup,
    fix_instant,
    names_of,
    new_backup_id,
    summary,
)
from fogbank.services.dynamodb.directory import table_name as name_of
from fogbank.services.dynamodb.journal import held
from fogbank.services.dynamodb.keys import place_of
from fogbank.services.dynamodb.limits import (
    BACKUPS_LISTED_MAX,
    CONFLICT_RETRIES_MAX,
)
from fogbank.services.dynamodb.service import SERVICE, bad_value, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.system_backups import EXPIRY_QUEUE
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import ABSENT, Transaction


async def source_table(ctx: Call[DynamoDB], name_or_arn: str) -> Table:
    """The table that a request about backups names. Raises TableNotFoundException."""
    try:
        return await ctx.state.directory.settled(ctx, name_or_arn)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise SERVICE.error(
            "TableNotFoundException", f"Table not found: {name_of(ctx, name_or_arn)}"
        ) from None


@SERVICE.operation
async def create_backup(ctx: Call[DynamoDB], *, table_name: str, backup_name: str) -> dict[str, Any]:
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await source_table(ctx, table_name)
        now_ms = state.clock.now_ms()
        items, size_bytes = await state.figures.of(table.record.id, 0)
        record = BackupRecord(
            backup_name,
            new_backup_id(now_ms, state.ids.hex(8)),
            state.ids.uuid(),
            now_ms,
            table.record,
            items,
            size_bytes,
        )
        backup = Backup(table.place, record, 0)
        transaction = Transaction().put(table.key, held(table, record.uid), expect=table.version)
        transaction.put(backup.key, record.pack(), expect=ABSENT)
        body = orjson.dumps([*table.place, table.record.name, record.id])
        transaction.enqueue(BACKUP_QUEUE, record.uid, body, due_ms=now_ms)
        try:
            await state.store.commit(transaction)
        except Conflict:
            continue
        state.directory.forget(table.place, table.record.name)
        await fix_instant(state.store, table.place, table.record.name, record.id)
        return {"BackupDetails": details(backup)}
    raise SERVICE.error("TableInUseException", f"Table is being updated: {table_name}")


@SERVICE.operation
async def describe_backup(ctx: Call[DynamoDB], *, backup_arn: str) -> dict[str, Any]:
    return {"BackupDescription": described(await find_backup(ctx.state.store, place_of(ctx), backup_arn))}


@SERVICE.operation
async def delete_backup(ctx: Call[DynamoDB], *, backup_arn: str) -> dict[str, Any]:
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        backup = await find_backup(state.store, place_of(ctx), backup_arn)
        if backup.record.type == "SYSTEM":
            raise invalid(
                f"Invalid Request: User is not allowed to delete the system backup with arn {backup.arn}. It will "
                f"automatically expire on {iso8601(backup.record.expires_ms)}"
            )
        if backup.record.status != "AVAILABLE" or backup.record.restores:
            what = "used to restore table" if backup.record.restores else "created"
            raise SERVICE.error("BackupInUseException", f"Backup is being {what}: {backup_arn}")
        transaction = Transaction().delete(backup.key, expect=backup.version)
        purging.enqueue_table(transaction, backup.record.uid, state.clock.now_ms())
        transaction.cancel(EXPIRY_QUEUE, backup.record.uid)
        try:
            await state.store.commit(transaction)
        except Conflict:
            continue
        return {"BackupDescription": described(backup, "DELETED")}
    raise SERVICE.error("BackupInUseException", f"Backup is in use: {backup_arn}")


@SERVICE.operation
async def list_backups(
    ctx: Call[DynamoDB],
    *,
    table_name: str | None = None,
    limit: int = BACKUPS_LISTED_MAX,
    time_range_lower_bound: int | None = None,
    time_range_upper_bound: int | None = None,
    exclusive_start_backup_arn: str | None = None,
    backup_type: str = "USER",
) -> dict[str, Any]:
    """By table, then by time. A page looks at `limit` backups; those outside the range, or of another type, are left out of it."""
    place = place_of(ctx)
    low, high = time_range_lower_bound, time_range_upper_bound
    if low is not None and high is not None and low > high:
        raise bad_value("Time range lower bound must be less than or equal to upper bound")
    prefix = keys.backups(place)
    after = None
    if table_name is not None:
        prefix = keys.backups(place, name_of(ctx, table_name))
    if exclusive_start_backup_arn is not None:
        if exclusive_start_backup_arn.split(":")[3:4] != [place.region]:
            raise invalid("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region")
        after = keys.backup(place, *names_of(place, exclusive_start_backup_arn))
        if after[: len(prefix)] != prefix:  # the wording is a guess
            raise invalid("Invalid Request: ExclusiveStartBackupArn is not the ARN of a backup of that table")
    records = await ctx.state.store.scan(prefix, after=after, limit=limit + 1)
    page = [Backup(place, BackupRecord.unpack(each.value), each.version) for each in records[:limit]]
    answer: dict[str, Any] = {
        "BackupSummaries": [
            summary(backup)
            for backup in page
            if backup_type in ("ALL", backup.record.type)
            and (low is None or backup.record.created_ms >= low)
            and (high is None or backup.record.created_ms < high)
        ]
    }
    if len(records) > limit:
        answer["LastEvaluatedBackupArn"] = page[-1].arn
    return answer
