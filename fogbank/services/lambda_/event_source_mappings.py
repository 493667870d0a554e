"""Event source mappings: made, shown, listed, changed, deleted. The loops that they stand for are `event_source_mapping_loops.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call, Caller
from fogbank.services.lambda_ import event_source_mapping_records as esm
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import conflict, invalid_parameter, not_found
from fogbank.services.lambda_.event_source_mapping_records import (
    Mapping,
    State,
    decode_mapping,
    shown,
)
from fogbank.services.lambda_.event_source_mapping_rules import (
    DEFAULT_BATCH,
    check_start,
    kind_of,
    with_settings,
)
from fogbank.services.lambda_.event_source_mapping_sources import check_destination, check_source
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import Found, find, retried
from fogbank.services.lambda_.tag_rules import check_tags
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]

_LISTING = "event-source-mappings"
_PAGE_MAX = 100
_REFUSED = {
    "KMSKeyArn",
    "LoggingConfig",
    "SourceAccessConfigurations",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "ProvisionedPollerConfig",
}


@SERVICE.operation(refuses=_REFUSED | {"Topics", "Queues", "SelfManagedEventSource"})
async def create_event_source_mapping(
    ctx: Call[Lambda],
    *,
    function_name: str,
    event_source_arn: str | None = None,
    enabled: bool | None = None,
    batch_size: int | None = None,
    filter_criteria: Wire | None = None,
    metrics_config: Wire | None = None,
    scaling_config: Wire | None = None,
    maximum_batching_window_in_seconds: int | None = None,
    parallelization_factor: int | None = None,
    starting_position: str | None = None,
    starting_position_timestamp: int | None = None,
    destination_config: Wire | None = None,
    maximum_record_age_in_seconds: int | None = None,
    bisect_batch_on_function_error: bool | None = None,
    maximum_retry_attempts: int | None = None,
    tags: dict[str, str] | None = None,
    tumbling_window_in_seconds: int | None = None,
    function_response_types: list[str] | None = None,
) -> Wire:
    kind = kind_of(event_source_arn, ctx.region, starting_position)
    assert event_source_arn is not None  # kind_of refuses that
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, "lambda:CreateEventSourceMapping")
    now_ms = ctx.state.clock.now_ms()
    mapping = Mapping(
        uuid=ctx.state.ids.uuid(),
        account=ctx.account,
        region=ctx.region,
        kind=kind,
        source_arn=event_source_arn,
        function=name.qualified_arn,
        # A queue's that is made disabled is so at once, a stream's comes to it.
        state=State.DISABLED if enabled is False and not kind.is_stream else State.CREATING,
        enabled=enabled is not False,
        modified_ms=now_ms,
        batch_size=DEFAULT_BATCH[kind],
        starting_position=starting_position if kind.is_stream else None,
        starting_ms=starting_position_timestamp,
        tags=dict(tags or {}),
    )
    sent = _sent(
        BatchSize=batch_size,
        FilterCriteria=filter_criteria,
        MetricsConfig=metrics_config,
        ScalingConfig=scaling_config,
        MaximumBatchingWindowInSeconds=maximum_batching_window_in_seconds,
        ParallelizationFactor=parallelization_factor,
        DestinationConfig=destination_config,
        MaximumRecordAgeInSeconds=maximum_record_age_in_seconds,
        BisectBatchOnFunctionError=bisect_batch_on_function_error,
        MaximumRetryAttempts=maximum_retry_attempts,
        TumblingWindowInSeconds=tumbling_window_in_seconds,
        FunctionResponseTypes=function_response_types,
        StartingPosition=None if kind.is_stream else starting_position,
        StartingPositionTimestamp=None if kind.is_stream else starting_position_timestamp,
    )
    mapping = with_settings(mapping, sent)
    check_start(mapping)
    check_tags(mapping.tags)
    await _check(ctx, mapping)
    await _check_alone(ctx, mapping)
    transaction = Transaction().put(mapping.key, mapping.encode(), expect=ABSENT)
    for key in _names(mapping):
        transaction.put(key, b"")
    ctx.state.mappings.enqueue(transaction, mapping)
    await ctx.state.store.commit(transaction)
    return shown(mapping)


@SERVICE.operation
async def get_event_source_mapping(ctx: Call[Lambda], *, uuid: str) -> Wire:
    mapping, _ = await find_mapping(ctx, uuid)
    return await _shown(ctx, mapping)


@SERVICE.operation
async def list_event_source_mappings(
    ctx: Call[Lambda],
    *,
    event_source_arn: str | None = None,
    function_name: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    limit = page_size(max_items, _PAGE_MAX)
    wanted = parse_name(function_name, ctx.account, ctx.region) if function_name else None
    if wanted is not None:
        prefix = esm.by_function(wanted)
    elif event_source_arn is not None:
        prefix = esm.by_source(ctx.account, ctx.region, event_source_arn)
    else:
        prefix = esm.mappings(ctx.account, ctx.region)
    after = decode_marker(_LISTING, marker)
    found: list[Mapping] = []
    while len(found) <= limit:
        records = await ctx.state.store.scan(
            prefix, after=None if after is None else (*prefix, after), limit=limit + 1
        )
        for record in records:
            after = str(record.key[-1])
            mapping = await _get(ctx, after)
            if mapping is not None and _is_wanted(mapping, wanted, event_source_arn):
                found.append(mapping)
        if len(records) <= limit:
            break
    answer: Wire = {"EventSourceMappings": [await _shown(ctx, mapping) for mapping in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = encode_marker(_LISTING, found[limit - 1].uuid)
    return answer


def _is_wanted(mapping: Mapping, name: FunctionName | None, source_arn: str | None) -> bool:
    if name is not None and name.qualifier is not None and mapping.function_name.qualifier != name.qualifier:
        return False
    return source_arn is None or mapping.source_arn == source_arn


@SERVICE.operation(refuses=_REFUSED)
async def update_event_source_mapping(
    ctx: Call[Lambda],
    *,
    uuid: str,
    function_name: str | None = None,
    enabled: bool | None = None,
    batch_size: int | None = None,
    filter_criteria: Wire | None = None,
    metrics_config: Wire | None = None,
    scaling_config: Wire | None = None,
    maximum_batching_window_in_seconds: int | None = None,
    parallelization_factor: int | None = None,
    destination_config: Wire | None = None,
    maximum_record_age_in_seconds: int | None = None,
    bisect_batch_on_function_error: bool | None = None,
    maximum_retry_attempts: int | None = None,
    tumbling_window_in_seconds: int | None = None,
    function_response_types: list[str] | None = None,
) -> Wire:
    sent = _sent(
        BatchSize=batch_size,
        FilterCriteria=filter_criteria,
        MetricsConfig=metrics_config,
        ScalingConfig=scaling_config,
        MaximumBatchingWindowInSeconds=maximum_batching_window_in_seconds,
        ParallelizationFactor=parallelization_factor,
        DestinationConfig=destination_config,
        MaximumRecordAgeInSeconds=maximum_record_age_in_seconds,
        BisectBatchOnFunctionError=bisect_batch_on_function_error,
        MaximumRetryAttempts=maximum_retry_attempts,
        TumblingWindowInSeconds=tumbling_window_in_seconds,
        FunctionResponseTypes=function_response_types,
    )

    async def attempt() -> Mapping:
        before, version = await find_mapping(ctx, uuid)
        _check_settled(before, "update")
        after = with_settings(before, sent)
        if function_name is not None:
            name = parse_name(function_name, ctx.account, ctx.region)
            await check_access(ctx, name, "lambda:UpdateEventSourceMapping")
            after = replace(after, function=name.qualified_arn)
        await _check(ctx, after)
        await _check_alone(ctx, after)
        enable = before.enabled if enabled is None else enabled
        if enable != before.enabled:
            state = State.ENABLING if enable else State.DISABLING
        else:
            state = State.UPDATING
        after = replace(
            after,
            enabled=enable,
            state=state,
            modified_ms=ctx.state.clock.now_ms(),
            generation=before.generation + 1,
        )
        transaction = Transaction().put(after.key, after.encode(), expect=version)
        for key in set(_names(before)) - set(_names(after)):
            transaction.delete(key)
        for key in _names(after):
            transaction.put(key, b"")
        await ctx.state.store.commit(transaction)
        return after

    return await _shown(ctx, await retried(attempt))


@SERVICE.operation
async def delete_event_source_mapping(ctx: Call[Lambda], *, uuid: str) -> Wire:
    async def attempt() -> Mapping:
        before, version = await find_mapping(ctx, uuid)
        _check_settled(before, "delete")
        after = replace(before, state=State.DELETING, modified_ms=ctx.state.clock.now_ms())
        await ctx.state.store.commit(Transaction().put(after.key, after.encode(), expect=version))
        return after

    return await _shown(ctx, await retried(attempt))


# --- within -------------------------------------------------------------------------------------------------------------


def _sent(**members: Any) -> Wire:
    return {name: value for name, value in members.items() if value is not None}


def _names(mapping: Mapping) -> list[Key]:
    function = (*esm.by_function(mapping.function_name), mapping.uuid)
    source = (*esm.by_source(mapping.account, mapping.region, mapping.source_arn), mapping.uuid)
    return [function, source]


async def _check(ctx: Call[Lambda], mapping: Mapping) -> None:
    """Function, source and destination must be there."""
    try:
        found: Found = await find(ctx.state.store, mapping.function_name)
    except AwsError:
        raise invalid_parameter("Function does not exist") from None
    principal = await ctx.state.role_of(mapping.function_name)
    caller = Caller(mapping.account, mapping.region, principal, ctx.request_id)
    await check_source(mapping, ctx.calls, caller, found.version.timeout_s)
    await check_destination(mapping, ctx.calls, caller)


async def _check_alone(ctx: Call[Lambda], mapping: Mapping) -> None:
    """One mapping for a function and a source."""
    prefix = esm.by_source(mapping.account, mapping.region, mapping.source_arn)
    name = mapping.function_name
    for record in await ctx.state.store.scan(prefix, limit=_PAGE_MAX):
        other = await _get(ctx, str(record.key[-1]))
        if other is not None and other.function == mapping.function and other.uuid != mapping.uuid:
            source = f'(" {mapping.source_arn} ") and function (" {name.name} ")'
            if mapping.kind.is_stream:
                text = f"The event source arn {source} provided mapping already exists."
            else:
                text = f"An event source mapping with SQS arn {source} already exists."
            raise conflict(f"{text} Please update or delete the existing mapping with UUID {other.uuid}")


async def _get(ctx: Call[Lambda], uuid: str) -> Mapping | None:
    record = await ctx.state.store.get(esm.mapping(ctx.account, ctx.region, uuid))
    return None if record is None else decode_mapping(record.value)


async def find_mapping(ctx: Call[Lambda], uuid: str) -> tuple[Mapping, int]:
    record = await ctx.state.store.get(esm.mapping(ctx.account, ctx.region, uuid))
    if record is None:
        raise not_found("The resource you requested does not exist.")
    return decode_mapping(record.value), record.version


async def change_mapping_tags(
    ctx: Call[Lambda], uuid: str, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    """Change the tags of a mapping; its loop goes on."""

    async def attempt() -> None:
        before, version = await find_mapping(ctx, uuid)
        after = replace(before, tags=change(before.tags))
        check_tags(after.tags)
        await ctx.state.store.commit(Transaction().put(after.key, after.encode(), expect=version))

    await retried(attempt)


def _check_settled(mapping: Mapping, action: str) -> None:
    if not mapping.state.is_settled:
        raise SERVICE.error(
            "ResourceInUseException",
            f"Cannot {action} the event source mapping because it is in use.",
            Type="User",
        )


async def _shown(ctx: Call[Lambda], mapping: Mapping) -> Wire:
    result = None
    if mapping.kind.is_stream:
        record = await ctx.state.store.get(esm.result(mapping.uuid))
        result = None if record is None else record.value.decode()
    return shown(mapping, result)
