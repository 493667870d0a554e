"""What CreateTable and UpdateTable refuse. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.services.dynamodb.directory import check_name
from fogbank.services.dynamodb.limits import (
    CLASS_CHANGES_MAX,
    CLASS_CHANGES_MS,
    GSI_MAX,
    LSI_MAX,
    PROJECTED_ATTRIBUTES_MAX,
    TABLE_CAPACITY_MAX,
)
from fogbank.services.dynamodb.records import Index, TableRecord, Throughput
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid
from fogbank.services.dynamodb.table import Table


def check_is_unprotected(table: Table) -> None:
    if table.record.is_protected:
        raise invalid(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )


def check_is_free(table: Table) -> None:
    """Nothing is under way that must end before the table is changed or deleted. ResourceInUseException."""
    record, doing = table.record, ""
    if record.status != "ACTIVE":
        doing = "created"
    elif record.holders:
        doing = "backed up or restored from"
    elif any(index.status != "ACTIVE" for index in record.indexes) or any(
        replica.status != "ACTIVE" for replica in record.replicas
    ):
        doing = "updated"
    if doing:
        raise in_use(
            f"Attempt to change a resource which is still in use: Table is being {doing}: {record.name}"
        )


def key_names(schema: list[dict[str, str]], where: str = "") -> tuple[str, str | None]:
    """(hash, range) of a KeySchema. Raises ValidationException."""
    hashes = [element for element in schema if element["KeyType"] == "HASH"]
    if len(schema) > 2 and len(hashes) >= 1 and where:
        raise NotSupported("global secondary indexes with several attributes in a key")
    if schema[0]["KeyType"] != "HASH":
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) > 2:
        raise invalid(
            "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )
    if len(schema) == 1:
        return schema[0]["AttributeName"], None
    if schema[1]["KeyType"] != "RANGE":
        if where:
            raise NotSupported("global secondary indexes with several attributes in a key")
        raise invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    first, second = schema[0]["AttributeName"], schema[1]["AttributeName"]
    if first == second:
        raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    return first, second


def attribute_types(definitions: list[dict[str, str]]) -> dict[str, str]:
    names = [definition["AttributeName"] for definition in definitions]
    if len(set(names)) != len(names):
        raise bad_value("Cannot create a table with duplicate attribute definitions")
    return {definition["AttributeName"]: definition["AttributeType"] for definition in definitions}


def check_definitions(types: dict[str, str], used: list[str], *, has_indexes: bool) -> None:
    """Every key attribute is defined, and nothing else."""
    names = list(dict.fromkeys(used))
    missing = [name for name in names if name not in types]
    if missing:
        raise bad_value(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: {_list(names)}, AttributeDefinitions: {_list(list(types))}"
        )
    if len(types) > len(names):
        if has_indexes:
            raise bad_value(
                f"Some AttributeDefinitions are not used. AttributeDefinitions: {_list(list(types))}, "
                f"keys used: {_list(names)}"
            )
        raise bad_value(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
        )


def _list(names: list[str]) -> str:
    return f"[{', '.join(names)}]"


def throughput_of(given: dict[str, int] | None, billing_mode: str, what: str = "") -> Throughput:
    """ProvisionedThroughput against the billing mode. `what` names an index."""
    where = f" for index: {what}" if what else ""
    if billing_mode == "PAY_PER_REQUEST":
        if given is not None and (given["ReadCapacityUnits"] or given["WriteCapacityUnits"]):
            raise bad_value(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return Throughput()
    if given is None:
        if what:
            raise bad_value(f"ProvisionedThroughput must be specified{where}")
        raise bad_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[member] > TABLE_CAPACITY_MAX:
            raise bad_value(f"Given value {given[member]} for {member} is out of bounds{where}")
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def projection_of(given: dict[str, Any] | None) -> tuple[str, tuple[str, ...]]:
    """(type, further attributes) of a Projection."""
    kind = (given or {}).get("ProjectionType")
    included = tuple((given or {}).get("NonKeyAttributes", ()))
    if kind is None:
        raise bad_value("Unknown ProjectionType: null")
    if kind != "INCLUDE" and included:
        raise bad_value(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and not included:
        raise bad_value("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    return kind, included


def local_indexes(
    given: list[dict[str, Any]], hash_name: str, range_name: str | None, first_number: int
) -> list[Index]:
    """LocalSecondaryIndexes."""
    if range_name is None:
        raise bad_value(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    if len(given) > LSI_MAX:
        raise bad_value(f"Number of LocalSecondaryIndexes exceeds per-table limit of {LSI_MAX}")
    found: list[Index] = []
    for number, index in enumerate(given, first_number):
        name = index["IndexName"]
        index_hash, index_range = key_names(index["KeySchema"])
        if index_hash != hash_name:
            raise bad_value(
                f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
                f"index hash key: {index_hash}, table hash key: {hash_name}"
            )
        if index_range is None:
            raise bad_value(f"Index KeySchema does not have a range key for index: {name}")
        found.append(
            Index(name, number, False, index_hash, index_range, *projection_of(index.get("Projection")))
        )
    return found


def global_index(given: dict[str, Any], number: int, billing_mode: str, status: str = "ACTIVE") -> Index:
    """One of GlobalSecondaryIndexes, or a Create of GlobalSecondaryIndexUpdates."""
    name = given["IndexName"]
    check_name(name, "IndexName", "indexName")
    for refused in ("OnDemandThroughput", "WarmThroughput"):
        if refused in given:
            raise NotSupported(f"dynamodb {refused} of indexes")
    hash_name, range_name = key_names(given["KeySchema"], name)
    throughput = throughput_of(given.get("ProvisionedThroughput"), billing_mode, name)
    kind, included = projection_of(given.get("Projection"))
    return Index(name, number, True, hash_name, range_name, kind, included, status, throughput)


def check_indexes(indexes: list[Index]) -> None:
    """What concerns all indexes of a table together."""
    names = [index.name for index in indexes]
    for name in names:
        if names.count(name) > 1:
            raise bad_value(f"Duplicate index name: {name}")
    if sum(index.is_global for index in indexes) > GSI_MAX:
        raise bad_value(f"GlobalSecondaryIndex count exceeds the per-table limit of {GSI_MAX}")
    projected = sum(len(index.included) for index in indexes)
    if projected > PROJECTED_ATTRIBUTES_MAX:
        raise bad_value(
            f"Number of attributes in all NonKeyAttributes exceeds the limit of {PROJECTED_ATTRIBUTES_MAX}"
        )


Arns = Callable[[str, str], str]
_MANAGED_KEY = "alias/aws/dynamodb"


def sse_of(given: dict[str, Any] | None, arn: Arns) -> dict[str, str] | None:
    """SSESpecification; None for the key that AWS owns. `arn` makes an ARN of a service's resource."""
    if given is None or not given.get("Enabled", False):
        if given is not None and ("KMSMasterKeyId" in given or "SSEType" in given):
            raise bad_value("SSEType and KMSMasterKeyId can only be specified when SSE is enabled")
        return None
    if given.get("SSEType", "KMS") != "KMS":
        raise bad_value(f"SSEType {given['SSEType']} is not supported")
    key, managed = given.get("KMSMasterKeyId", _MANAGED_KEY), arn("kms", _MANAGED_KEY)
    if key not in (_MANAGED_KEY, managed):
        # Whoever holds such a key can take the table away by it: a promise that nothing here would keep.
        raise NotSupported("dynamodb SSESpecification with KMSMasterKeyId of a customer's key")
    return {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": managed}


def reclassed(record: TableRecord, table_class: str, now_ms: int) -> TableRecord:
    """The table in another class, which costs something else on AWS and nothing here. Raises LimitExceededException."""
    if table_class == (record.table_class or "STANDARD"):
        return replace(record, table_class=table_class)
    recent = tuple(at for at in record.classed_ms if now_ms - at < CLASS_CHANGES_MS)
    if len(recent) >= CLASS_CHANGES_MAX:
        raise SERVICE.error(  # the limit is documented; the wording is a guess
            "LimitExceededException",
            f"Subscriber limit exceeded: The table class can be updated {CLASS_CHANGES_MAX} times in 30 days",
        )
    changed = (*recent, now_ms)
    return replace(record, table_class=table_class, class_updated_ms=now_ms, classed_ms=changed)


def stream_view(given: dict[str, Any]) -> str | None:
    """StreamSpecification; None when it is to be off."""
    view = given.get("StreamViewType")
    if not given["StreamEnabled"]:
        if view is not None:
            raise bad_value("StreamViewType should not be specified when StreamEnabled is false")
        return None
    if view is None:
        raise bad_value("StreamViewType must be specified when StreamEnabled is true")
    return str(view)
