"""UpdateTable's ReplicaUpdates: adding, changing and deleting replicas of a global table, one at a call."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.dynamodb import expiry, joining, keys, tombstones
from fogbank.services.dynamodb.global_tables import VIEW, bad_billing, leave, link_between, members, sse_in
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, LINKS_MAX, REPLICAS_MAX
from fogbank.services.dynamodb.records import Replica, Stream, TableRecord
from fogbank.services.dynamodb.replication import cursor_value, position
from fogbank.services.dynamodb.service import bad_value, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.stream_changes import disable_stream, open_stream
from fogbank.services.dynamodb.streams import new_label
from fogbank.services.dynamodb.system_backups import part_with_items
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.table_checks import check_is_free, check_is_unprotected, reclassed
from fogbank.services.dynamodb.table_shapes import description
from fogbank.store.api import ABSENT, Store, Transaction

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d\Z")
_REFUSED = (
    "KMSMasterKeyId",
    "ProvisionedThroughputOverride",
    "OnDemandThroughputOverride",
    "GlobalSecondaryIndexes",
)


async def update_replicas(
    ctx: Call[DynamoDB], table_name: str, updates: list[dict[str, Any]]
) -> dict[str, Any]:
    """UpdateTable with ReplicaUpdates."""
    if any(len(update) > 1 for update in updates):
        raise invalid("Update table operation with more than one type of replica actions not allowed")
    if not all(updates):
        raise _no_action()
    if len(updates) > 1:
        raise invalid(
            "Update table operation with more than one create or delete replica actions not allowed"
        )
    ((action, given),) = updates[0].items()
    for refused in _REFUSED:
        if refused in given:
            raise NotSupported(f"dynamodb {refused} of replicas")
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await ctx.state.directory.described(ctx, table_name)
        check_is_free(table)
        _check_region(table, action, given["RegionName"])
        try:
            match action:
                case "Create":
                    record = await _create(ctx, table, given)
                case "Update":
                    record = await _update(ctx, table, given)
                case _:
                    record = await _delete(ctx, table, given["RegionName"])
        except Conflict as conflict:
            if action == "Create" and conflict.key == keys.table(_place(table, given), table.record.name):
                raise _is_there(table.record.name) from None
            continue
        for region in (table.place.region, *(each.region for each in record.replicas)):
            ctx.state.directory.forget(Place(table.place.account, region), record.name)
        shown = await description(Table(table.place, record, 0), ctx.state.figures, "UPDATING")
        if action == "Create":  # AWS shows it a few seconds later
            shown["Replicas"] = [each for each in shown["Replicas"] if each["ReplicaStatus"] != "CREATING"]
        return {"TableDescription": shown}
    raise in_use("The resource which you are attempting to change is in use.")


def _no_action() -> AwsError:
    return invalid("There are no actions specified in the Replica Update Action of the request.")


def _place(table: Table, given: dict[str, Any]) -> Place:
    return Place(table.place.account, given["RegionName"])


def _check_region(table: Table, action: str, region: str) -> None:
    if region == table.place.region:
        raise invalid(
            "Cannot add or delete the local region through ReplicaUpdates. "
            "Use CreateTable, DeleteTable, or UpdateTable as required."
        )
    is_there = any(replica.region == region for replica in table.record.replicas)
    if action == "Create":
        if not _REGION.match(region):
            raise invalid(f"Region {region} is not supported.")  # AWS goes on with a list of its regions
        if is_there:
            raise _is_there(table.record.name)
        if len(table.record.replicas) + 1 >= REPLICAS_MAX:
            raise bad_value(f"A global table can have {REPLICAS_MAX} replicas")
    elif not is_there:
        raise invalid(
            "Update global table operation failed because one or more replicas were not part of the global table. "
            f"Please retry the request without these replicas: [{region}]."
        )


def _is_there(name: str) -> AwsError:
    return invalid(
        f"Failed to create a the new replica of table with name: ‘{name}’ because one or more replicas already existed "
        "as tables."
    )


# --- adding -----------------------------------------------------------------------------------------------------------


async def _create(ctx: Call[DynamoDB], table: Table, given: dict[str, Any]) -> TableRecord:
    """The table's record afterwards."""
    state, now_ms, region = ctx.state, ctx.state.clock.now_ms(), given["RegionName"]
    if table.record.billing_mode != "PAY_PER_REQUEST":
        raise bad_billing()
    group = [table, *await members(state.store, table)]
    new = _new_replica(ctx, table, given, now_ms)
    transaction = Transaction().put(new.key, new.record.pack(), expect=ABSENT)
    open_stream(state.ids, transaction, new, now_ms)
    tombstones.enqueue(transaction, new, now_ms)
    if new.record.ttl is not None:
        expiry.enqueue(transaction, new, now_ms)
    added = Replica(region, "CREATING", new.record.table_class)
    changed: list[TableRecord] = []
    for member in group:
        record = replace(member.record, replicas=(*member.record.replicas, added), is_stamped=True)
        if record.stream is None or not record.stream.is_enabled:
            record = replace(record, stream=Stream(new_label(now_ms), VIEW))
            open_stream(state.ids, transaction, Table(member.place, record, 0), now_ms)
        if not member.record.is_stamped:
            tombstones.enqueue(transaction, member, now_ms)
        transaction.put(member.key, record.pack(), expect=member.version)
        for source, target in ((member, new), (new, member)):
            link = link_between(source, target)
            transaction.put(link.key, link.pack())
            start = await _start(state.store, member) if source is member else 0
            transaction.put(link.cursor, cursor_value(start))
        changed.append(record)
    joining.enqueue(transaction, new, table, now_ms)
    await state.store.commit(transaction)
    state.directory.forget(new.place, new.record.name)
    return changed[0]


def _new_replica(ctx: Call[DynamoDB], table: Table, given: dict[str, Any], now_ms: int) -> Table:
    source = table.record
    here = Replica(table.place.region, "ACTIVE", source.table_class)
    record = replace(
        source,
        id=ctx.state.ids.uuid(),
        created_ms=now_ms,
        on_demand_since_ms=now_ms,
        status="CREATING",
        stream=Stream(new_label(now_ms), _view(source)),
        ttl=replace(source.ttl, status="ENABLED") if source.ttl is not None else None,
        sse=sse_in(source.sse, _place(table, given)),
        table_class=given.get("TableClassOverride", source.table_class),
        class_updated_ms=0,
        is_protected=False,
        tags={},
        policies={},
        holders=(),
        recovery=None,
        restored=None,
        replicas=(here, *source.replicas),
        is_stamped=True,
    )
    return Table(_place(table, given), record, 0)


def _view(source: TableRecord) -> str:
    """A stream that is there keeps its view; one that is not is opened with both images."""
    stream = source.stream
    return stream.view if stream is not None and stream.is_enabled else VIEW


async def _start(store: Store, member: Table) -> int:
    """From where on a new region needs a member's log: from what some other region does not have yet, as the region that the
    new replica is copied from may be it."""
    cursors = await store.scan(keys.cursors(member.record.id), limit=LINKS_MAX)
    if cursors:
        return min(position(cursor) for cursor in cursors)
    return await store.last_seq(keys.replication(member.record.id))


# --- changing, deleting -------------------------------------------------------------------------------------------------


async def _update(ctx: Call[DynamoDB], table: Table, given: dict[str, Any]) -> TableRecord:
    region, table_class = given["RegionName"], given.get("TableClassOverride")
    if table_class is None:
        raise _no_action()
    transaction, own = Transaction(), table.record
    for member in [table, *await members(ctx.state.store, table)]:
        record = member.record
        if member.place.region == region:
            record = reclassed(record, table_class, ctx.state.clock.now_ms())
        replicas = tuple(
            replace(each, table_class=table_class) if each.region == region else each
            for each in record.replicas
        )
        record = replace(record, replicas=replicas)
        transaction.put(member.key, record.pack(), expect=member.version)
        own = record if member is table else own
    await ctx.state.store.commit(transaction)
    return own


async def _delete(ctx: Call[DynamoDB], table: Table, region: str) -> TableRecord:
    state = ctx.state
    gone = next(each for each in await members(state.store, table) if each.place.region == region)
    check_is_unprotected(gone)
    check_is_free(gone)
    now_ms = state.clock.now_ms()
    transaction = Transaction().delete(gone.key, expect=gone.version)
    await disable_stream(state.store, transaction, gone, now_ms)
    await part_with_items(transaction, gone, state.figures, state.ids, now_ms)
    await leave(state.store, transaction, gone)
    await state.store.commit(transaction)
    state.directory.forget(gone.place, gone.record.name)
    state.figures.forget(gone.record.id)
    replicas = tuple(
        replace(each, status="DELETING") if each.region == region else each for each in table.record.replicas
    )
    return replace(table.record, replicas=replicas)
