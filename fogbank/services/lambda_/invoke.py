"""Invoke: the hot path, and its streaming sister. Metadata from the node's cache, an environment from the pool, and no store before the reply."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.limits import (
    ASYNC_PAYLOAD_BYTES_MAX,
    CLIENT_CONTEXT_BYTES_MAX,
    INVOKE_PAYLOAD_BYTES_MAX,
)
from fogbank.model.call import Call
from fogbank.model.calls import validation_message
from fogbank.model.validation import compile_validator
from fogbank.sandbox.api import InvocationResult, Status
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import invalid_content, payload_too_large
from fogbank.services.lambda_.json_errors import unreadable
from fogbank.services.lambda_.names import parse_name
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.streaming import Events, start
from fogbank.services.lambda_.targets import Target

_ACTION = "lambda:InvokeFunction"


@SERVICE.operation(refuses={"DurableExecutionName", "TenantId"}, hot=True)
async def invoke(
    ctx: Call[Lambda],
    *,
    function_name: str,
    invocation_type: str = "RequestResponse",
    log_type: str = "None",
    client_context: str | None = None,
    payload: bytes = b"",
    qualifier: str | None = None,
) -> dict[str, Any]:
    """Run a function now, queue an event for it, or only check that one could (DryRun)."""
    state = ctx.state
    key = (ctx.account, ctx.region, function_name, qualifier)
    target = state.targets.cached.get(key)
    if target is None or log_type not in ("None", "Tail"):
        target = await _resolve(
            ctx,
            {
                "FunctionName": function_name,
                "Qualifier": qualifier,
                "InvocationType": invocation_type,
                "LogType": log_type,
            },
        )
    if invocation_type == "RequestResponse":
        return await _run(ctx, target, payload, log_type == "Tail", client_context)
    if invocation_type == "Event":
        check_payload(payload, invocation_type, ASYNC_PAYLOAD_BYTES_MAX)
        await state.events.accept(target, ctx.request_id, payload or b"{}", ctx.caller.trace)
        return {"StatusCode": 202, "Payload": b""}
    if invocation_type == "DryRun":
        check_payload(payload, invocation_type, INVOKE_PAYLOAD_BYTES_MAX)
        return {"StatusCode": 204, "Payload": b""}
    _validate({"FunctionName": function_name, "InvocationType": invocation_type})
    raise AwsError("ValidationException", f"Invalid InvocationType: {invocation_type}")


@SERVICE.operation
async def invoke_async(ctx: Call[Lambda], *, function_name: str, invoke_args: bytes) -> dict[str, Any]:
    """The deprecated form of an Event invocation."""
    target = await _resolve(ctx, {"FunctionName": function_name})
    check_payload(invoke_args, "Event", ASYNC_PAYLOAD_BYTES_MAX)
    await ctx.state.events.accept(target, ctx.request_id, invoke_args or b"{}", ctx.caller.trace)
    return {"Status": 202}


@SERVICE.operation(refuses={"TenantId"})
async def invoke_with_response_stream(
    ctx: Call[Lambda],
    *,
    function_name: str,
    invocation_type: str = "RequestResponse",
    log_type: str = "None",
    qualifier: str | None = None,
    client_context: str | None = None,
    payload: bytes = b"",
) -> dict[str, Any]:
    """Run a function and hand on what it answers while it does."""
    target = await _resolve(ctx, {"FunctionName": function_name, "Qualifier": qualifier})
    check_payload(payload, invocation_type, INVOKE_PAYLOAD_BYTES_MAX)
    if invocation_type == "DryRun":
        return {"StatusCode": 204}
    tail = log_type == "Tail"
    run = await start(
        ctx.state,
        target,
        ctx.request_id,
        payload or b"{}",
        trace=ctx.caller.trace,
        tail=tail,
        client_context=None if client_context is None else decode_context(client_context),
    )
    return {
        "StatusCode": 200,
        "ExecutedVersion": run.executable.version,
        "ResponseStreamContentType": "application/vnd.amazon.eventstream",
        "EventStream": Events(run, tail=tail),
    }


async def _run(
    ctx: Call[Lambda], target: Target, payload: bytes, tail: bool, client_context: str | None
) -> dict[str, Any]:
    check_payload(payload, "RequestResponse", INVOKE_PAYLOAD_BYTES_MAX)
    context = None if client_context is None else decode_context(client_context)
    trace = ctx.caller.trace
    executable = target.enter(ctx.state.ids, trace)
    result, log = await ctx.state.runner.run(
        executable, ctx.request_id, payload or b"{}", tail=tail, client_context=context, trace=trace
    )
    output = {"StatusCode": 200, "Payload": result.payload, "ExecutedVersion": executable.version}
    if failed(result):
        output["FunctionError"] = "Unhandled"
    if tail:
        output["LogResult"] = log.tail()
    return output


async def _resolve(ctx: Call[Lambda], params: dict[str, Any]) -> Target:
    """The slow way: validate what was sent, find the function, remember it."""
    params = {name: value for name, value in params.items() if value is not None}
    _validate(params)
    text, qualifier = params["FunctionName"], params.get("Qualifier")
    name = parse_name(text, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, _ACTION)
    key = (ctx.account, ctx.region, text, qualifier) if name.account == ctx.account else None
    return await ctx.state.targets.resolve(name, key)


def _validate(params: dict[str, Any]) -> None:
    shape = SERVICE.model.operations["Invoke"].input
    validator = compile_validator(shape) if shape is not None else None
    if validator is not None and (problems := validator(params)):
        raise AwsError("ValidationException", validation_message(problems))


def check_payload(payload: bytes, invocation_type: str, limit_bytes: int) -> None:
    """Refuse what is too large or no JSON, in AWS's words. An empty payload is `{}`."""
    if len(payload) > limit_bytes:
        raise payload_too_large(len(payload), invocation_type, limit_bytes)
    if not payload:
        return
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        problem = unreadable(payload)
        if problem is not None:
            raise invalid_content(
                f"Could not parse request body into json: Could not parse payload into json: {problem}"
            ) from None


def decode_context(client_context: str) -> str:
    """The JSON text of a ClientContext header."""
    if len(client_context) > CLIENT_CONTEXT_BYTES_MAX:
        raise invalid_content(
            f"Client context must be no more than {CLIENT_CONTEXT_BYTES_MAX} bytes of Base64-encoded data."
        )
    try:
        text = base64.b64decode(client_context, validate=True).decode()
        if isinstance(json.loads(text), dict):
            return text
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise invalid_content("Client context must be a valid Base64-encoded JSON object.")


def failed(result: InvocationResult) -> bool:
    """The answer is an error document."""
    return result.status is not Status.SUCCESS
