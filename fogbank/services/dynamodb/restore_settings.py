"""The settings of a restored table: the source's, less what AWS does not restore, with the request's overrides. Pure.

Not restored: stream, time to live, tags, deletion protection, point-in-time recovery, table class, replicas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.encryption import sse_of
from fogbank.services.dynamodb.index_checks import global_index, projection_of
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.records import Index, TableRecord, Throughput
from fogbank.services.dynamodb.schema_checks import key_names
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.throughput_checks import ON_DEMAND, RESTORED, maxima_of, within


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the request says; None: as the source has it."""

    billing_mode: str | None
    globals: list[dict[str, Any]] | None
    locals: list[dict[str, Any]] | None
    throughput: dict[str, int] | None
    sse: dict[str, Any] | None
    on_demand: dict[str, int] | None


def restored_record(
    source: TableRecord, overrides: Overrides, *, name: str, id: str, now_ms: int, place: Place
) -> TableRecord:
    """Raises ValidationException, LimitExceededException."""
    mode = overrides.billing_mode or source.billing_mode
    throughput = _throughput(source, overrides, mode, place.region)
    locals_ = [index for index in source.indexes if not index.is_global]
    globals_ = [index for index in source.indexes if index.is_global]
    if overrides.locals is not None:
        locals_ = [_local(wanted, locals_) for wanted in overrides.locals]
    if overrides.globals is not None:
        globals_ = [_global(wanted, globals_, mode, place.region) for wanted in overrides.globals]
    else:
        globals_ = [_kept(index, mode) for index in globals_]
    names = [index.name for index in (*locals_, *globals_)]
    for index_name in names:
        if names.count(index_name) > 1:
            raise bad_value(f"Duplicate index name: {index_name}")
    indexes = tuple(
        replace(index, number=number, status="ACTIVE", warm=None)
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
        on_demand_since_ms=now_ms if mode == ON_DEMAND else 0,
        throughput=throughput,
        on_demand=_maxima(source, overrides, mode, place.region),
        sse=sse_of(overrides.sse, place) if overrides.sse is not None else source.sse,
        table_class=None,
        class_updated_ms=0,
        classed_ms=(),
        stream=None,
        ttl=None,
        ttl_changed_ms=0,
        tags={},
        policies={},
        is_protected=False,
        status="CREATING",
        holders=(),
        recovery=None,
        replicas=(),
        warm=None,
        is_stamped=False,
    )


def _refused(message: str) -> AwsError:
    return invalid(f"Invalid Request: {message}")


def _throughput(source: TableRecord, overrides: Overrides, mode: str, region: str) -> Throughput:
    given = overrides.throughput
    if mode == ON_DEMAND:
        if given is None:
            return Throughput()
        if overrides.billing_mode is not None:
            raise _refused(
                "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
            )
        raise _refused("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
    if given is not None:
        return within(given, region)
    if source.billing_mode != mode:
        raise _refused("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    return Throughput(source.throughput.read, source.throughput.write)


def _maxima(source: TableRecord, overrides: Overrides, mode: str, region: str) -> dict[str, int] | None:
    if not overrides.on_demand:
        return source.on_demand if mode == ON_DEMAND else None
    if mode != ON_DEMAND:
        member = next(iter(overrides.on_demand))
        raise _refused(
            f"Cannot override {member} for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"
        )
    for member, units in overrides.on_demand.items():
        if units < 1:
            raise _refused(f"Requested {member} for OnDemandThroughput is outside of valid range")
    return maxima_of(overrides.on_demand, None, mode, region, is_new=True)


def _kept(index: Index, mode: str) -> Index:
    """An index that the request says nothing of, in the table's billing mode."""
    if mode == ON_DEMAND:
        return replace(index, throughput=Throughput())
    if not index.throughput.read:
        raise _refused(RESTORED.missing.format(index.name))
    return replace(
        index, throughput=Throughput(index.throughput.read, index.throughput.write), on_demand=None
    )


def _global(given: dict[str, Any], there: list[Index], mode: str, region: str) -> Index:
    wanted = global_index(given, 0, mode, region, RESTORED)
    return replace(
        _same(wanted, there), name=wanted.name, throughput=wanted.throughput, on_demand=wanted.on_demand
    )


def _local(given: dict[str, Any], there: list[Index]) -> Index:
    hash_name, range_name = key_names(given["KeySchema"])
    name = given["IndexName"]
    wanted = Index(name, 0, False, hash_name, range_name, *projection_of(given.get("Projection")))
    return replace(_same(wanted, there), name=name)


def _same(wanted: Index, there: list[Index]) -> Index:
    """The source's index with these keys and this projection; it may have another name."""
    alike = [index for index in there if _shape(index) == _shape(wanted)]
    for index in alike:
        if index.name == wanted.name:
            return index
    if alike:
        return alike[0]
    raise _refused(
        f"Index {wanted.name} does not match a secondary index that existed in the source table and cannot be created "
        "during the restore operation"
    )


def _shape(index: Index) -> tuple[Any, ...]:
    return index.hash, index.range, index.projection, sorted(index.included)
