"""What becomes of recursive loops, for each function: stopped (as by default), or let be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.records import Function
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_function, put_function, retried
from fogbank.store.api import Transaction


@SERVICE.operation
async def get_function_recursion_config(ctx: Call[Lambda], *, function_name: str) -> dict[str, Any]:
    function, _ = await find_function(
        ctx.state.store, await _name(ctx, function_name, "GetFunctionRecursionConfig")
    )
    return {"RecursiveLoop": function.recursive_loop}


@SERVICE.operation
async def put_function_recursion_config(
    ctx: Call[Lambda], *, function_name: str, recursive_loop: str
) -> dict[str, Any]:
    name = await _name(ctx, function_name, "PutFunctionRecursionConfig")

    async def attempt() -> Function:
        function, stored = await find_function(ctx.state.store, name)
        after = replace(function, recursive_loop=recursive_loop)
        await ctx.state.store.commit(put_function(Transaction(), name, after, stored))
        return after

    after = await retried(attempt)
    ctx.state.changed()
    return {"RecursiveLoop": after.recursive_loop}


async def _name(ctx: Call[Lambda], function_name: str, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region)
    await check_access(ctx, name, f"lambda:{action}")
    return name
