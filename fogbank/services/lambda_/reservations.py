"""Reserved concurrency, and the account's settings that it counts in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from fogbank.core.limits import (
    ACCOUNT_CONCURRENCY,
    CODE_STORAGE_BYTES_MAX,
    CODE_UNZIPPED_BYTES_MAX,
    CODE_ZIP_BYTES_MAX,
    UNRESERVED_CONCURRENCY_MIN,
)
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.functions import change_reserved, versions_of
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.records import Account, decode_account, decode_function, decode_layer_version
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_function, put_function, retried
from fogbank.store.api import Key, Transaction

_SCAN_AT_ONCE = 200


@SERVICE.operation
async def put_function_concurrency(
    ctx: Call[Lambda], *, function_name: str, reserved_concurrent_executions: int
) -> dict[str, Any]:
    """Reserve a part of the account's concurrency for a function, and bound it to that."""
    name = await _name(ctx, function_name, "PutFunctionConcurrency")
    await retried(lambda: _reserve(ctx, name, reserved_concurrent_executions))
    return {"ReservedConcurrentExecutions": reserved_concurrent_executions}


@SERVICE.operation
async def delete_function_concurrency(ctx: Call[Lambda], *, function_name: str) -> dict[str, Any]:
    """Give the reservation back."""
    name = await _name(ctx, function_name, "DeleteFunctionConcurrency")
    await retried(lambda: _reserve(ctx, name, None))
    return {}


@SERVICE.operation
async def get_function_concurrency(ctx: Call[Lambda], *, function_name: str) -> dict[str, Any]:
    """The reservation, if there is one."""
    name = await _name(ctx, function_name, "GetFunctionConcurrency")
    function, _ = await find_function(ctx.state.store, name)
    return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}


@SERVICE.operation
async def get_account_settings(ctx: Call[Lambda]) -> dict[str, Any]:
    """Limits and use of the account in this region."""
    store = ctx.state.store
    record = await store.get(keys.account(ctx.account, ctx.region))
    account = decode_account(record.value) if record is not None else Account()
    functions, code_bytes = await _usage(ctx)
    return {
        "AccountLimit": {
            "TotalCodeSize": CODE_STORAGE_BYTES_MAX,
            "CodeSizeUnzipped": CODE_UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": CODE_ZIP_BYTES_MAX,
            "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
            "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - account.reserved,
        },
        "AccountUsage": {"TotalCodeSize": code_bytes, "FunctionCount": functions},
    }


async def _reserve(ctx: Call[Lambda], name: FunctionName, reserved: int | None) -> None:
    state = ctx.state
    function, stored = await find_function(state.store, name)
    if reserved is not None and reserved < function.provisioned_sum:
        raise SERVICE.error(
            "InvalidParameterValueException",
            f" ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned "
            f"concurrency [{function.provisioned_sum}].",
        )
    after = replace(function, reserved=reserved)
    by = after.share - function.share
    transaction = put_function(Transaction(), name, after, stored)
    account = await change_reserved(ctx, transaction, name, by)
    if by > 0 and ACCOUNT_CONCURRENCY - account.reserved < UNRESERVED_CONCURRENCY_MIN:
        raise SERVICE.error(
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{UNRESERVED_CONCURRENCY_MIN}].",
        )
    await state.store.commit(transaction)
    state.changed()
    slots = state.concurrency.function(name.account, name.region, name.name)
    slots.account.reserve_for_others(account.reserved)
    slots.reserve(after.on_demand)


async def _usage(ctx: Call[Lambda]) -> tuple[int, int]:
    """How many functions there are, and the bytes of all packages of functions, versions and layers."""
    functions = code_bytes = 0
    async for value in _values(ctx, keys.functions(ctx.account, ctx.region)):
        function = decode_function(value)
        functions += 1
        code_bytes += function.latest.code_bytes
        if function.published:
            name = FunctionName(ctx.account, ctx.region, function.name)
            async for version in versions_of(ctx, name, 0):
                code_bytes += version.code_bytes
    async for value in _values(ctx, keys.all_layer_versions(ctx.account, ctx.region)):
        code_bytes += decode_layer_version(value).code_bytes
    return functions, code_bytes


async def _values(ctx: Call[Lambda], prefix: Key) -> AsyncIterator[bytes]:
    after: Key | None = None
    while True:
        records = await ctx.state.store.scan(prefix, after=after, limit=_SCAN_AT_ONCE)
        for record in records:
            yield record.value
        if len(records) < _SCAN_AT_ONCE:
            return
        after = records[-1].key


async def _name(ctx: Call[Lambda], function_name: str, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, f"lambda:{action}")
    if name.qualifier is not None:
        raise invalid_parameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    return name
