"""UpdateTable: throughput and billing, indexes, the stream, and the settings that only describe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.dynamodb.encryption import changed_sse
from fogbank.services.dynamodb.global_tables import spread
from fogbank.services.dynamodb.index_updates import IndexUpdates
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.records import Index, Stream, TableRecord, Throughput
from fogbank.services.dynamodb.replicas import update_replicas
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.stream_changes import disable_stream, open_stream
from fogbank.services.dynamodb.streams import new_label
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.table_checks import reclassed, stream_view
from fogbank.services.dynamodb.table_shapes import description
from fogbank.services.dynamodb.throughput_checks import (
    ON_DEMAND,
    changed,
    maxima_of,
    settled,
    unwanted,
    warm_of,
    warmed,
    within,
)
from fogbank.services.dynamodb.update_answers import answer
from fogbank.services.dynamodb.update_checks import check_request
from fogbank.store.api import Transaction

_REFUSED = {
    "GlobalTableWitnessUpdates",
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
    warm_throughput: dict[str, int] | None = None,
    on_demand_throughput: dict[str, int] | None = None,
) -> dict[str, Any]:
    if multi_region_consistency != "EVENTUAL":
        raise NotSupported(f"dynamodb MultiRegionConsistency {multi_region_consistency}")
    given = {
        "BillingMode": billing_mode,
        "ProvisionedThroughput": provisioned_throughput,
        "GlobalSecondaryIndexUpdates": global_secondary_index_updates,
        "StreamSpecification": stream_specification,
        "SSESpecification": sse_specification,
        "TableClass": table_class,
        "DeletionProtectionEnabled": deletion_protection_enabled,
        "ReplicaUpdates": replica_updates,
        "WarmThroughput": warm_throughput or None,
        "OnDemandThroughput": on_demand_throughput or None,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    check_request(asked)
    if replica_updates is not None:
        return await update_replicas(ctx, table_name, replica_updates)
    if stream_specification is not None:
        stream_view(stream_specification)
    state = ctx.state
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await state.directory.settled(ctx, table_name)
        now_ms = state.clock.now_ms()
        update = _Update(table, now_ms, asked, attribute_definitions)
        update.make()
        after = await _commit(ctx, table, update, now_ms)
        if after is None:
            continue
        shown = answer(
            await description(table, state.figures),
            await description(after, state.figures),
            set(asked),
            global_secondary_index_updates or [],
            now_ms,
        )
        if update.maxima:  # with the mark of one that was taken away
            shown["OnDemandThroughput"] = update.maxima
        return {"TableDescription": shown}
    raise _being_updated(table_name)


async def _commit(ctx: Call[DynamoDB], table: Table, update: _Update, now_ms: int) -> Table | None:
    """The table as it is now; None when somebody else was faster."""
    state, after = ctx.state, Table(table.place, update.record, 0)
    transaction = update.transaction.put(table.key, update.record.pack(), expect=table.version)
    if after.stream_key != table.stream_key:
        if after.stream_key is not None:
            open_stream(state.ids, transaction, after, now_ms)
        else:
            await disable_stream(state.store, transaction, table, now_ms)
    try:
        await spread(state.store, transaction, table, update.record, now_ms)
        await state.store.commit(transaction)
    except Conflict:
        return None
    state.directory.forget(table.place, table.record.name)
    return after


def _being_updated(name: str) -> AwsError:
    return in_use(
        f"Attempt to change a resource which is still in use: Table: {name} is in the process of being updated."
    )


class _Update:
    """A table's record on its way from before to after, and what else its change brings with it."""

    def __init__(
        self, table: Table, now_ms: int, asked: dict[str, Any], definitions: list[dict[str, str]] | None
    ) -> None:
        self.table = table
        self.record: TableRecord = table.record
        self.transaction = Transaction()
        self.maxima: dict[str, int] | None = None
        self._asked = asked
        self._definitions = definitions
        self._now_ms = now_ms

    def set(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)

    def make(self) -> None:
        asked, place = self._asked, self.table.place
        updates = asked.get("GlobalSecondaryIndexUpdates", [])
        self._check_is_idle(updates)
        self._billing(asked.get("BillingMode"), asked.get("ProvisionedThroughput"), updates)
        if updates:
            done = IndexUpdates(self.table, self.record, self.transaction, self._now_ms)
            self.record = done.make(updates, self._definitions)
        self._throughput(asked.get("WarmThroughput"), asked.get("OnDemandThroughput"))
        if "SSESpecification" in asked:
            self.set(sse=changed_sse(self.record.sse, asked["SSESpecification"], place))
        if "TableClass" in asked:
            self.record = reclassed(self.record, asked["TableClass"], self._now_ms)
        if "DeletionProtectionEnabled" in asked:
            self.set(is_protected=asked["DeletionProtectionEnabled"])
        if "StreamSpecification" in asked:
            self._stream(stream_view(asked["StreamSpecification"]))

    def _check_is_idle(self, updates: list[dict[str, Any]]) -> None:
        """While an index is being filled it can be deleted, settings that do not touch data can change, and nothing else can."""
        filling = [index.name for index in self.record.indexes if index.status != "ACTIVE"]
        if not filling:
            return
        deleted = [update.get("Delete", {}).get("IndexName") for update in updates]
        if filling == deleted and self._asked.keys() == {"GlobalSecondaryIndexUpdates"}:
            return  # botocore's model allows it while Backfilling is true, which it is here from the first
        if any("Update" not in update for update in updates):
            raise SERVICE.error(
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            )
        if not self._asked.keys() <= {"DeletionProtectionEnabled", "SSESpecification"}:
            raise _being_updated(self.record.name)

    # --- throughput --------------------------------------------------------------------------------------------------

    def _billing(
        self, mode: str | None, throughput: dict[str, int] | None, updates: list[dict[str, Any]]
    ) -> None:
        record, region = self.record, self.table.place.region
        if mode == ON_DEMAND and throughput is not None:
            raise bad_value("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
        if mode == "PROVISIONED" and throughput is None:
            raise bad_value("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        if mode is None or mode == record.billing_mode:
            if throughput is not None:
                if record.billing_mode == ON_DEMAND:
                    raise unwanted()
                wanted = within(throughput, region)
                self._kept_warm(throughput=changed(record.throughput, wanted, self._now_ms))
        elif mode == ON_DEMAND:
            self._kept_warm(throughput=_units(record.throughput, Throughput()))
            indexes = tuple(
                replace(index, throughput=_units(index.throughput, Throughput()))
                for index in self.record.indexes
            )
            self.set(billing_mode=mode, on_demand_since_ms=self._now_ms, indexes=indexes)
        elif throughput is not None:
            self._to_provisioned(within(throughput, region), updates)

    def _to_provisioned(self, wanted: Throughput, updates: list[dict[str, Any]]) -> None:
        """Each index needs throughput in the same request; nothing is left of on-demand maxima."""
        given = {each["Update"]["IndexName"]: each["Update"] for each in updates if "Update" in each}
        names = [index.name for index in self.record.indexes if index.is_global]
        missing = [name for name in names if "ProvisionedThroughput" not in given.get(name, {})]
        if missing:
            raise bad_value(f"ProvisionedThroughput must be specified for index: {','.join(missing)}")
        self._kept_warm(throughput=_units(self.record.throughput, wanted))
        indexes = tuple(replace(index, on_demand=None) for index in self.record.indexes)
        self.set(billing_mode="PROVISIONED", on_demand=None, indexes=indexes)

    def _kept_warm(self, *, throughput: Throughput) -> None:
        """Other throughput, with the warm throughput that there was: it never goes down."""
        record, mode = self.record, self.record.billing_mode

        def warm(of: TableRecord | Index) -> dict[str, int]:
            return warm_of(of.warm, mode, of.throughput)

        indexes = tuple(
            replace(index, warm=warm(index)) if index.is_global else index for index in record.indexes
        )
        self.set(throughput=throughput, warm=warm(record), indexes=indexes)

    def _throughput(self, warm: dict[str, int] | None, maxima: dict[str, int] | None) -> None:
        record, region = self.record, self.table.place.region
        if warm is not None:
            current = warm_of(record.warm, record.billing_mode, record.throughput)
            self.set(warm=warmed(warm, current, region))
        if maxima is not None:
            self.maxima = maxima_of(maxima, record.on_demand, record.billing_mode, region)
            self.set(on_demand=settled(self.maxima))

    # --- the stream --------------------------------------------------------------------------------------------------

    def _stream(self, view: str | None) -> None:
        stream = self.record.stream
        is_enabled = stream is not None and stream.is_enabled
        if view is not None and is_enabled:
            raise invalid(f"Table already has an enabled stream: TableName: {self.record.name}")
        if view is None and (stream is None or not is_enabled):
            raise invalid(f"Table has no stream to disable: TableName: {self.record.name}")
        if view is not None:
            self.set(stream=Stream(new_label(self._now_ms), view))
        elif stream is not None:
            self.set(stream=replace(stream, is_enabled=False))


def _units(before: Throughput, wanted: Throughput) -> Throughput:
    """Other units with the same history: a change of the billing mode is neither an increase nor a decrease."""
    return replace(before, read=wanted.read, write=wanted.write)
