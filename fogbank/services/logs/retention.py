"""PutRetentionPolicy and DeleteRetentionPolicy. What acts on them is in `retaining.py`."""

from __future__ import annotations

from dataclasses import replace

from fogbank.model.call import Call
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.retaining import enqueue
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs
from fogbank.services.logs.updates import update_group
from fogbank.store.api import Transaction

#: The retention periods AWS knows, in days.
PERIODS_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


@SERVICE.operation
async def put_retention_policy(ctx: Call[Logs], *, log_group_name: str, retention_in_days: int) -> None:
    if retention_in_days not in PERIODS_DAYS:
        periods = ", ".join(map(str, PERIODS_DAYS))
        raise invalid(
            f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{periods}]"
        )

    def change(group: LogGroup) -> LogGroup:
        return replace(group, retention_days=retention_in_days)

    def watch_over(tx: Transaction, group: LogGroup) -> None:
        enqueue(tx, place_of(ctx), group, ctx.state.clock.now_ms())

    await update_group(ctx, log_group_name, change, watch_over)


@SERVICE.operation
async def delete_retention_policy(ctx: Call[Logs], *, log_group_name: str) -> None:
    def change(group: LogGroup) -> LogGroup:
        return replace(group, retention_days=None)

    await update_group(ctx, log_group_name, change)
