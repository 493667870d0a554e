"""A table as answers describe it."""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.records import Index, Replica, TableRecord
from fogbank.services.dynamodb.table import Table, key_schema
from fogbank.services.dynamodb.throughput_checks import shown as throughput_shown
from fogbank.services.dynamodb.throughput_checks import warm_of

REPLICATION_MODE = "ENABLED_WITH_OVERRIDES"

_LAST_WORDS = (
    "TableName",
    "TableStatus",
    "ProvisionedThroughput",
    "TableSizeBytes",
    "ItemCount",
    "TableArn",
    "TableId",
    "BillingModeSummary",
    "TableThroughputModeSummary",
    "DeletionProtectionEnabled",
)


def billing_shown(mode: str, since_ms: int | None) -> dict[str, Any]:
    """The billing mode, which AWS writes down twice: `TableThroughputModeSummary` is in none of its models."""
    since = {} if since_ms is None else {"LastUpdateToPayPerRequestDateTime": since_ms}
    return {
        "BillingModeSummary": {"BillingMode": mode} | since,
        "TableThroughputModeSummary": {"TableThroughputMode": mode} | since,
    }


def status_of(record: TableRecord) -> str:
    if record.status != "ACTIVE":
        return record.status
    if any(replica.status != "ACTIVE" for replica in record.replicas):
        return "UPDATING"
    return "UPDATING" if any(index.status != "ACTIVE" for index in record.indexes) else "ACTIVE"


async def description(table: Table, figures: Figures, status: str | None = None) -> dict[str, Any]:
    """A TableDescription. `status` overrides: what was begun is done by the time anyone looks again."""
    record, now_ms = table.record, figures.now_ms()
    items, size_bytes = await figures.of(record.id, 0)
    shown: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in sorted(record.types.items())
        ],
        "TableName": record.name,
        "KeySchema": key_schema(record.hash, record.range),
        "TableStatus": status or status_of(record),
        "CreationDateTime": record.created_ms,
        "ProvisionedThroughput": throughput_shown(record.throughput, now_ms),
        "TableSizeBytes": size_bytes,
        "ItemCount": items,
        "TableArn": table.arn,
        "TableId": record.id,
        "DeletionProtectionEnabled": record.is_protected,
    }
    if record.on_demand_since_ms:
        shown |= billing_shown(
            record.billing_mode, None if status == "CREATING" else record.on_demand_since_ms
        )
    if status != "CREATING" or record.warm is not None:
        warm = warm_of(record.warm, record.billing_mode, record.throughput)
        shown["WarmThroughput"] = warm | {"Status": "UPDATING" if status == "CREATING" else "ACTIVE"}
    if record.on_demand:
        shown["OnDemandThroughput"] = record.on_demand
    local = [await _index(table, index, figures, None) for index in record.indexes if not index.is_global]
    globals_ = [await _index(table, index, figures, status) for index in record.indexes if index.is_global]
    if local:
        shown["LocalSecondaryIndexes"] = local
    if globals_:
        shown["GlobalSecondaryIndexes"] = globals_
    if record.stream is not None:
        label = record.stream.label
        shown |= {"LatestStreamLabel": label, "LatestStreamArn": f"{table.arn}/stream/{label}"}
        if record.stream.is_enabled:
            shown["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": record.stream.view}
    if (
        record.restored is not None and record.restored_now
    ):  # AWS forgets it with the first look at an ACTIVE table
        shown["RestoreSummary"] = record.restored | {"RestoreInProgress": True}
    if record.replicas:
        shown["GlobalTableVersion"] = "2019.11.21"
        shown["GlobalTableSettingsReplicationMode"] = REPLICATION_MODE
        warm = warm_of(record.warm, record.billing_mode, record.throughput)
        shown["Replicas"] = [_replica(replica, warm) for replica in record.replicas]
    if record.sse is not None:
        shown["SSEDescription"] = record.sse
    if record.table_class is not None:
        shown["TableClassSummary"] = {"TableClass": record.table_class}
        if record.class_updated_ms:
            shown["TableClassSummary"]["LastUpdateDateTime"] = record.class_updated_ms
    return shown


async def farewell(table: Table, figures: Figures) -> dict[str, Any]:
    """What DeleteTable still says of a table: less than others."""
    shown = await description(table, figures, "DELETING")
    return {name: shown[name] for name in _LAST_WORDS if name in shown}


async def _index(table: Table, index: Index, figures: Figures, status: str | None) -> dict[str, Any]:
    items, size_bytes = await figures.of(table.record.id, index.number)
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.included:
        projection["NonKeyAttributes"] = list(index.included)
    shown: dict[str, Any] = {
        "IndexName": index.name,
        "KeySchema": key_schema(index.hash, index.range),
        "Projection": projection,
        "IndexSizeBytes": size_bytes,
        "ItemCount": items,
        "IndexArn": f"{table.arn}/index/{index.name}",
    }
    if index.is_global:
        shown["IndexStatus"] = "CREATING" if status == "CREATING" else index.status
        if index.status == "CREATING":
            shown["Backfilling"] = True
        shown["ProvisionedThroughput"] = throughput_shown(index.throughput, figures.now_ms())
        if index.on_demand:
            shown["OnDemandThroughput"] = index.on_demand
        if status != "CREATING":
            warm = warm_of(index.warm, table.record.billing_mode, index.throughput)
            shown["WarmThroughput"] = warm | {"Status": "ACTIVE"}
    return shown


def _replica(replica: Replica, warm: dict[str, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "RegionName": replica.region,
        "ReplicaStatus": replica.status,
        "WarmThroughput": warm | {"Status": "ACTIVE"},
        "GlobalTableSettingsReplicationMode": REPLICATION_MODE,
    }
    if replica.table_class is not None:
        shown["ReplicaTableClassSummary"] = {"TableClass": replica.table_class}
    return shown
