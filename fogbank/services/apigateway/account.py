"""The account's settings in a region: the role that writes logs, and the throttle of everything together."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.patching import ADD_REMOVE_REPLACE, Patch, Patches, Rule, set_or_drop
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request
from fogbank.services.apigateway.snapshot import default_account, load_account
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Transaction


@SERVICE.operation
async def get_account(ctx: Call[ApiGateway]) -> dict[str, Any]:
    return await load_account(ctx.state.store, place_of(ctx)) | _throttle(ctx)


def _throttle(ctx: Call[ApiGateway]) -> Wire:
    """The limits that this fogbank was started with, where it serves requests."""
    if ctx.state.execution is None:
        return {}
    throttles = ctx.state.execution.throttles
    return {"throttleSettings": {"burstLimit": throttles.burst, "rateLimit": throttles.rate}}


def _change_role(wire: Wire, patch: Patch) -> None:
    value = None if patch.op == "remove" else patch.value or None
    if value is not None:
        arn = parse_arn(value)
        if arn is None or arn.service != "iam" or not arn.resource.startswith("role/"):
            raise bad_request(
                "The role ARN does not have required permissions configured. Please grant trust permission for API "
                "Gateway and add the required role policy."
            )
    set_or_drop(wire, "cloudwatchRoleArn", value)


def _add_feature(wire: Wire, patch: Patch) -> None:
    if patch.value != "UsagePlans":
        raise bad_request(
            f"Invalid feature specified: {patch.value}"
        )  # ours; every account here has usage plans


PATCHES = Patches(
    {"/cloudwatchRoleArn": Rule(ADD_REMOVE_REPLACE, _change_role), "/features": Rule(("add",), _add_feature)}
)


@SERVICE.operation
@retried
async def update_account(
    ctx: Call[ApiGateway], *, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    key = keys.owned(place_of(ctx), "account")
    found = await read(ctx.state.store, key)
    account = found.wire if found is not None else {}
    PATCHES.apply(account, patch_operations)
    tx = Transaction().put(key, pack(account), expect=ABSENT if found is None else found.version)
    await ctx.state.store.commit(tx)
    return default_account() | account | _throttle(ctx)
