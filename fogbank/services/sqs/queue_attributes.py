"""Attributes, permissions and purging of a queue: what changes its record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fogbank.core.arn import partition_of
from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.attributes import check_asked, shown, with_attributes
from fogbank.services.sqs.names import Place, arn_of, place_of_url
from fogbank.services.sqs.policies import with_permission, without_permission
from fogbank.services.sqs.queues import link_dead_letters
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import SERVICE, contended, no_queue, operation
from fogbank.services.sqs.state import Sqs
from fogbank.services.sqs.sweeping import sweep
from fogbank.services.sqs.tagging import checked_tags
from fogbank.store.api import Transaction

Wire = dict[str, Any]


@operation
async def get_queue_attributes(
    ctx: Call[Sqs], *, queue_url: str, attribute_names: list[str] | None = None
) -> Wire:
    state, names = ctx.state, attribute_names or []
    found = await state.directory.find(place_of_url(ctx, queue_url))
    check_asked(found.queue, names)
    if not names:
        return {}
    channel = await state.channels.of(found.queue.uid)
    await sweep(state.store, channel, found.queue, state.clock.now_ms())
    attributes = shown(found.queue, channel.counts(state.clock.now_ms()))
    if "All" not in names:
        attributes = {name: value for name, value in attributes.items() if name in names}
    return {"Attributes": attributes} if attributes else {}


@operation
async def set_queue_attributes(ctx: Call[Sqs], *, queue_url: str, attributes: dict[str, str]) -> Wire:
    if not attributes:
        raise SERVICE.error(
            "MissingRequiredParameterException", "The request must contain the parameter Attribute.Name."
        )

    async def change(queue: Queue, transaction: Transaction) -> Queue:
        after = with_attributes(queue, attributes, new=False)
        await link_dead_letters(ctx, transaction, queue, after, attributes.get("RedrivePolicy"))
        return replace(after, modified_ms=ctx.state.clock.now_ms())

    await _change(ctx, place_of_url(ctx, queue_url), change)
    return {}


@operation
async def add_permission(
    ctx: Call[Sqs], *, queue_url: str, label: str, aws_account_ids: list[str], actions: list[str]
) -> Wire:
    async def change(queue: Queue, transaction: Transaction) -> Queue:
        partition = partition_of(queue.region)
        policy = with_permission(queue.policy, arn_of(queue), partition, label, aws_account_ids, actions)
        return replace(queue, policy=policy, modified_ms=ctx.state.clock.now_ms())

    await _change(ctx, place_of_url(ctx, queue_url), change)
    return {}


@operation
async def remove_permission(ctx: Call[Sqs], *, queue_url: str, label: str) -> Wire:
    async def change(queue: Queue, transaction: Transaction) -> Queue:
        policy = without_permission(queue.policy, label)
        return replace(queue, policy=policy, modified_ms=ctx.state.clock.now_ms())

    await _change(ctx, place_of_url(ctx, queue_url), change)
    return {}


@operation
async def purge_queue(ctx: Call[Sqs], *, queue_url: str) -> Wire:
    """Delete every message that is there now."""
    now_ms = ctx.state.clock.now_ms()

    async def change(queue: Queue, transaction: Transaction) -> Queue:
        if now_ms - queue.purged_ms < limits.PURGE_MS:
            raise SERVICE.error(
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
            )
        for part in ("m", "b", "d", "f", "g", "o"):  # what was sent is still remembered for deduplication
            transaction.delete_prefix((*keys.content(queue.uid), part))
        return replace(queue, purged_ms=now_ms)

    queue = await _change(ctx, place_of_url(ctx, queue_url), change)
    (await ctx.state.channels.of(queue.uid)).emptied()
    return {}


@operation
async def tag_queue(ctx: Call[Sqs], *, queue_url: str, tags: dict[str, str]) -> Wire:
    async def change(queue: Queue, transaction: Transaction) -> Queue:
        return checked_tags(queue, tags)

    await _change(ctx, place_of_url(ctx, queue_url), change)
    return {}


@operation
async def untag_queue(ctx: Call[Sqs], *, queue_url: str, tag_keys: list[str]) -> Wire:
    async def change(queue: Queue, transaction: Transaction) -> Queue:
        return replace(queue, tags={key: value for key, value in queue.tags.items() if key not in tag_keys})

    await _change(ctx, place_of_url(ctx, queue_url), change)
    return {}


@operation
async def list_queue_tags(ctx: Call[Sqs], *, queue_url: str) -> Wire:
    found = await ctx.state.directory.find(place_of_url(ctx, queue_url))
    return {"Tags": found.queue.tags} if found.queue.tags else {}


async def _change(
    ctx: Call[Sqs], place: Place, change: Callable[[Queue, Transaction], Awaitable[Queue]]
) -> Queue:
    """Write what `change` makes of the queue, with what it adds to the transaction."""
    state = ctx.state
    for _ in range(limits.RETRIES_MAX):
        found = await state.directory.look(place)
        if found is None:
            raise no_queue()
        transaction = Transaction()
        after = await change(found.queue, transaction)
        transaction.put(found.key, after.encode(), expect=found.version)
        try:
            await state.store.commit(transaction)
        except Conflict:
            continue
        state.directory.clear()
        return after
    raise contended()
