"""UpdateTable's GlobalSecondaryIndexUpdates, over a table's record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.services.dynamodb import backfill, purging
from fogbank.services.dynamodb.index_checks import check_indexes, global_index
from fogbank.services.dynamodb.records import Index, TableRecord
from fogbank.services.dynamodb.schema_checks import attribute_types, check_is_defined
from fogbank.services.dynamodb.service import SERVICE, bad_value, invalid, not_found
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.throughput_checks import (
    ADDED,
    ON_DEMAND,
    changed,
    maxima_of,
    settled,
    warm_of,
    warmed,
    within,
)
from fogbank.store.api import Transaction


class IndexUpdates:
    """`record`: the table as the request has changed it so far; `transaction` takes what goes with it."""

    def __init__(self, table: Table, record: TableRecord, transaction: Transaction, now_ms: int) -> None:
        self._table = table
        self._record = record
        self._transaction = transaction
        self._now_ms = now_ms

    def make(self, updates: list[dict[str, Any]], definitions: list[dict[str, str]] | None) -> TableRecord:
        """Raises ValidationException, ResourceNotFoundException, LimitExceededException."""
        if sum("Update" not in update for update in updates) > 1:
            raise SERVICE.error(
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            )
        for update in updates:
            match update:
                case {"Create": given}:
                    self._create(given, definitions)
                case {"Update": given}:
                    self._update(given)
                case {"Delete": given}:
                    self._delete(given["IndexName"])
        return self._record

    def _create(self, given: dict[str, Any], definitions: list[dict[str, str]] | None) -> None:
        record = self._record
        if definitions is None:
            raise bad_value(f"AttributeDefinitions is not specified for index: {given['IndexName']}")
        # The request must define the index's keys, also those that the table has; what the table has stays as it is.
        defined = attribute_types(definitions)
        check_is_defined(given["KeySchema"], defined)
        region = self._table.place.region
        index = global_index(given, record.next_number, record.billing_mode, region, ADDED, "CREATING")
        if any(there.name == index.name for there in record.indexes):
            raise invalid("Attempting to create an index which already exists")
        indexes = [*record.indexes, index]
        check_indexes(indexes, is_new=False)
        types, used = defined | record.types, _used(record, indexes)
        self._record = replace(
            record,
            indexes=tuple(indexes),
            next_number=record.next_number + 1,
            types={name: kind for name, kind in types.items() if name in used},
        )
        backfill.enqueue(self._transaction, self._table, index.number, self._now_ms)

    def _update(self, given: dict[str, Any]) -> None:
        record, region = self._record, self._table.place.region
        index = self._index(given["IndexName"], "update")
        name, mode = index.name, record.billing_mode
        throughput, maxima, warm = (
            given.get(member) for member in ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput")
        )
        if mode == ON_DEMAND and (throughput is not None or not (maxima or warm)):
            raise bad_value(
                f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
                "OnDemandThroughput, WarmThroughput"
            )
        if not (throughput or maxima or warm):
            raise bad_value(ADDED.missing.format(name))
        current = warm_of(index.warm, mode, index.throughput)
        after = replace(index, on_demand=settled(maxima_of(maxima, index.on_demand, mode, region, name)))
        if warm:
            after = replace(after, warm=warmed(warm, current, region, name))
        if throughput is not None:
            wanted = within(throughput, region, name)
            if self._table.record.billing_mode == mode:
                units = changed(index.throughput, wanted, self._now_ms, name)
            else:
                units = replace(index.throughput, read=wanted.read, write=wanted.write)
            after = replace(after, throughput=units, warm=after.warm or current)
        self._record = replace(
            record, indexes=tuple(after if each is index else each for each in record.indexes)
        )

    def _delete(self, name: str) -> None:
        record, index = self._record, self._index(name, "delete")
        indexes = [each for each in record.indexes if each is not index]
        used = _used(record, indexes)
        self._record = replace(
            record,
            indexes=tuple(indexes),
            types={each: kind for each, kind in record.types.items() if each in used},
        )
        purging.enqueue_index(self._transaction, record.id, index.number, self._now_ms)

    def _index(self, name: str, action: str) -> Index:
        for index in self._record.indexes:
            if index.name == name:
                if not index.is_global:
                    raise invalid(f"Cannot {action} an index that is not a GlobalSecondaryIndex: {name}")
                return index
        raise not_found(f"Requested resource not found: Index {name} for table {self._record.name}")


def _used(record: TableRecord, indexes: list[Index]) -> set[str | None]:
    """The attributes that some key is made of."""
    return {record.hash, record.range, *(key for index in indexes for key in (index.hash, index.range))}
