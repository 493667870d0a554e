"""Settings that have one value here, and say so: runtime updates happen by themselves, code is never signed."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.lambda_.functions import look_up
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda

_AUTO = "Auto"


@SERVICE.operation
async def get_runtime_management_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """Auto: a function runs on whatever build of its runtime this machine has."""
    found = await look_up(ctx, "GetRuntimeManagementConfig", function_name, qualifier)
    return {"UpdateRuntimeOn": _AUTO, "FunctionArn": found.arn}


@SERVICE.operation(refuses={"RuntimeVersionArn"})
async def put_runtime_management_config(
    ctx: Call[Lambda], *, function_name: str, update_runtime_on: str, qualifier: str | None = None
) -> dict[str, Any]:
    """Only Auto: builds of a runtime cannot be pinned."""
    found = await look_up(ctx, "PutRuntimeManagementConfig", function_name, qualifier)
    if update_runtime_on != _AUTO:
        raise NotSupported(f"runtime management mode {update_runtime_on}")
    return {"UpdateRuntimeOn": _AUTO, "FunctionArn": found.arn}


@SERVICE.operation
async def get_function_code_signing_config(ctx: Call[Lambda], *, function_name: str) -> dict[str, Any]:
    """None: code signing configurations cannot be made, so no function has one."""
    await look_up(ctx, "GetFunctionCodeSigningConfig", function_name)
    return {}
