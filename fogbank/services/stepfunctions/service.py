"""The Step Functions service object that every noun module of this folder declares its operations on."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.stepfunctions.state import StepFunctions

Function = Callable[..., Awaitable[Any]]


class StatesService(Service["StepFunctions"]):
    """Every operation looks first whether the ARNs it is given are its caller's own."""

    def _declare(self, function: Function, refuses: frozenset[str], hot: bool) -> None:
        names = [
            name
            for name in inspect.signature(function).parameters
            if name.endswith("_arn") and name != "role_arn"
        ]
        super()._declare(_guarded(function, names) if names else function, refuses, hot)


def _guarded(function: Function, names: list[str]) -> Function:
    @wraps(function)
    async def guarded(ctx: Call[Any], **arguments: Any) -> Any:
        for name in names:
            arn = arguments.get(name)
            if arn is not None:
                check_owner(ctx, function.__name__, arn)
        return await function(ctx, **arguments)

    return guarded


def check_owner(ctx: Call[Any], operation: str, arn: str) -> None:
    """AccessDeniedException for a resource of another account, unless the caller may do everything anyway.

    What is no ARN at all is for the operation to refuse.
    """
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[4] != ctx.account and not ctx.principal.acts_as_root:
        action = "".join(word.capitalize() for word in operation.split("_"))
        raise AwsError(
            "AccessDeniedException",
            f"User: {ctx.principal.arn} is not authorized to perform: states:{action} on resource: {arn} "
            f"because no resource-based policy allows the states:{action} action",
        )


SERVICE: Service[StepFunctions] = StatesService("stepfunctions")
