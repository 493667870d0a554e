"""UpdateTable: throughput and billing, indexes, the stream, and the settings that only describe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.dynamodb import backfill, purging
from fogbank.services.dynamodb.global_tables import spread
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.records import Index, Stream, TableRecord, Throughput
from fogbank.services.dynamodb.replicas import update_replicas
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid, not_found
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.stream_changes import disable_stream, open_stream
from fogbank.services.dynamodb.streams import new_label
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.table_checks import (
    attribute_types,
    check_indexes,
    global_index,
    reclassed,
    sse_of,
    stream_view,
    throughput_of,
)
from fogbank.services.dynamodb.table_shapes import description
from fogbank.store.api import Transaction

_REFUSED = {
    "GlobalTableWitnessUpdates",
    "OnDemandThroughput",
    "WarmThroughput",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
    "VectorIndexUpdates",
}


@SERVICE.operation(refuses=_REFUSED)
async def update_table(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    attribute_definitions: list[dict[str, str]] | None = None,
    billing_mode: str | None = None,
    provisioned_throughput: dict[str, int] | None = None,
    global_secondary_index_updates: list[dict[str, Any]] | None = None,
    stream_specification: dict[str, Any] | None = None,
    sse_specification: dict[str, Any] | None = None,
    table_class: str | None = None,
    deletion_protection_enabled: bool | None = None,
    replica_updates: list[dict[str, Any]] | None = None,
    multi_region_consistency: str = "EVENTUAL",
) -> dict[str, Any]:
    if multi_region_consistency != "EVENTUAL":
        raise NotSupported(f"dynamodb MultiRegionConsistency {multi_region_consistency}")
    asked = (
        billing_mode,
        provisioned_throughput,
        global_secondary_index_updates,
        stream_specification,
        sse_specification,
        table_class,
        deletion_protection_enabled,
    )
    if replica_updates is not None:
        if any(each is not None for each in asked):
            raise invalid("ReplicaUpdates cannot be combined with other changes of the table")
        return await update_replicas(ctx, table_name, replica_updates)
    if all(each is None for each in asked):
        raise invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await state.directory.described(ctx, table_name)
        if table.record.status != "ACTIVE":
            raise _being_updated(table.record.name)
        now_ms = state.clock.now_ms()
        update = _Update(table, now_ms)
        update.billing(billing_mode, provisioned_throughput)
        update.indexes(attribute_definitions, global_secondary_index_updates or [], now_ms)
        if sse_specification is not None:
            update.set(sse=sse_of(sse_specification, ctx.arn))
        if table_class is not None:
            update.record = reclassed(update.record, table_class, now_ms)
        if deletion_protection_enabled is not None:
            update.set(is_protected=deletion_protection_enabled)
        if stream_specification is not None:
            update.stream(stream_view(stream_specification), now_ms)
        changed = await _commit(ctx, table, update, now_ms)
        if changed is not None:
            return {"TableDescription": await description(changed, state.figures, "UPDATING")}
    raise _being_updated(table_name)


async def _commit(ctx: Call[DynamoDB], table: Table, update: _Update, now_ms: int) -> Table | None:
    """The table as it is now; None when somebody else was faster."""
    state, changed = ctx.state, Table(table.place, update.record, 0)
    transaction = update.transaction.put(table.key, update.record.pack(), expect=table.version)
    if changed.stream_key != table.stream_key:
        if changed.stream_key is not None:
            open_stream(state.ids, transaction, changed, now_ms)
        else:
            await disable_stream(state.store, transaction, table, now_ms)
    try:
        await spread(state.store, transaction, table, update.record, now_ms)
        await state.store.commit(transaction)
    except Conflict:
        return None
    state.directory.forget(table.place, table.record.name)
    return changed


def _being_updated(name: str) -> AwsError:
    return in_use(f"Attempt to change a resource which is still in use: Table is being updated: {name}")


class _Update:
    """A table's record on its way from before to after, and what else its change brings with it."""

    def __init__(self, table: Table, now_ms: int) -> None:
        self.table = table
        self.record: TableRecord = table.record
        self.transaction = Transaction()
        self._now_ms = now_ms

    def set(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)

    def billing(self, mode: str | None, throughput: dict[str, int] | None) -> None:
        record = self.record
        if mode is not None and mode != record.billing_mode:
            if mode == "PAY_PER_REQUEST":
                throughput_of(throughput, mode)
                indexes = tuple(replace(index, throughput=Throughput()) for index in record.indexes)
                self.set(
                    billing_mode=mode,
                    on_demand_since_ms=self._now_ms,
                    throughput=Throughput(),
                    indexes=indexes,
                )
            else:
                self.set(billing_mode=mode, throughput=throughput_of(throughput, mode))
        elif throughput is not None:
            wanted = throughput_of(throughput, record.billing_mode)
            self.set(throughput=_changed(record.throughput, wanted, self._now_ms, "table"))

    def stream(self, view: str | None, now_ms: int) -> None:
        stream = self.record.stream
        is_enabled = stream is not None and stream.is_enabled
        if view is not None and is_enabled:
            raise invalid(f"Table already has an enabled stream: TableName: {self.record.name}")
        if view is None and (stream is None or not is_enabled):
            raise invalid(f"Table has no stream to disable: TableName: {self.record.name}")
        if view is not None:
            self.set(stream=Stream(new_label(now_ms), view))
        elif stream is not None:
            self.set(stream=replace(stream, is_enabled=False))

    # --- indexes -----------------------------------------------------------------------------------------------------

    def indexes(
        self, definitions: list[dict[str, str]] | None, updates: list[dict[str, Any]], now_ms: int
    ) -> None:
        if any(index.status != "ACTIVE" for index in self.record.indexes):
            raise _being_updated(self.record.name)
        if sum("Create" in update or "Delete" in update for update in updates) > 1:
            raise SERVICE.error(
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            )
        for update in updates:
            match update:
                case {"Create": given}:
                    self._create(given, definitions, now_ms)
                case {"Update": given}:
                    self._update(given)
                case {"Delete": given}:
                    self._delete(given["IndexName"], now_ms)
                case _:
                    raise bad_value("One of GlobalSecondaryIndexUpdate's actions must be specified")

    def _create(self, given: dict[str, Any], definitions: list[dict[str, str]] | None, now_ms: int) -> None:
        record = self.record
        index = global_index(given, record.next_number, record.billing_mode, "CREATING")
        if any(there.name == index.name for there in record.indexes):
            raise invalid(f"Attempting to create an index which already exists: {index.name}")
        indexes = [*record.indexes, index]
        check_indexes(indexes)
        types = record.types | attribute_types(definitions or [])
        missing = [name for name in (index.hash, index.range) if name is not None and name not in types]
        if missing:
            keys_shown = ", ".join(name for name in (index.hash, index.range) if name is not None)
            raise bad_value(
                "Some index key attributes are not defined in AttributeDefinitions. "
                f"Keys: [{keys_shown}], AttributeDefinitions: [{', '.join(types)}]"
            )
        for name, kind in record.types.items():
            if types[name] != kind:
                raise bad_value(f"Attribute {name} is defined with another type already")
        used = _used(record, indexes)
        self.set(
            indexes=tuple(indexes),
            next_number=record.next_number + 1,
            types={name: kind for name, kind in types.items() if name in used},
        )
        backfill.enqueue(self.transaction, self.table, index.number, now_ms)

    def _update(self, given: dict[str, Any]) -> None:
        for refused in ("OnDemandThroughput", "WarmThroughput"):
            if refused in given:
                raise NotSupported(f"dynamodb {refused} of indexes")
        index = self._index(given["IndexName"])
        wanted = throughput_of(given.get("ProvisionedThroughput"), self.record.billing_mode, index.name)
        throughput = _changed(index.throughput, wanted, self._now_ms, f"index {index.name}")
        changed = replace(index, throughput=throughput)
        self.set(indexes=tuple(changed if each is index else each for each in self.record.indexes))

    def _delete(self, name: str, now_ms: int) -> None:
        index = self._index(name)
        indexes = [each for each in self.record.indexes if each is not index]
        used = _used(self.record, indexes)
        self.set(
            indexes=tuple(indexes),
            types={each: kind for each, kind in self.record.types.items() if each in used},
        )
        purging.enqueue_index(self.transaction, self.record.id, index.number, now_ms)

    def _index(self, name: str) -> Index:
        for index in self.record.indexes:
            if index.name == name and index.is_global:
                return index
        raise not_found("Requested resource not found")


def _used(record: TableRecord, indexes: list[Index]) -> set[str | None]:
    """The attributes that some key is made of."""
    return {record.hash, record.range, *(key for index in indexes for key in (index.hash, index.range))}


def _changed(before: Throughput, wanted: Throughput, now_ms: int, what: str) -> Throughput:
    if (before.read, before.write) == (wanted.read, wanted.write):
        raise invalid(
            f"The provisioned throughput for the {what} will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the {what}: {before.read}. Requested ReadCapacityUnits: "
            f"{wanted.read}. Current WriteCapacityUnits provisioned for the {what}: {before.write}. Requested "
            f"WriteCapacityUnits: {wanted.write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how "
            "to request higher limits."
        )
    is_up = wanted.read > before.read or wanted.write > before.write
    is_down = wanted.read < before.read or wanted.write < before.write
    return replace(
        wanted,
        increased_ms=now_ms if is_up else before.increased_ms,
        decreased_ms=now_ms if is_down else before.decreased_ms,
        decreases_today=before.decreases_today + 1 if is_down else before.decreases_today,
    )
