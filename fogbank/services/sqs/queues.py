"""Queues themselves: made, found, listed, deleted."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.model.page_tokens import ForeignToken, seal, unseal
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.attributes import allows_source, with_attributes
from fogbank.services.sqs.checks import number_between
from fogbank.services.sqs.names import arn_of, check_name, may_reach, place_of_arn, place_of_url, url_of
from fogbank.services.sqs.records import Queue, decode_queue
from fogbank.services.sqs.service import SERVICE, bad_parameter, contended, invalid_value, no_queue, operation
from fogbank.services.sqs.state import Sqs
from fogbank.services.sqs.tagging import checked_tags
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]


@operation
async def create_queue(
    ctx: Call[Sqs],
    *,
    queue_name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> Wire:
    """Make a queue; one that is there with the same attributes is answered again."""
    state, attributes = ctx.state, attributes or {}
    fifo = queue_name.endswith(".fifo") or attributes.get("FifoQueue") == "true"
    if queue_name.endswith(".fifo") and attributes.get("FifoQueue") != "true":
        check_name(queue_name, fifo=False)  # refuses the dot
    check_name(queue_name, fifo=fifo)
    for _ in range(limits.RETRIES_MAX):
        now_ms = state.clock.now_ms()
        key = keys.queue(ctx.account, ctx.region, queue_name)
        blank = Queue(ctx.account, ctx.region, queue_name, state.ids.hex(16), now_ms, now_ms, fifo=fifo)
        queue = with_attributes(blank, attributes, new=True)
        record = await state.store.get(key)
        if record is not None:
            _check_same(decode_queue(record.value), queue, attributes, tags)
            break
        await _check_rested(ctx, queue_name, now_ms)
        queue = checked_tags(queue, tags or {})
        transaction = Transaction().put(key, queue.encode(), expect=ABSENT)
        await link_dead_letters(ctx, transaction, None, queue, attributes.get("RedrivePolicy"))
        transaction.delete(keys.deleted(ctx.account, ctx.region, queue_name))
        try:
            await state.store.commit(transaction)
        except Conflict:
            continue
        break
    else:
        raise contended()
    state.directory.clear()
    return {"QueueUrl": url_of(ctx.caller, ctx.account, queue_name)}


def _check_same(there: Queue, asked: Queue, attributes: dict[str, str], tags: dict[str, str] | None) -> None:
    """A queue that is there may be asked for again with the attributes and tags that it has."""
    if tags and tags != there.tags:  # AWS refuses it; the wording is a guess
        raise SERVICE.error("QueueNameExists", "A queue already exists with the same name and different tags")
    attributes = {
        name: value for name, value in attributes.items() if name != "FifoQueue"
    }  # the name says it
    again = with_attributes(there, attributes, new=False)
    if again == there and there.fifo == asked.fifo:
        return
    for name, value in attributes.items():
        if with_attributes(there, {name: value}, new=False) != there:
            raise SERVICE.error(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {name}",
            )


async def _check_rested(ctx: Call[Sqs], name: str, now_ms: int) -> None:
    record = await ctx.state.store.get(keys.deleted(ctx.account, ctx.region, name))
    if record is not None and now_ms - int(record.value) < limits.DELETED_MS:
        raise SERVICE.error(
            "QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )


async def link_dead_letters(
    ctx: Call[Sqs],
    transaction: Transaction,
    before: Queue | None,
    after: Queue | None,
    policy: str | None = None,
) -> None:
    """Note with the transaction which queue is whose source. `policy`: the RedrivePolicy that is being set, as it was given;
    InvalidParameterValue when its target does not take dead letters of this queue."""
    old = before.dead_letter_arn if before is not None else None
    new = after.dead_letter_arn if after is not None else None
    if old != new and before is not None and old is not None and (place := place_of_arn(old)) is not None:
        transaction.delete(keys.source(*place, before.name))
    if after is None or new is None or not policy:
        return
    place = place_of_arn(new)
    assert place is not None  # with_attributes has checked it
    target = await ctx.state.directory.look(place)
    if target is None:
        raise bad_parameter("RedrivePolicy", policy[:1024], "Dead letter target does not exist.")
    if not allows_source(target.queue, arn_of(after)):  # the wording is a guess
        reason = "The dead letter target's redrive allow policy does not allow it."
        raise bad_parameter("RedrivePolicy", policy[:1024], reason)
    transaction.put(keys.source(*place, after.name), b"")


@operation
async def get_queue_url(
    ctx: Call[Sqs], *, queue_name: str, queue_owner_aws_account_id: str | None = None
) -> Wire:
    account = queue_owner_aws_account_id or ctx.account
    if not may_reach(ctx, account):
        raise no_queue()
    await ctx.state.directory.find((account, ctx.region, queue_name))
    return {"QueueUrl": url_of(ctx.caller, account, queue_name)}


@operation
async def list_queues(
    ctx: Call[Sqs],
    *,
    queue_name_prefix: str | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> Wire:
    prefix = queue_name_prefix or ""
    here = keys.queues(ctx.account, ctx.region)
    after = _position(ctx, "ListQueues", next_token, max_results)
    if prefix and (after is None or after < prefix):
        # The key right before the first name that begins so: names end where their prefix does.
        first = await ctx.state.store.get((*here, prefix))
        names, more = await _page(ctx, here, prefix, max_results, after=prefix)
        if first is not None:
            names, more = _with_first(prefix, names, more, max_results)
    else:
        names, more = await _page(ctx, here, prefix, max_results, after=after)
    return _listing(ctx, "ListQueues", "QueueUrls", names, more)


def _with_first(first: str, names: list[str], more: bool, max_results: int | None) -> tuple[list[str], bool]:
    limit = max_results or limits.PAGE_MAX
    names = [first, *names]
    return names[:limit], more or len(names) > limit


async def _page(
    ctx: Call[Sqs], here: Key, prefix: str, max_results: int | None, *, after: str | None
) -> tuple[list[str], bool]:
    """A page of names that begin with `prefix`, and whether there are more."""
    limit = max_results or limits.PAGE_MAX
    before = (*here, prefix + "\U0010ffff") if prefix else None
    records = await ctx.state.store.scan(
        here, after=None if after is None else (*here, after), before=before, limit=limit + 1
    )
    names = [str(record.key[-1]) for record in records]
    return names[:limit], len(names) > limit and max_results is not None


@operation
async def list_dead_letter_source_queues(
    ctx: Call[Sqs], *, queue_url: str, next_token: str | None = None, max_results: int | None = None
) -> Wire:
    place = place_of_url(ctx, queue_url)
    await ctx.state.directory.find(place)
    after = _position(ctx, "ListDeadLetterSourceQueues", next_token, max_results)
    names, more = await _page(ctx, keys.sources(*place), "", max_results, after=after)
    answer = _listing(ctx, "ListDeadLetterSourceQueues", "queueUrls", names, more)
    return {"queueUrls": []} | answer


def _position(ctx: Call[Sqs], kind: str, token: str | None, max_results: int | None) -> str | None:
    if max_results is not None:
        number_between(
            "MaxResults", max_results, 1, limits.PAGE_MAX, "MaxResults must be between 1 and 1000."
        )
    if not token:
        return None
    try:
        return str(unseal(f"sqs {kind} {ctx.account}", token))
    except ForeignToken:
        raise invalid_value("Invalid or expired next token.") from None


def _listing(ctx: Call[Sqs], kind: str, member: str, names: list[str], more: bool) -> Wire:
    answer: Wire = {member: [url_of(ctx.caller, ctx.account, name) for name in names]} if names else {}
    if more:
        answer["NextToken"] = seal(f"sqs {kind} {ctx.account}", names[-1])
    return answer


@operation
async def delete_queue(ctx: Call[Sqs], *, queue_url: str) -> Wire:
    state, place = ctx.state, place_of_url(ctx, queue_url)
    for _ in range(limits.RETRIES_MAX):
        found = await state.directory.look(place)
        if found is None:
            raise no_queue()
        queue = found.queue
        transaction = Transaction().delete(found.key, expect=found.version)
        transaction.delete_prefix(keys.content(queue.uid))
        transaction.put(keys.deleted(*place), str(state.clock.now_ms()).encode())
        await link_dead_letters(ctx, transaction, queue, None)
        try:
            await state.store.commit(transaction)
        except Conflict:
            continue
        state.directory.clear()
        state.channels.forget(queue.uid)
        return {}
    raise contended()
