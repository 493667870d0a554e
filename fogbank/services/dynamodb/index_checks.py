"""Secondary indexes, as CreateTable, UpdateTable and the restoring operations take and refuse them. Pure."""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.directory import check_name
from fogbank.services.dynamodb.limits import GSI_MAX, LSI_MAX, PROJECTED_ATTRIBUTES_MAX
from fogbank.services.dynamodb.records import Index
from fogbank.services.dynamodb.schema_checks import key_names
from fogbank.services.dynamodb.service import SERVICE, bad_value
from fogbank.services.dynamodb.throughput_checks import (
    CREATED,
    Wording,
    index_throughput,
    maxima_of,
    warm_of,
    warmed,
)


def projection_of(given: dict[str, Any] | None) -> tuple[str, tuple[str, ...]]:
    """(type, further attributes) of a Projection. AWS gives the attributes back in order."""
    kind = (given or {}).get("ProjectionType")
    included: list[str] = list((given or {}).get("NonKeyAttributes", ()))
    if kind is None:
        raise bad_value("Unknown ProjectionType: null")
    if kind != "INCLUDE" and included:
        raise bad_value(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == "INCLUDE" and not included:
        raise bad_value("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    for name in included:
        if included.count(name) > 1:
            raise bad_value(f"Duplicate element in NonKeyAttributes: {name}")
    return kind, tuple(sorted(included))


def local_index(given: dict[str, Any], hash_name: str, number: int) -> Index:
    """One of LocalSecondaryIndexes of a table with that partition key."""
    name = given["IndexName"]
    index_hash, index_range = key_names(given["KeySchema"])
    if index_range is None:
        raise bad_value(f"Index KeySchema does not have a range key for index: {name}")
    if index_hash != hash_name:
        raise bad_value(
            f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
            f"index hash key: {index_hash}, table hash key: {hash_name}"
        )
    return Index(name, number, False, index_hash, index_range, *projection_of(given.get("Projection")))


def global_index(
    given: dict[str, Any],
    number: int,
    billing_mode: str,
    region: str,
    wording: Wording = CREATED,
    status: str = "ACTIVE",
) -> Index:
    """One of GlobalSecondaryIndexes, or a Create of GlobalSecondaryIndexUpdates."""
    name = given["IndexName"]
    check_name(name, "indexName")
    hash_name, range_name = key_names(given["KeySchema"], is_global=True)
    kind, included = projection_of(given.get("Projection"))
    throughput = index_throughput(given.get("ProvisionedThroughput"), billing_mode, name, region, wording)
    current = warm_of(None, billing_mode, throughput)
    warm = warmed(given.get("WarmThroughput") or None, current, region, name, is_new=True)
    maxima = maxima_of(given.get("OnDemandThroughput"), None, billing_mode, region, name, is_new=True)
    return Index(name, number, True, hash_name, range_name, kind, included, status, throughput, maxima, warm)


def check_local(given: list[dict[str, Any]], range_name: str | None) -> None:
    """What concerns LocalSecondaryIndexes together."""
    if range_name is None:
        raise bad_value(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    if len(given) > LSI_MAX:
        raise bad_value(f"Number of LocalSecondaryIndexes exceeds per-table limit of {LSI_MAX}")


def check_indexes(indexes: list[Index], *, is_new: bool) -> None:
    """What concerns all indexes of a table together. `is_new`: the table is."""
    names = [index.name for index in indexes]
    for name in names:
        if names.count(name) > 1:
            raise bad_value(f"Duplicate index name: {name}")
    if sum(index.is_global for index in indexes) > GSI_MAX:
        if is_new:
            raise bad_value(f"GlobalSecondaryIndex count exceeds the per-table limit of {GSI_MAX}")
        raise SERVICE.error(
            "LimitExceededException",
            f"Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of {GSI_MAX}",
        )
    projected = sum(len(index.included) for index in indexes)
    if projected > PROJECTED_ATTRIBUTES_MAX:  # the limit is documented; the wording is a guess
        raise bad_value(
            f"Number of attributes in all NonKeyAttributes exceeds the limit of {PROJECTED_ATTRIBUTES_MAX}"
        )
