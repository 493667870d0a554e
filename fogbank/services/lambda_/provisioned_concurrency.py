"""Provisioned concurrency of versions and aliases: what is asked for. The environments are `provisioning.py`'s matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.clock import iso8601
from fogbank.core.errors import AwsError
from fogbank.core.limits import ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY_MIN
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import conflict, function_not_found, invalid_parameter, not_found
from fogbank.services.lambda_.functions import change_reserved
from fogbank.services.lambda_.names import LATEST, FunctionName, is_version, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.records import Function, Provisioned
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_alias, find_function, find_version, put_function, retried
from fogbank.store.api import Transaction

_LISTING = "provisioned-concurrency"
_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."


@SERVICE.operation
async def put_provisioned_concurrency_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str, provisioned_concurrent_executions: int
) -> dict[str, Any]:
    """Have environments of a version ready. What was asked for before is replaced."""
    state = ctx.state
    name = await _name(ctx, function_name, qualifier, "PutProvisionedConcurrencyConfig")
    if name.qualifier == LATEST:
        raise invalid_parameter(_UNPUBLISHED)
    asked = Provisioned(provisioned_concurrent_executions, state.clock.now_ms())

    async def attempt() -> None:
        function, stored = await find_function(state.store, name)
        await _check_target(ctx, name, function)
        after = replace(function, provisioned=function.provisioned | {str(name.qualifier): asked})
        if after.reserved is not None and after.provisioned_sum > after.reserved:
            raise invalid_parameter(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        transaction = put_function(Transaction(), name, after, stored)
        transaction.put(keys.provisioned(name), b"{}")
        account = await change_reserved(ctx, transaction, name, after.share - function.share)
        left = ACCOUNT_CONCURRENCY - account.reserved
        if after.reserved is None and left < 0:
            raise invalid_parameter(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                f"[{left + after.share}]."
            )
        if after.share > function.share and left < UNRESERVED_CONCURRENCY_MIN:
            raise invalid_parameter(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{UNRESERVED_CONCURRENCY_MIN}]."
            )
        await state.store.commit(transaction)

    await retried(attempt)
    state.changed()
    state.provisioner.begin(name)
    return _shown(asked)


@SERVICE.operation
async def get_provisioned_concurrency_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str
) -> dict[str, Any]:
    """How far it is."""
    name = _published(await _name(ctx, function_name, qualifier, "GetProvisionedConcurrencyConfig"))
    function, _ = await find_function(ctx.state.store, name)
    await _check_target(ctx, name, function, exclusive=False)
    provisioned = function.provisioned.get(str(name.qualifier))
    if provisioned is None:
        raise SERVICE.error(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            Type="User",
        )
    return _shown(provisioned)


@SERVICE.operation
async def list_provisioned_concurrency_configs(
    ctx: Call[Lambda], *, function_name: str, marker: str | None = None, max_items: int | None = None
) -> dict[str, Any]:
    """All of a function."""
    name = await _name(ctx, function_name, None, "ListProvisionedConcurrencyConfigs")
    function, _ = await find_function(ctx.state.store, name.with_qualifier(None))
    limit = page_size(max_items)
    position = decode_marker(_LISTING, marker)
    names = sorted(each for each in function.provisioned if position is None or each > position)
    answer: dict[str, Any] = {
        "ProvisionedConcurrencyConfigs": [
            {"FunctionArn": f"{name.arn}:{each}"} | _shown(function.provisioned[each])
            for each in names[:limit]
        ]
    }
    if len(names) > limit:
        answer["NextMarker"] = encode_marker(_LISTING, names[limit - 1])
    return answer


@SERVICE.operation
async def delete_provisioned_concurrency_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str
) -> dict[str, Any]:
    """Let the environments go; what runs in them runs on."""
    name = _published(await _name(ctx, function_name, qualifier, "DeleteProvisionedConcurrencyConfig"))

    async def attempt() -> None:
        function, stored = await find_function(ctx.state.store, name)
        await _check_target(ctx, name, function, exclusive=False)
        if str(name.qualifier) not in function.provisioned:
            return
        transaction = Transaction()
        await drop_provisioned(ctx, transaction, name, function, stored, str(name.qualifier))
        await ctx.state.store.commit(transaction)

    await retried(attempt)
    ctx.state.changed()
    ctx.state.provisioner.begin(name)
    return {}


async def drop_provisioned(
    ctx: Call[Lambda],
    transaction: Transaction,
    name: FunctionName,
    function: Function,
    stored: int,
    qualifier: str,
) -> None:
    """With the transaction, which must not touch the function otherwise: nothing is asked for `qualifier` any more."""
    left = {key: value for key, value in function.provisioned.items() if key != qualifier}
    after = replace(function, provisioned=left)
    put_function(transaction, name, after, stored)
    if not left:
        transaction.delete(keys.provisioned(name))
    await change_reserved(ctx, transaction, name, after.share - function.share)


def moving(provisioned: Provisioned) -> Provisioned:
    """The alias points at another version now: environments of that are to come."""
    return replace(provisioned, status="IN_PROGRESS", reason=None)


async def _check_target(
    ctx: Call[Lambda], name: FunctionName, function: Function, *, exclusive: bool = True
) -> None:
    """A version that is there, or an alias of one; and not both of them at once."""
    store, qualifier = ctx.state.store, str(name.qualifier)
    if is_version(qualifier):
        if await find_version(store, name, function, qualifier) is None:
            raise function_not_found(name.qualified_arn)
        if exclusive and qualifier in await _alias_versions(ctx, name, function):
            raise conflict("Version is pointed by a Provisioned Concurrency alias")
        return
    found = await find_alias(store, name, qualifier)
    if found is None:
        raise not_found(f"Cannot find alias arn: {name.qualified_arn}")
    if found[0].version == LATEST:
        raise invalid_parameter(_UNPUBLISHED)
    if exclusive and found[0].version in function.provisioned:
        raise conflict(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )


async def _alias_versions(ctx: Call[Lambda], name: FunctionName, function: Function) -> set[str]:
    """The versions that aliases with provisioned concurrency point at."""
    found = [
        await find_alias(ctx.state.store, name, qualifier)
        for qualifier in function.provisioned
        if not is_version(qualifier)
    ]
    return {alias[0].version for alias in found if alias is not None}


def _shown(provisioned: Provisioned) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "RequestedProvisionedConcurrentExecutions": provisioned.requested,
        "AvailableProvisionedConcurrentExecutions": provisioned.allocated,
        "AllocatedProvisionedConcurrentExecutions": provisioned.allocated,
        "Status": provisioned.status,
        "LastModified": iso8601(provisioned.modified_ms),
    }
    if provisioned.reason is not None:
        shown["StatusReason"] = provisioned.reason
    return shown


def _published(name: FunctionName) -> FunctionName:
    if name.qualifier == LATEST:
        raise invalid_parameter("The function resource provided must be an alias or a published version.")
    return name


async def _name(ctx: Call[Lambda], function_name: str, qualifier: str | None, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, f"lambda:{action}")
    if qualifier == "":
        raise AwsError("ValidationException", "The qualifier must be a version or an alias")  # ours
    return name
