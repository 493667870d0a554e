"""Lists of executions: one small record for each, under its status, ordered by when it started."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import orjson

from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import MachineSource
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.store.api import Record, Store, Transaction


@dataclass(frozen=True, slots=True)
class Listed:
    """An execution as ListExecutions tells of it. `machine` is `name/label` for the children of a map run."""

    machine: str
    name: str
    status: Status
    start_ms: int
    stop_ms: int | None
    version_arn: str | None
    alias_arn: str | None
    redrives: int
    redrive_ms: int | None
    item_count: int | None


Position = tuple[int, str]
"""Start and name of the last one of a page."""


def owners(ref: Ref, head: Head, source: MachineSource) -> list[str]:
    """The lists that an execution is in: its map run's; or its machine's, and those of the version and alias used."""
    if head.map_run is not None:
        return [head.map_run]
    found = [ref.machine]
    for arn in (source.version_arn, source.alias_arn):
        if arn is not None:
            found.append(f"{ref.machine}:{arn.rpartition(':')[2]}")
    return found


def put_listed(transaction: Transaction, ref: Ref, head: Head, source: MachineSource) -> None:
    value = orjson.dumps(
        [
            ref.machine,
            head.stop_ms,
            source.version_arn,
            source.alias_arn,
            head.redrives,
            head.redrive_ms,
            head.item_count,
        ]
    )
    for owner in owners(ref, head, source):
        transaction.put(keys.listed(ref, owner, head.status, head.start_ms), value)


def delete_listed(transaction: Transaction, ref: Ref, head: Head, source: MachineSource) -> None:
    for owner in owners(ref, head, source):
        transaction.delete(keys.listed(ref, owner, head.status, head.start_ms))


async def list_executions(
    store: Store,
    account: str,
    region: str,
    owner: str,
    statuses: list[Status],
    *,
    after: Position | None,
    limit: int,
) -> list[Listed]:
    """The newest first, older than `after`. Each status is a range of its own; their newest are merged."""
    pages = []
    for status in statuses:
        prefix = keys.listing(account, region, owner, status)
        before = None if after is None else (*prefix, *after)
        pages.append(await store.scan(prefix, before=before, limit=limit, reverse=True))
    merged = heapq.merge(*pages, key=lambda record: record.key[3:], reverse=True)
    return [_decode(record) for record, _ in zip(merged, range(limit), strict=False)]


def _decode(record: Record) -> Listed:
    status, start_ms, name = record.key[2:]
    machine, stop_ms, version_arn, alias_arn, redrives, redrive_ms, item_count = orjson.loads(record.value)
    return Listed(
        machine,
        str(name),
        Status(status),
        int(start_ms),
        stop_ms,
        version_arn,
        alias_arn,
        redrives,
        redrive_ms,
        item_count,
    )
