"""Metric alarms: put, describe, delete, set the state, enable and disable their actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.cloudwatch import keys, tokens
from fogbank.services.cloudwatch.alarm import Alarm, State, configuration_change, deletion
from fogbank.services.cloudwatch.alarm_settings import check_settings
from fogbank.services.cloudwatch.keys import Place, place_of
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.service import SERVICE, validation_error
from fogbank.services.cloudwatch.state import CloudWatch
from fogbank.store.api import ABSENT, Key, Record, Transaction

PAGE_MAX = 100
SCANNED_MAX = 5000
ATTEMPTS_MAX = 10

_LATER = {
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionConfiguration",
}


@SERVICE.operation(refuses=_LATER)
async def put_metric_alarm(
    ctx: Call[CloudWatch],
    *,
    alarm_name: str,
    alarm_description: str | None = None,
    actions_enabled: bool | None = None,
    ok_actions: list[str] | None = None,
    alarm_actions: list[str] | None = None,
    insufficient_data_actions: list[str] | None = None,
    metric_name: str | None = None,
    namespace: str | None = None,
    statistic: str | None = None,
    extended_statistic: str | None = None,
    dimensions: list[dict[str, str]] | None = None,
    period: int | None = None,
    unit: str | None = None,
    evaluation_periods: int | None = None,
    datapoints_to_alarm: int | None = None,
    threshold: float | None = None,
    comparison_operator: str | None = None,
    treat_missing_data: str | None = None,
    evaluate_low_sample_count_percentile: str | None = None,
    metrics: list[dict[str, Any]] | None = None,
    tags: list[dict[str, str]] | None = None,
) -> None:
    given = {
        "AlarmDescription": alarm_description,
        "ActionsEnabled": actions_enabled,
        "OKActions": ok_actions,
        "AlarmActions": alarm_actions,
        "InsufficientDataActions": insufficient_data_actions,
        "MetricName": metric_name,
        "Namespace": namespace,
        "Statistic": statistic,
        "ExtendedStatistic": extended_statistic,
        "Dimensions": dimensions,
        "Period": period,
        "Unit": unit,
        "EvaluationPeriods": evaluation_periods,
        "DatapointsToAlarm": datapoints_to_alarm,
        "Threshold": threshold,
        "ComparisonOperator": comparison_operator,
        "TreatMissingData": treat_missing_data,
        "EvaluateLowSampleCountPercentile": evaluate_low_sample_count_percentile,
        "Metrics": metrics,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    check_settings(settings)
    await _put(ctx, alarm_name, settings, {tag["Key"]: tag["Value"] for tag in tags or ()})


async def _put(ctx: Call[CloudWatch], name: str, settings: dict[str, Any], tags: dict[str, str]) -> None:
    place, state = place_of(ctx), ctx.state
    for _ in range(ATTEMPTS_MAX):
        now_ms = state.clock.now_ms()
        record = await state.store.get(keys.alarm(place, name))
        before = Alarm.unpack(record.value) if record else None
        if before is None:
            alarm = Alarm(name, settings, now_ms, updated_ms=now_ms, transitioned_ms=now_ms, tags=tags)
        else:  # an update keeps state and tags
            alarm = replace(before, settings=settings, configured_ms=now_ms)
        tx = Transaction().put(
            keys.alarm(place, name), alarm.pack(), expect=record.version if record else ABSENT
        )
        tx.put(keys.alarmed(place, name), b"")
        state.alarming.remember(tx, place, configuration_change(before, alarm, ctx.partition, place))
        try:
            await state.store.commit(tx)
        except Conflict:
            continue
        return
    raise _conflict()


def _conflict() -> AwsError:
    return AwsError(
        "ConcurrentModification", "More than one process tried to modify a resource at the same time."
    )


@SERVICE.operation
async def describe_alarms(
    ctx: Call[CloudWatch],
    *,
    alarm_names: list[str] | None = None,
    alarm_name_prefix: str | None = None,
    alarm_types: list[str] | None = None,
    children_of_alarm_name: str | None = None,
    parents_of_alarm_name: str | None = None,
    state_value: str | None = None,
    action_prefix: str | None = None,
    max_records: int = PAGE_MAX,
    next_token: str | None = None,
) -> dict[str, Any]:
    if children_of_alarm_name is not None or parents_of_alarm_name is not None:
        raise NotSupported("cloudwatch DescribeAlarms by parents or children of composite alarms")
    if alarm_names is not None and alarm_name_prefix is not None:
        raise validation_error("AlarmNames and AlarmNamePrefix cannot be specified together.")
    if alarm_types and "MetricAlarm" not in alarm_types:
        return {"CompositeAlarms": [], "MetricAlarms": []}
    place = place_of(ctx)

    def wanted(alarm: Alarm) -> bool:
        actions = (action for state in State for action in alarm.settings.get(state.actions, ()))
        return state_value in (None, alarm.state) and (
            action_prefix is None or any(action.startswith(action_prefix) for action in actions)
        )

    if alarm_names is not None:
        records = await ctx.state.store.get_many([keys.alarm(place, name) for name in alarm_names])
        found = [Alarm.unpack(record.value) for record in records if record is not None]
        alarms, more = [alarm for alarm in found if wanted(alarm)][:max_records], None
    else:
        alarms, more = await _page(ctx, place, alarm_name_prefix or "", wanted, max_records, next_token)
    shown = [alarm.wire(ctx.partition, place) for alarm in alarms]
    answer: dict[str, Any] = {"CompositeAlarms": [], "MetricAlarms": shown}
    return answer | ({"NextToken": more} if more else {})


async def _page(
    ctx: Call[CloudWatch],
    place: Place,
    prefix: str,
    wanted: Callable[[Alarm], bool],
    limit: int,
    token: str | None,
) -> tuple[list[Alarm], str | None]:
    """Alarms under a prefix by name, and the token of what follows."""
    base = keys.alarms(place)
    after: Key | None = (*base, prefix) if prefix else None
    found: list[Alarm] = []
    if prefix and token is None and (exact := await ctx.state.store.get((*base, prefix))):
        found = [alarm for alarm in (Alarm.unpack(exact.value),) if wanted(alarm)]
    if token is not None:
        after = keys.alarm(place, str(tokens.unseal("DescribeAlarms", token)[0]))
    before: Key | None = (*base, prefix + "\U0010ffff") if prefix else None
    for _ in range(SCANNED_MAX // PAGE_MAX):
        records = await ctx.state.store.scan(base, after=after, before=before, limit=PAGE_MAX)
        for record in records:
            alarm = Alarm.unpack(record.value)
            if wanted(alarm):
                if len(found) == limit:
                    return found, tokens.seal("DescribeAlarms", found[-1].name)
                found.append(alarm)
        if len(records) < PAGE_MAX:
            return found, None
        after = records[-1].key
    return found, tokens.seal("DescribeAlarms", str(records[-1].key[-1]))


@SERVICE.operation
async def describe_alarms_for_metric(
    ctx: Call[CloudWatch],
    *,
    metric_name: str,
    namespace: str,
    statistic: str | None = None,
    extended_statistic: str | None = None,
    dimensions: list[dict[str, str]] | None = None,
    period: int | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    place = place_of(ctx)
    metric = Metric.of(namespace, metric_name, dimensions)
    filters = {
        "Statistic": statistic,
        "ExtendedStatistic": extended_statistic,
        "Period": period,
        "Unit": unit,
    }

    def wanted(alarm: Alarm) -> bool:
        own = alarm.settings
        if "Metrics" in own or any(v not in (None, own.get(name)) for name, v in filters.items()):
            return False
        return Metric.of(own["Namespace"], own["MetricName"], own.get("Dimensions")) == metric

    alarms, _ = await _page(ctx, place, "", wanted, SCANNED_MAX, None)
    return {"MetricAlarms": [alarm.wire(ctx.partition, place) for alarm in alarms]}


@SERVICE.operation
async def delete_alarms(ctx: Call[CloudWatch], *, alarm_names: list[str]) -> None:
    place, state = place_of(ctx), ctx.state
    records = await state.store.get_many([keys.alarm(place, name) for name in alarm_names])
    tx = Transaction()
    for record in records:
        if record is not None:
            alarm = Alarm.unpack(record.value)
            tx.delete(record.key).delete(keys.alarmed(place, alarm.name))
            state.alarming.remember(tx, place, deletion(alarm, state.clock.now_ms()))
    if tx.operations:
        await state.store.commit(tx)


async def _alarm_of(ctx: Call[CloudWatch], name: str) -> tuple[Record, Alarm]:
    """The alarm of that name; ResourceNotFound."""
    record = await ctx.state.store.get(keys.alarm(place_of(ctx), name))
    if record is None:
        raise SERVICE.error("ResourceNotFound", "")
    return record, Alarm.unpack(record.value)


@SERVICE.operation
async def set_alarm_state(
    ctx: Call[CloudWatch],
    *,
    alarm_name: str,
    state_value: str,
    state_reason: str,
    state_reason_data: str | None = None,
) -> None:
    if state_reason_data is not None:
        try:
            orjson.loads(state_reason_data)
        except orjson.JSONDecodeError:
            raise SERVICE.error("InvalidFormatFault", "StateReasonData is not valid JSON.") from None
    for _ in range(ATTEMPTS_MAX):
        record, alarm = await _alarm_of(ctx, alarm_name)
        try:
            await ctx.state.alarming.change(
                place_of(ctx), record, alarm, State(state_value), state_reason, state_reason_data or ""
            )
        except Conflict:
            continue
        return
    raise _conflict()


@SERVICE.operation
async def enable_alarm_actions(ctx: Call[CloudWatch], *, alarm_names: list[str]) -> None:
    await update_alarms(
        ctx, alarm_names, lambda alarm: replace(alarm, settings=alarm.settings | {"ActionsEnabled": True})
    )


@SERVICE.operation
async def disable_alarm_actions(ctx: Call[CloudWatch], *, alarm_names: list[str]) -> None:
    await update_alarms(
        ctx, alarm_names, lambda alarm: replace(alarm, settings=alarm.settings | {"ActionsEnabled": False})
    )


async def update_alarms(ctx: Call[CloudWatch], names: list[str], change: Callable[[Alarm], Alarm]) -> None:
    """Change alarms that there are; AWS passes over the others."""
    for name in names:
        for _ in range(ATTEMPTS_MAX):
            record = await ctx.state.store.get(keys.alarm(place_of(ctx), name))
            if record is None:
                break
            changed = change(Alarm.unpack(record.value))
            try:
                await ctx.state.store.commit(
                    Transaction().put(record.key, changed.pack(), expect=record.version)
                )
            except Conflict:
                continue
            break
        else:
            raise _conflict()
