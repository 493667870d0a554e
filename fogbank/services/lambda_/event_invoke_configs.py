"""How asynchronous invocations are retried, and where their results go: for a function, a version or an alias."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call, Caller
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import invalid_parameter, not_found
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.records import EventInvokeConfig, decode_event_invoke_config, encode
from fogbank.services.lambda_.role_permissions import OPERATIONS, may_send
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find, find_function, retried
from fogbank.store.api import ABSENT, Transaction

_LISTING = "event-invoke-configs"
_ON_SUCCESS = frozenset({"events", "lambda", "sns", "sqs"})
_ON_FAILURE = _ON_SUCCESS | {"s3"}


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
    """One configuration. A function that is not there has none."""
    name = await _name(ctx, function_name, qualifier, "GetFunctionEventInvokeConfig")
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
    on_success, on_failure = await _destinations(ctx, name, destinations or {})

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


async def _destinations(
    ctx: Call[Lambda], name: FunctionName, sent: dict[str, Any]
) -> tuple[str | None, str | None]:
    """The ARNs on success and on failure; "" to have none, None where nothing is said."""
    given = [
        sent[member].get("Destination", "") if member in sent else None
        for member in ("OnSuccess", "OnFailure")
    ]
    on_success, on_failure = given
    if not (_may_be(on_success, _ON_SUCCESS) and _may_be(on_failure, _ON_FAILURE)):
        shown = ", ".join(
            f"{member[0].lower()}{member[1:]}={f'{member}(destination={arn})' if arn else 'null'}"
            for member, arn in zip(("OnSuccess", "OnFailure"), given, strict=True)
        )
        raise invalid_parameter(f"The provided destination config DestinationConfig({shown}) is invalid.")
    for destination in given:
        if destination:
            await _check_destination(ctx, name, destination)
    return on_success, on_failure


def _may_be(destination: str | None, services: frozenset[str]) -> bool:
    """A destination is in one of the services; a queue or a topic is none if it is FIFO (how AWS says that is a guess)."""
    if not destination:
        return True
    arn = parse_arn(destination)
    return arn is not None and arn.service in services and not arn.resource.endswith(".fifo")


async def _check_destination(ctx: Call[Lambda], name: FunctionName, destination: str) -> None:
    arn = parse_arn(destination)
    assert arn is not None
    if arn.service == "lambda":
        target = parse_name(destination, ctx.account, ctx.region)
        if target.arn == name.arn:
            raise invalid_parameter("You can't specify the function as a destination for itself.")
        await check_access(ctx, target, "lambda:InvokeFunction")
        try:
            await find(ctx.state.store, target)
        except AwsError:
            raise _invalid(destination) from None
    else:
        ctx.calls.find(arn.service, OPERATIONS[arn.service])  # 501 while that service is not there
    if not ctx.calls.enforces:
        return
    caller = Caller(name.account, name.region, await ctx.state.role_of(name), ctx.request_id)
    if not await may_send(ctx.calls, caller, destination, f"aws/lambda/async/{name.name}/-"):
        raise _invalid(destination)


def _invalid(destination: str) -> AwsError:
    return invalid_parameter(f"The destination ARN {destination} is invalid.")


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
