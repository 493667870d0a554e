"""What the store holds of a backup, and how answers show it. Its items lie where those of a table with its `uid` would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from fogbank.core.arn import parse_arn, partition_of
from fogbank.core.errors import AwsError, Conflict
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.records import Index, TableRecord, Throughput
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.table import key_schema
from fogbank.store.api import Key, Store, Transaction

UNFIXED = -1


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """`seq` is the last change of the table's journal that the backup has; UNFIXED until its instant is chosen."""

    name: str
    id: str
    uid: str
    created_ms: int
    source: TableRecord
    source_items: int
    source_bytes: int
    status: str = "CREATING"  # or AVAILABLE
    seq: int = UNFIXED
    size_bytes: int = 0
    restores: tuple[str, ...] = ()  # tables that are being made of it
    type: str = "USER"  # or SYSTEM
    expires_ms: int = 0  # of SYSTEM backups

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def unpack(cls, stored: bytes) -> BackupRecord:
        raw: dict[str, Any] = orjson.loads(stored)
        raw["source"] = TableRecord.of(raw["source"])
        raw["restores"] = tuple(raw["restores"])
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as found."""

    place: Place
    record: BackupRecord
    version: int

    @property
    def key(self) -> Key:
        return keys.backup(self.place, self.record.source.name, self.record.id)

    @property
    def table_arn(self) -> str:
        region, account = self.place.region, self.place.account
        return f"arn:{partition_of(region)}:dynamodb:{region}:{account}:table/{self.record.source.name}"

    @property
    def arn(self) -> str:
        return f"{self.table_arn}/backup/{self.record.id}"


def new_backup_id(now_ms: int, salt: str) -> str:
    """Sorts by time."""
    return f"{now_ms:014d}-{salt}"


def names_of(place: Place, arn_text: str) -> tuple[str, str]:
    """(table, id) of a backup's ARN. Raises ValidationException, AccessDeniedException."""
    arn = parse_arn(arn_text)
    parts = arn.resource.split("/") if arn is not None else []
    if arn is None or len(parts) != 4 or parts[0::2] != ["table", "backup"]:
        raise invalid("Invalid Backup ARN")
    if arn.service != "dynamodb" or arn.partition != partition_of(place.region):
        raise invalid("Invalid Request: BackupArn is not valid")
    if arn.account != place.account:
        raise AwsError("AccessDeniedException", "Access is denied")
    # The region in it says nothing: AWS looks in the region that is asked.
    return parts[1], parts[3]


async def load_backup(store: Store, place: Place, table: str, backup_id: str) -> Backup | None:
    record = await store.get(keys.backup(place, table, backup_id))
    return None if record is None else Backup(place, BackupRecord.unpack(record.value), record.version)


async def find_backup(store: Store, place: Place, arn_text: str) -> Backup:
    """Raises BackupNotFoundException, ValidationException, AccessDeniedException."""
    found = await load_backup(store, place, *names_of(place, arn_text))
    if found is None:
        raise SERVICE.error("BackupNotFoundException", f"Backup not found: {arn_text}")
    return found


async def fix_instant(store: Store, place: Place, table: str, backup_id: str) -> Backup | None:
    """The backup with its instant chosen; None when it is gone. Its table keeps the journal by now."""
    for _ in range(CONFLICT_RETRIES_MAX):
        found = await load_backup(store, place, table, backup_id)
        if found is None or found.record.seq != UNFIXED:
            return found
        seq = await store.last_seq(keys.journal(found.record.source.id))
        fixed = replace(found.record, seq=seq)
        try:
            await store.commit(Transaction().put(found.key, fixed.pack(), expect=found.version))
        except Conflict:
            continue
    raise SERVICE.error("BackupInUseException", "Backup is being created")


# --- in answers ---------------------------------------------------------------------------------------------------------


def details(backup: Backup, status: str | None = None) -> dict[str, Any]:
    """BackupDetails."""
    record = backup.record
    shown: dict[str, Any] = {
        "BackupArn": backup.arn,
        "BackupName": record.name,
        "BackupSizeBytes": record.size_bytes if record.status == "AVAILABLE" else record.source_bytes,
        "BackupStatus": status or record.status,
        "BackupType": record.type,
        "BackupCreationDateTime": record.created_ms,
    }
    if record.expires_ms:
        shown["BackupExpiryDateTime"] = record.expires_ms
    return shown


def summary(backup: Backup) -> dict[str, Any]:
    source = backup.record.source
    return {"TableName": source.name, "TableId": source.id, "TableArn": backup.table_arn} | details(backup)


def described(backup: Backup, status: str | None = None) -> dict[str, Any]:
    """BackupDescription."""
    record, source = backup.record, backup.record.source
    features: dict[str, Any] = {}
    local = [_index(index) for index in source.indexes if not index.is_global]
    globals_ = [
        _index(index) | {"ProvisionedThroughput": _throughput(index.throughput)}
        for index in source.indexes
        if index.is_global
    ]
    if local:
        features["LocalSecondaryIndexes"] = local
    if globals_:
        features["GlobalSecondaryIndexes"] = globals_
    if source.stream is not None and source.stream.is_enabled:
        features["StreamDescription"] = {"StreamEnabled": True, "StreamViewType": source.stream.view}
    if source.ttl is not None:
        ttl = {"TimeToLiveStatus": source.ttl.status, "AttributeName": source.ttl.attribute}
        features["TimeToLiveDescription"] = ttl
    if source.sse is not None:
        features["SSEDescription"] = source.sse
    maxima = {"OnDemandThroughput": source.on_demand} if source.on_demand else {}
    if record.type == "SYSTEM":
        features = {}
    return {
        "BackupDetails": details(backup, status),
        "SourceTableDetails": maxima
        | {
            "TableName": source.name,
            "TableId": source.id,
            "TableArn": backup.table_arn,
            "TableSizeBytes": record.source_bytes,
            "KeySchema": key_schema(source.hash, source.range),
            "TableCreationDateTime": source.created_ms,
            "ProvisionedThroughput": _throughput(source.throughput),
            "ItemCount": record.source_items,
            "BillingMode": source.billing_mode,
        },
        "SourceTableFeatureDetails": features,
    }


def _throughput(throughput: Throughput) -> dict[str, int]:
    return {"ReadCapacityUnits": throughput.read, "WriteCapacityUnits": throughput.write}


def _index(index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.included:
        projection["NonKeyAttributes"] = list(index.included)
    return {
        "IndexName": index.name,
        "KeySchema": key_schema(index.hash, index.range),
        "Projection": projection,
    }
