"""Log groups: create, delete, describe, list, deletion protection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import Conflict, NotSupported
from fogbank.model.call import Call
from fogbank.services.logs import keys, purging, tokens
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.lookup import check, check_lengths, group_of, name_of_identifier
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.retaining import RETENTION_QUEUE
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.services.logs.updates import update_group
from fogbank.store.api import ABSENT, Transaction

PAGE_MAX = 50
SCANNED_MAX = 1000  # groups that one call with a pattern looks at before it answers a partial page
CLASSES = ("STANDARD", "INFREQUENT_ACCESS")


@SERVICE.operation(refuses={"kmsKeyId"}, hot=True)
async def create_log_group(
    ctx: Call[Logs],
    *,
    log_group_name: str,
    tags: dict[str, str] | None = None,
    log_group_class: str | None = None,
    deletion_protection_enabled: bool = False,
) -> None:
    check_lengths(log_group_name)
    check("CreateLogGroup", {"logGroupName": log_group_name, "tags": tags, "logGroupClass": log_group_class})
    if log_group_class is not None and log_group_class not in CLASSES:
        raise NotSupported(f"logs CreateLogGroup with logGroupClass {log_group_class}")
    state = ctx.state
    group = LogGroup(
        name=log_group_name,
        id=state.new_id(),
        created_ms=state.clock.now_ms(),
        log_class=log_group_class or "STANDARD",
        protected=deletion_protection_enabled,
        tags=dict(tags or {}),
    )
    tx = Transaction().put(keys.group(place_of(ctx), log_group_name), group.pack(), expect=ABSENT)
    try:
        await state.store.commit(tx)
    except Conflict:
        raise SERVICE.error(
            "ResourceAlreadyExistsException", "The specified log group already exists"
        ) from None


@SERVICE.operation
async def delete_log_group(ctx: Call[Logs], *, log_group_name: str) -> None:
    place, state = place_of(ctx), ctx.state
    while True:
        found = await group_of(ctx, log_group_name)
        group = found.record
        if group.protected:
            raise SERVICE.error(
                "ValidationException",
                "The log group cannot be deleted because deletion protection is enabled for it.",
            )
        tx = Transaction().delete(keys.group(place, group.name), expect=found.version)
        tx.delete_prefix(keys.streams(place, group.id))
        tx.cancel(RETENTION_QUEUE, group.id)
        purging.enqueue_group(tx, place, group.id, state.clock.now_ms())
        try:
            await state.store.commit(tx)
        except Conflict:
            continue
        state.directory.forget(place, group.name)
        return


@SERVICE.operation
async def put_log_group_deletion_protection(
    ctx: Call[Logs], *, log_group_identifier: str, deletion_protection_enabled: bool
) -> None:
    def change(group: LogGroup) -> LogGroup:
        return replace(group, protected=deletion_protection_enabled)

    await update_group(ctx, name_of_identifier(log_group_identifier), change)


@SERVICE.operation(refuses={"accountIdentifiers"})
async def describe_log_groups(
    ctx: Call[Logs],
    *,
    log_group_name_prefix: str | None = None,
    log_group_name_pattern: str | None = None,
    next_token: str | None = None,
    limit: int = PAGE_MAX,
    include_linked_accounts: bool = False,
    log_group_class: str | None = None,
    log_group_identifiers: list[str] | None = None,
) -> dict[str, Any]:
    _refuse_linked(include_linked_accounts)
    if log_group_name_prefix is not None and log_group_name_pattern is not None:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    if log_group_identifiers is not None:
        if log_group_name_prefix is not None or log_group_name_pattern is not None or log_group_class:
            raise invalid("LogGroup identifiers and other filters are mutually exclusive parameters.")
        return {"logGroups": await _identified(ctx, log_group_identifiers)}
    if log_group_name_pattern is not None:
        groups, token = await _matching(ctx, log_group_name_pattern, log_group_class, next_token, limit)
        output: dict[str, Any] = {"logGroups": [_brief(ctx, group) for group in groups]}
        return output | ({"nextToken": token} if token else {})
    prefix = log_group_name_prefix or ""
    groups, more = await _page(ctx, prefix, log_group_class, next_token, limit)
    output = {"logGroups": [await _full(ctx, group) for group in groups]}
    if more:
        output["nextToken"] = tokens.seal("DescribeLogGroups", groups[-1].name)
    return output


def _refuse_linked(include: bool) -> None:
    if include:
        raise NotSupported("logs with includeLinkedAccounts")


async def _identified(ctx: Call[Logs], identifiers: list[str]) -> list[dict[str, Any]]:
    records = await ctx.state.store.get_many(
        [keys.group(place_of(ctx), name_of_identifier(identifier)) for identifier in identifiers]
    )
    return [await _full(ctx, LogGroup.unpack(record.value)) for record in records if record is not None]


async def _page(
    ctx: Call[Logs], prefix: str, log_class: str | None, token: str | None, limit: int
) -> tuple[list[LogGroup], bool]:
    """One page of groups by name, and whether there are more."""
    base = keys.groups(place_of(ctx))
    after = None if token is None else str(tokens.unseal("DescribeLogGroups", token)[0])
    found: list[LogGroup] = []
    while len(found) <= limit:
        records = await page_of_names(ctx.state.store, base, prefix=prefix, after=after, limit=limit + 1)
        groups = [LogGroup.unpack(record.value) for record in records]
        found += [group for group in groups if _of_class(group, log_class)]
        if len(records) <= limit:
            break
        after = groups[-1].name
    return found[:limit], len(found) > limit


def _of_class(group: LogGroup, log_class: str | None) -> bool:
    return log_class is None or group.log_class == log_class


async def _matching(
    ctx: Call[Logs], pattern: str, log_class: str | None, token: str | None, limit: int
) -> tuple[list[LogGroup], str | None]:
    """Groups whose name holds `pattern`. As on AWS, a page with results always has a token."""
    base = keys.groups(place_of(ctx))
    after = keys.group(place_of(ctx), str(tokens.unseal("Pattern", token)[0])) if token else None
    found: list[LogGroup] = []
    records = await ctx.state.store.scan(base, after=after, limit=SCANNED_MAX)
    seen = ""
    for record in records:
        group = LogGroup.unpack(record.value)
        seen = group.name
        if pattern in group.name and _of_class(group, log_class):
            found.append(group)
            if len(found) == limit:
                break
    partial = len(records) == SCANNED_MAX
    return found, tokens.seal("Pattern", seen) if found or partial else None


def _brief(ctx: Call[Logs], group: LogGroup) -> dict[str, Any]:
    arn = group.arn(ctx.partition, place_of(ctx))
    return {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": group.metric_filters,
        "arn": f"{arn}:*",
        "logGroupClass": group.log_class,
        "logGroupArn": arn,
    }


async def _full(ctx: Call[Logs], group: LogGroup) -> dict[str, Any]:
    stored = await ctx.state.store.get(keys.group_bytes(place_of(ctx), group.id))
    described = _brief(ctx, group)
    described["storedBytes"] = int(stored.value) if stored else 0
    described["deletionProtectionEnabled"] = group.protected
    if group.retention_days is not None:
        described["retentionInDays"] = group.retention_days
    return described


@SERVICE.operation(refuses={"accountIdentifiers", "dataSources", "fieldIndexNames", "logGroupTags"})
async def list_log_groups(
    ctx: Call[Logs],
    *,
    log_group_name_pattern: str | None = None,
    log_group_class: str | None = None,
    include_linked_accounts: bool = False,
    next_token: str | None = None,
    limit: int = PAGE_MAX,
) -> dict[str, Any]:
    _refuse_linked(include_linked_accounts)
    alternatives = (log_group_name_pattern or "").split("|")
    base, place = keys.groups(place_of(ctx)), place_of(ctx)
    after = keys.group(place, str(tokens.unseal("ListLogGroups", next_token)[0])) if next_token else None
    records = await ctx.state.store.scan(base, after=after, limit=SCANNED_MAX)
    found: list[LogGroup] = []
    for record in records:
        group = LogGroup.unpack(record.value)
        if _of_class(group, log_group_class) and any(_holds(group.name, text) for text in alternatives):
            found.append(group)
            if len(found) > limit:
                break
    output: dict[str, Any] = {
        "logGroups": [
            {
                "logGroupName": group.name,
                "logGroupArn": group.arn(ctx.partition, place),
                "logGroupClass": group.log_class,
            }
            for group in found[:limit]
        ]
    }
    if len(found) > limit:
        output["nextToken"] = tokens.seal("ListLogGroups", found[limit - 1].name)
    elif len(records) == SCANNED_MAX:
        output["nextToken"] = tokens.seal("ListLogGroups", LogGroup.unpack(records[-1].value).name)
    return output


def _holds(name: str, text: str) -> bool:
    """One alternative of ListLogGroups' pattern: a substring, or a prefix behind `^`."""
    return name.startswith(text[1:]) if text.startswith("^") else text in name
