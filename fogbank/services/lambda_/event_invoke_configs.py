"""How asynchronous invocations are retried, and where their results go: for a function, a version or an alias."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.deliveries import OPERATIONS
from fogbank.services.lambda_.errors import invalid_parameter, not_found
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.records import EventInvokeConfig, decode_event_invoke_config, encode
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find, find_function, retried
from fogbank.store.api import ABSENT, Transaction

_LISTING = "event-invoke-configs"


@SERVICE.operation
async def put_function_event_invoke_config(
    ctx: Call[Lambda],
    *,
    function_name: str,
    qualifier: str | None = None,
    maximum_retry_attempts: int | None = None,
    maximum_event_age_in_seconds: int | None = None,
    destination_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Set it anew: what is not given has its default again."""
    return await _set(
        ctx,
        await _name(ctx, function_name, qualifier, "PutFunctionEventInvokeConfig"),
        maximum_retry_attempts,
        maximum_event_age_in_seconds,
        destination_config,
        merge=False,
    )


@SERVICE.operation
async def update_function_event_invoke_config(
    ctx: Call[Lambda],
    *,
    function_name: str,
    qualifier: str | None = None,
    maximum_retry_attempts: int | None = None,
    maximum_event_age_in_seconds: int | None = None,
    destination_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Change what is given; there must be a configuration already."""
    return await _set(
        ctx,
        await _name(ctx, function_name, qualifier, "UpdateFunctionEventInvokeConfig"),
        maximum_retry_attempts,
        maximum_event_age_in_seconds,
        destination_config,
        merge=True,
    )


@SERVICE.operation
async def get_function_event_invoke_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """One configuration."""
    name = await _name(ctx, function_name, qualifier, "GetFunctionEventInvokeConfig")
    await _check_there(ctx, name)
    record = await ctx.state.store.get(_key(name))
    if record is None:
        raise _without(name)
    return _shown(name, decode_event_invoke_config(record.value))


@SERVICE.operation
async def list_function_event_invoke_configs(
    ctx: Call[Lambda], *, function_name: str, marker: str | None = None, max_items: int | None = None
) -> dict[str, Any]:
    """The configurations of a function, its versions and aliases, by qualifier."""
    name = await _name(ctx, function_name, None, "ListFunctionEventInvokeConfigs")
    name = name.with_qualifier(None)
    await _check_there(ctx, name)
    limit = page_size(max_items)
    position = decode_marker(_LISTING, marker)
    after = None if position is None else keys.event_invoke_config(name, position)
    records = await ctx.state.store.scan(keys.event_invoke_configs(name), after=after, limit=limit + 1)
    answer: dict[str, Any] = {
        "FunctionEventInvokeConfigs": [
            _shown(name.with_qualifier(str(record.key[-1])), decode_event_invoke_config(record.value))
            for record in records[:limit]
        ]
    }
    if len(records) > limit:
        answer["NextMarker"] = encode_marker(_LISTING, records[limit - 1].key[-1])
    return answer


@SERVICE.operation
async def delete_function_event_invoke_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """Have AWS's defaults again."""
    name = await _name(ctx, function_name, qualifier, "DeleteFunctionEventInvokeConfig")
    await _check_there(ctx, name)
    if await ctx.state.store.get(_key(name)) is None:
        raise _without(name)
    await ctx.state.store.commit(Transaction().delete(_key(name)))
    ctx.state.changed()
    return {}


async def _set(
    ctx: Call[Lambda],
    name: FunctionName,
    retries_max: int | None,
    event_age_s_max: int | None,
    destinations: dict[str, Any] | None,
    *,
    merge: bool,
) -> dict[str, Any]:
    if retries_max is None and event_age_s_max is None and destinations is None:
        raise invalid_parameter("You must specify at least one of error handling or destination setting.")
    await _check_there(ctx, name)
    on_success = await _destination(ctx, name, destinations, "OnSuccess")
    on_failure = await _destination(ctx, name, destinations, "OnFailure")

    async def attempt() -> EventInvokeConfig:
        store, now_ms = ctx.state.store, ctx.state.clock.now_ms()
        record = await store.get(_key(name))
        before = EventInvokeConfig(now_ms)
        if merge:
            if record is None:
                raise _without(name)
            before = decode_event_invoke_config(record.value)
        config = EventInvokeConfig(
            now_ms,
            before.retries_max if retries_max is None else retries_max,
            before.event_age_s_max if event_age_s_max is None else event_age_s_max,
            before.on_success if on_success is None else on_success or None,
            before.on_failure if on_failure is None else on_failure or None,
        )
        expect = ABSENT if record is None else record.version
        await store.commit(Transaction().put(_key(name), encode(config), expect=expect))
        return config

    config = await retried(attempt)
    ctx.state.changed()
    return _shown(name, config)


async def _destination(
    ctx: Call[Lambda], name: FunctionName, destinations: dict[str, Any] | None, member: str
) -> str | None:
    """The ARN that `member` gives; "" to have none, None when it says nothing."""
    if destinations is None or member not in destinations:
        return None
    destination: str | None = destinations[member].get("Destination")
    if not destination:
        return ""
    arn = parse_arn(destination)
    if arn is None:
        raise invalid_parameter(f"The destination ARN {destination} is invalid.")
    if arn.service != "lambda":
        if arn.service not in OPERATIONS or (arn.service == "s3" and member == "OnSuccess"):
            raise invalid_parameter(f"The destination ARN {destination} is invalid.")
        ctx.calls.find(arn.service, OPERATIONS[arn.service])  # 501 while that service is not there
        return destination
    target = parse_name(destination, ctx.account, ctx.region)
    if target.arn == name.arn:
        raise invalid_parameter("You can't specify the function as a destination for itself.")
    await check_access(ctx, target, "lambda:InvokeFunction")
    try:
        await find(ctx.state.store, target)
    except AwsError:
        raise invalid_parameter(f"The destination ARN {destination} is invalid.") from None
    return destination


async def _check_there(ctx: Call[Lambda], name: FunctionName) -> None:
    try:
        if name.qualifier in (None, LATEST):
            await find_function(ctx.state.store, name)
        else:
            await find(ctx.state.store, name)
    except AwsError:
        raise not_found("The function doesn't exist.") from None


def _shown(name: FunctionName, config: EventInvokeConfig) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionArn": _arn(name),
        "LastModified": config.modified_ms,
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }
    if config.retries_max is not None:
        shown["MaximumRetryAttempts"] = config.retries_max
    if config.event_age_s_max is not None:
        shown["MaximumEventAgeInSeconds"] = config.event_age_s_max
    return shown


def _without(name: FunctionName) -> AwsError:
    return not_found(f"The function {_arn(name)} doesn't have an EventInvokeConfig")


def _arn(name: FunctionName) -> str:
    return f"{name.arn}:{name.qualifier or LATEST}"


def _key(name: FunctionName) -> tuple[bytes | int | str, ...]:
    return keys.event_invoke_config(name, name.qualifier or LATEST)


async def _name(ctx: Call[Lambda], function_name: str, qualifier: str | None, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, f"lambda:{action}")
    return name
