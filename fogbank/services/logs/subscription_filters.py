"""Subscription filters, with Lambda functions as destinations: put, describe, delete."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.call import Call
from fogbank.services.logs import keys, tokens
from fogbank.services.logs.filter_changes import SUBSCRIPTION, change_filter
from fogbank.services.logs.filtering import compiled
from fogbank.services.logs.filters import SubscriptionFilter
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.log_groups import PAGE_MAX
from fogbank.services.logs.lookup import group_of
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.services.logs.subscription_delivery import service_caller, source_of


@SERVICE.operation(refuses={"roleArn", "fieldSelectionCriteria", "emitSystemFields"})
async def put_subscription_filter(
    ctx: Call[Logs],
    *,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    distribution: str = "ByLogStream",
    apply_on_transformed_logs: bool = False,
) -> None:
    if apply_on_transformed_logs:
        raise NotSupported("logs PutSubscriptionFilter with applyOnTransformedLogs")
    arn = parse_arn(destination_arn)
    if arn is None:
        raise invalid("Invalid destination ARN")
    if arn.service != "lambda":
        raise NotSupported(f"logs PutSubscriptionFilter with a destination in {arn.service}")
    compiled(filter_pattern)
    group = (await group_of(ctx, log_group_name)).record
    if group.log_class != "STANDARD":
        raise invalid(f"Subscription filters are not supported for log groups of class {group.log_class}.")
    await _try_function(ctx, destination_arn, group.name)
    stored = SubscriptionFilter(
        filter_name, filter_pattern, destination_arn, distribution, ctx.state.clock.now_ms()
    )
    await change_filter(ctx, SUBSCRIPTION, log_group_name, filter_name, stored)


async def _try_function(ctx: Call[Logs], function: str, group: str) -> None:
    """AWS accepts the destination only when it may invoke the function."""
    params = {"FunctionName": function, "InvocationType": "DryRun"}
    try:
        place = place_of(ctx)
        caller = service_caller(place, ctx.state.ids, source_of(place, group))
        await ctx.calls.call("lambda", "Invoke", params, caller)
    except NotSupported:
        raise
    except AwsError as refused:
        raise invalid(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
            "your function."
        ) from refused


@SERVICE.operation
async def delete_subscription_filter(ctx: Call[Logs], *, log_group_name: str, filter_name: str) -> None:
    await change_filter(ctx, SUBSCRIPTION, log_group_name, filter_name, None)


@SERVICE.operation
async def describe_subscription_filters(
    ctx: Call[Logs],
    *,
    log_group_name: str,
    filter_name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int = PAGE_MAX,
) -> dict[str, Any]:
    group = (await group_of(ctx, log_group_name)).record
    after = str(tokens.unseal("Subscriptions", next_token)[0]) if next_token else None
    base = keys.subscription_filters(place_of(ctx), group.id)
    records = await page_of_names(
        ctx.state.store, base, prefix=filter_name_prefix or "", after=after, limit=limit + 1
    )
    filters = [SubscriptionFilter.unpack(record.value) for record in records]
    output: dict[str, Any] = {"subscriptionFilters": [_shown(group, stored) for stored in filters[:limit]]}
    if len(filters) > limit:
        output["nextToken"] = tokens.seal("Subscriptions", filters[limit - 1].name)
    return output


def _shown(group: LogGroup, stored: SubscriptionFilter) -> dict[str, Any]:
    return {
        "filterName": stored.name,
        "logGroupName": group.name,
        "filterPattern": stored.pattern,
        "destinationArn": stored.destination_arn,
        "distribution": stored.distribution,
        "applyOnTransformedLogs": False,
        "creationTime": stored.created_ms,
    }
