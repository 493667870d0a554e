"""Subscription filters, with Lambda functions as destinations: put, describe, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.limits import LOG_SUBSCRIPTION_FILTERS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import keys, tokens
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
from fogbank.services.logs.updates import update_group
from fogbank.store.api import Transaction


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
    await _change(ctx, log_group_name, filter_name, stored)


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


async def _change(ctx: Call[Logs], group_name: str, name: str, stored: SubscriptionFilter | None) -> None:
    """Put or delete one filter, with the count in its group."""
    group = (await group_of(ctx, group_name)).record
    key = keys.subscription_filter(place_of(ctx), group.id, name)
    old = await ctx.state.store.get(key)
    if stored is None and old is None:
        raise SERVICE.error("ResourceNotFoundException", "The specified subscription filter does not exist.")
    added = (stored is not None) - (old is not None)

    def change(group: LogGroup) -> LogGroup:
        if group.subscription_filters + added > LOG_SUBSCRIPTION_FILTERS_MAX:
            raise SERVICE.error("LimitExceededException", "Resource limit exceeded.")
        return replace(group, subscription_filters=group.subscription_filters + added)

    def extend(tx: Transaction, _group: LogGroup) -> None:
        version = old.version if old else 0
        if stored is None:
            tx.delete(key, expect=version)
        else:
            tx.put(key, stored.pack(), expect=version)

    await update_group(ctx, group_name, change, extend)


@SERVICE.operation
async def delete_subscription_filter(ctx: Call[Logs], *, log_group_name: str, filter_name: str) -> None:
    await _change(ctx, log_group_name, filter_name, None)


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
