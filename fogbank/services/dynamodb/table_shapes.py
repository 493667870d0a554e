"""A table as answers describe it."""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.records import Index, Replica, TableRecord, Throughput
from fogbank.services.dynamodb.table import Table, key_schema

ON_DEMAND_WARM = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4000}

_LAST_WORDS = (
    "TableName",
    "TableStatus",
    "ProvisionedThroughput",
    "TableSizeBytes",
    "ItemCount",
    "TableArn",
    "TableId",
    "BillingModeSummary",
    "DeletionProtectionEnabled",
)


def status_of(record: TableRecord) -> str:
    if record.status != "ACTIVE":
        return record.status
    if any(replica.status != "ACTIVE" for replica in record.replicas):
        return "UPDATING"
    return "UPDATING" if any(index.status != "ACTIVE" for index in record.indexes) else "ACTIVE"


async def description(table: Table, figures: Figures, status: str | None = None) -> dict[str, Any]:
    """A TableDescription. `status` overrides: what was begun is done by the time anyone looks again."""
    record = table.record
    items, size_bytes = await figures.of(record.id, 0)
    shown: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in record.types.items()
        ],
        "TableName": record.name,
        "KeySchema": key_schema(record.hash, record.range),
        "TableStatus": status or status_of(record),
        "CreationDateTime": record.created_ms,
        "ProvisionedThroughput": _throughput(record.throughput),
        "TableSizeBytes": size_bytes,
        "ItemCount": items,
        "TableArn": table.arn,
        "TableId": record.id,
        "DeletionProtectionEnabled": record.is_protected,
    }
    if record.on_demand_since_ms:
        shown["BillingModeSummary"] = {"BillingMode": record.billing_mode}
        if status != "CREATING":
            shown["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = record.on_demand_since_ms
    if status != "CREATING":
        shown["WarmThroughput"] = _warm(record.billing_mode, record.throughput)
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
    if record.restored is not None:
        shown["RestoreSummary"] = record.restored | {"RestoreInProgress": record.status != "ACTIVE"}
    if record.replicas:
        shown["GlobalTableVersion"] = "2019.11.21"
        shown["Replicas"] = [_replica(replica) for replica in record.replicas]
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
        shown["ProvisionedThroughput"] = _throughput(index.throughput)
        if status != "CREATING":
            shown["WarmThroughput"] = _warm(table.record.billing_mode, index.throughput)
    return shown


def _replica(replica: Replica) -> dict[str, Any]:
    shown: dict[str, Any] = {"RegionName": replica.region, "ReplicaStatus": replica.status}
    if replica.table_class is not None:
        shown["ReplicaTableClassSummary"] = {"TableClass": replica.table_class}
    return shown


def _throughput(throughput: Throughput) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NumberOfDecreasesToday": throughput.decreases_today,
        "ReadCapacityUnits": throughput.read,
        "WriteCapacityUnits": throughput.write,
    }
    if throughput.increased_ms:
        shown["LastIncreaseDateTime"] = throughput.increased_ms
    if throughput.decreased_ms:
        shown["LastDecreaseDateTime"] = throughput.decreased_ms
    return shown


def _warm(billing_mode: str, throughput: Throughput) -> dict[str, Any]:
    if billing_mode == "PAY_PER_REQUEST":
        return ON_DEMAND_WARM | {"Status": "ACTIVE"}
    return {
        "ReadUnitsPerSecond": throughput.read,
        "WriteUnitsPerSecond": throughput.write,
        "Status": "ACTIVE",
    }
