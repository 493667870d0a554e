"""The settings of a restored table: the source's, less what AWS does not restore, with the request's overrides. Pure.

Not restored: stream, time to live, tags, deletion protection, point-in-time recovery, replicas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fogbank.services.dynamodb.records import Index, TableRecord, Throughput
from fogbank.services.dynamodb.service import bad_value
from fogbank.services.dynamodb.table_checks import (
    Arns,
    global_index,
    key_names,
    projection_of,
    sse_of,
    throughput_of,
)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the request says; None: as the source has it."""

    billing_mode: str | None
    globals: list[dict[str, Any]] | None
    locals: list[dict[str, Any]] | None
    throughput: dict[str, int] | None
    sse: dict[str, Any] | None


def restored_record(
    source: TableRecord, overrides: Overrides, *, name: str, id: str, now_ms: int, arn: Arns
) -> TableRecord:
    """Raises ValidationException. `arn` makes an ARN of a service's resource."""
    mode = overrides.billing_mode or source.billing_mode
    given = overrides.throughput
    if mode == "PROVISIONED" and given is None and source.billing_mode == "PROVISIONED":
        given = {"ReadCapacityUnits": source.throughput.read, "WriteCapacityUnits": source.throughput.write}
    throughput = throughput_of(given, mode)
    locals_ = [index for index in source.indexes if not index.is_global]
    globals_ = [index for index in source.indexes if index.is_global]
    if overrides.locals is not None:
        locals_ = [_local(wanted, locals_) for wanted in overrides.locals]
    if overrides.globals is not None:
        globals_ = [_global(wanted, globals_, mode) for wanted in overrides.globals]
    else:
        globals_ = [_kept(index, mode) for index in globals_]
    names = [index.name for index in (*locals_, *globals_)]
    if len(set(names)) != len(names):
        raise bad_value("Duplicate index name in the overrides")
    indexes = tuple(
        replace(index, number=number, status="ACTIVE")
        for number, index in enumerate((*locals_, *globals_), 1)
    )
    used = {source.hash, source.range, *(key for index in indexes for key in (index.hash, index.range))}
    return replace(
        source,
        name=name,
        id=id,
        created_ms=now_ms,
        types={each: kind for each, kind in source.types.items() if each in used},
        indexes=indexes,
        next_number=len(indexes) + 1,
        billing_mode=mode,
        on_demand_since_ms=now_ms if mode == "PAY_PER_REQUEST" else 0,
        throughput=throughput,
        sse=sse_of(overrides.sse, arn) if overrides.sse is not None else source.sse,
        class_updated_ms=0,
        stream=None,
        ttl=None,
        tags={},
        is_protected=False,
        status="CREATING",
        holders=(),
        recovery=None,
        replicas=(),
        is_stamped=False,
    )


def _kept(index: Index, mode: str) -> Index:
    """An index that the request says nothing of, in the table's billing mode."""
    if mode == "PAY_PER_REQUEST":
        return replace(index, throughput=Throughput())
    given = {"ReadCapacityUnits": index.throughput.read, "WriteCapacityUnits": index.throughput.write}
    throughput = throughput_of(given if index.throughput.read else None, mode, index.name)
    return replace(index, throughput=throughput)


def _global(given: dict[str, Any], there: list[Index], mode: str) -> Index:
    wanted = global_index(given, 0, mode)
    found = _same(wanted.name, there, "GlobalSecondaryIndexOverride")
    _must_match(wanted, found)
    return replace(found, throughput=wanted.throughput)


def _local(given: dict[str, Any], there: list[Index]) -> Index:
    name = given["IndexName"]
    hash_name, range_name = key_names(given["KeySchema"])
    wanted = Index(name, 0, False, hash_name, range_name, *projection_of(given.get("Projection")))
    found = _same(name, there, "LocalSecondaryIndexOverride")
    _must_match(wanted, found)
    return found


def _same(name: str, there: list[Index], member: str) -> Index:
    for index in there:
        if index.name == name:
            return index
    # The wordings here are guesses.
    raise bad_value(f"{member} names an index that the source table does not have: {name}")


def _must_match(wanted: Index, found: Index) -> None:
    def shape(index: Index) -> tuple[Any, ...]:
        return index.hash, index.range, index.projection, sorted(index.included)

    if shape(wanted) != shape(found):
        raise bad_value(f"The index differs from that of the source table: {found.name}")
