"""Metric filters: put, describe, delete, test. What they make of events is in `metric_points.py`."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import LOG_METRIC_FILTERS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import keys, tokens
from fogbank.services.logs.filter_changes import METRIC, change_filter
from fogbank.services.logs.filtering import compiled
from fogbank.services.logs.filters import MetricFilter
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.log_groups import PAGE_MAX, SCANNED_MAX
from fogbank.services.logs.lookup import group_of
from fogbank.services.logs.metric_points import NUMBER
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.pattern import Pattern, PatternError
from fogbank.services.logs.pattern.selectors import parse_selector
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs

DIMENSIONS_MAX = 3


@SERVICE.operation(refuses={"fieldSelectionCriteria", "emitSystemFieldDimensions"})
async def put_metric_filter(
    ctx: Call[Logs],
    *,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    metric_transformations: list[dict[str, Any]],
    apply_on_transformed_logs: bool = False,
) -> None:
    if apply_on_transformed_logs:
        raise NotSupported("logs PutMetricFilter with applyOnTransformedLogs")
    pattern = compiled(filter_pattern)
    stored = _filter(filter_name, filter_pattern, metric_transformations[0], ctx.state.clock.now_ms())
    _check(stored, pattern)
    await _change(ctx, log_group_name, filter_name, stored)


def _filter(name: str, pattern: str, made: dict[str, Any], now_ms: int) -> MetricFilter:
    return MetricFilter(
        name=name,
        pattern=pattern,
        metric=made["metricName"],
        namespace=made["metricNamespace"],
        value=made["metricValue"],
        created_ms=now_ms,
        default=made.get("defaultValue"),
        dimensions=made.get("dimensions", {}),
        unit=made.get("unit", ""),
    )


def _check(stored: MetricFilter, pattern: Pattern) -> None:
    """That values and dimensions can come out of the pattern."""
    if stored.value.startswith("$"):
        _check_source(stored.value, pattern)
    elif not NUMBER.match(stored.value):
        raise invalid("Invalid metric transformation: the metric value must be a number or refer to a field.")
    if not stored.dimensions:
        return
    if not pattern.has_fields:
        raise invalid("The specified filter pattern does not support dimensions")
    if stored.default is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive.")
    if len(stored.dimensions) > DIMENSIONS_MAX:
        raise invalid(f"Invalid metric transformation: at most {DIMENSIONS_MAX} dimensions are supported.")
    for source in stored.dimensions.values():
        _check_source(source, pattern)


def _check_source(source: str, pattern: Pattern) -> None:
    try:
        if source in pattern.names or (pattern.has_fields and parse_selector(source)):
            return
    except PatternError:
        pass
    raise invalid(
        "Invalid metric transformation: " + f"{source} does not refer to a field of the filter pattern."
    )


async def _change(ctx: Call[Logs], group_name: str, name: str, stored: MetricFilter | None) -> None:
    _check_class((await group_of(ctx, group_name)).record)
    await change_filter(ctx, METRIC, group_name, name, stored)


def _check_class(group: LogGroup) -> None:
    if group.log_class != "STANDARD":
        raise invalid(f"Metric filters are not supported for log groups of class {group.log_class}.")


@SERVICE.operation
async def delete_metric_filter(ctx: Call[Logs], *, log_group_name: str, filter_name: str) -> None:
    await _change(ctx, log_group_name, filter_name, None)


@SERVICE.operation
async def describe_metric_filters(
    ctx: Call[Logs],
    *,
    log_group_name: str | None = None,
    filter_name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int = PAGE_MAX,
    metric_name: str | None = None,
    metric_namespace: str | None = None,
) -> dict[str, Any]:
    if (metric_name is None) != (metric_namespace is None):
        raise invalid("metricName and metricNamespace must be specified together.")
    if log_group_name is None:
        groups = await _groups_with_filters(ctx)
    else:
        groups = [(await group_of(ctx, log_group_name)).record]
    group_after, name_after = tokens.unseal("MetricFilters", next_token) if next_token else ("", None)
    found: list[tuple[LogGroup, MetricFilter]] = []
    for group in groups:
        if group.name < group_after:
            continue
        after = name_after if group.name == group_after else None
        base = keys.metric_filters(place_of(ctx), group.id)
        records = await page_of_names(
            ctx.state.store, base, prefix=filter_name_prefix or "", after=after, limit=LOG_METRIC_FILTERS_MAX
        )
        filters = [MetricFilter.unpack(record.value) for record in records]
        found += [
            (group, f)
            for f in filters
            if metric_name in (None, f.metric) and metric_namespace in (None, f.namespace)
        ]
        if len(found) > limit:
            break
    output: dict[str, Any] = {"metricFilters": [_shown(group, stored) for group, stored in found[:limit]]}
    if len(found) > limit:
        group, last = found[limit - 1]
        output["nextToken"] = tokens.seal("MetricFilters", group.name, last.name)
    return output


async def _groups_with_filters(ctx: Call[Logs]) -> list[LogGroup]:
    base, after = keys.groups(place_of(ctx)), None
    found: list[LogGroup] = []
    while True:
        records = await ctx.state.store.scan(base, after=after, limit=SCANNED_MAX)
        groups = (LogGroup.unpack(record.value) for record in records)
        found += [group for group in groups if group.metric_filters]
        if len(records) < SCANNED_MAX:
            return found
        after = records[-1].key


def _shown(group: LogGroup, stored: MetricFilter) -> dict[str, Any]:
    made: dict[str, Any] = {
        "metricName": stored.metric,
        "metricNamespace": stored.namespace,
        "metricValue": stored.value,
    }
    if stored.default is not None:
        made["defaultValue"] = stored.default
    if stored.dimensions:
        made["dimensions"] = stored.dimensions
    if stored.unit:
        made["unit"] = stored.unit
    return {
        "filterName": stored.name,
        "filterPattern": stored.pattern,
        "metricTransformations": [made],
        "creationTime": stored.created_ms,
        "logGroupName": group.name,
        "applyOnTransformedLogs": False,
    }


@SERVICE.operation
async def test_metric_filter(
    ctx: Call[Logs], *, filter_pattern: str, log_event_messages: list[str]
) -> dict[str, Any]:
    pattern = compiled(filter_pattern)
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": pattern.extract(message)}
            for number, message in enumerate(log_event_messages, 1)
            if pattern.matches(message)
        ]
    }
