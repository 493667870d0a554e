"""Read, change, commit a log group: what every operation that changes a group's settings does."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.logs import keys
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.lookup import group_of
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import aborted
from fogbank.services.logs.state import Logs
from fogbank.store.api import Transaction

ATTEMPTS_MAX = 10

#: Adds further operations to the transaction, given the group as it will be.
Extend = Callable[[Transaction, LogGroup], None]


async def update_group(
    ctx: Call[Logs], name: str, change: Callable[[LogGroup], LogGroup], extend: Extend | None = None
) -> LogGroup:
    """The changed group. `change` may raise AwsError; ResourceNotFoundException when there is no such group."""
    place, state = place_of(ctx), ctx.state
    for _ in range(ATTEMPTS_MAX):
        found = await group_of(ctx, name)
        changed = change(found.record)
        tx = Transaction().put(keys.group(place, name), changed.pack(), expect=found.version)
        if extend is not None:
            extend(tx, changed)
        try:
            await state.store.commit(tx)
        except Conflict:
            continue
        state.directory.forget(place, name)
        return changed
    raise aborted()
