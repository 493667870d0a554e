"""Destinations: names under which an account offers a stream to other accounts' subscription filters.

They are kept, shown and tagged. Subscribing to one is refused by name (`subscription_filters.py`), since streams in Kinesis and
Firehose are not there; so nothing that a destination promises is accepted and then not done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, Conflict
from fogbank.core.limits import LOG_TAGS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import keys, tokens
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.limits import DESTINATION_POLICY_BYTES_MAX, DESTINATIONS_MAX
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.service import SERVICE, aborted, invalid
from fogbank.services.logs.state import Logs
from fogbank.store.api import ABSENT, Transaction

_LISTING = "Destinations"
_PAGE_MAX = 50
_ATTEMPTS_MAX = 10
_STREAMS = ("kinesis", "firehose")


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination; its policy is kept as it was sent."""

    name: str
    arn: str
    target_arn: str
    role_arn: str
    created_ms: int
    policy: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> Destination:
        return cls(**orjson.loads(value))

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "destinationName": self.name,
            "targetArn": self.target_arn,
            "roleArn": self.role_arn,
            "arn": self.arn,
            "creationTime": self.created_ms,
        }
        if self.policy is not None:
            shown["accessPolicy"] = self.policy
        return shown


@SERVICE.operation
async def put_destination(
    ctx: Call[Logs],
    *,
    destination_name: str,
    target_arn: str,
    role_arn: str,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Make one, or give it another stream and role. Tags of one that is there are added to."""
    target, role = parse_arn(target_arn), parse_arn(role_arn)
    if target is None or target.service not in _STREAMS:
        raise invalid("Invalid target ARN: it must name a stream of Kinesis or Firehose")  # ours
    if role is None or role.service != "iam" or not role.resource.startswith("role/"):
        raise invalid("Invalid role ARN")  # ours
    arn = ctx.arn("logs", f"destination:{destination_name}")

    def change(old: Destination | None) -> Destination:
        base = old or Destination(destination_name, arn, target_arn, role_arn, ctx.state.clock.now_ms())
        merged = _within_limit(base.tags | (tags or {}), destination_name)
        return replace(base, target_arn=target_arn, role_arn=role_arn, tags=merged)

    return {"destination": (await _change(ctx, destination_name, change)).shown()}


@SERVICE.operation(refuses={"forceUpdate"})
async def put_destination_policy(ctx: Call[Logs], *, destination_name: str, access_policy: str) -> None:
    """Say who may subscribe to it."""
    if len(access_policy.encode()) > DESTINATION_POLICY_BYTES_MAX:
        raise invalid("The access policy is too long.")
    try:
        document = orjson.loads(access_policy)
    except orjson.JSONDecodeError:
        raise invalid("The access policy is not valid JSON.") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise invalid("The access policy must have a Statement.")
    await _change(ctx, destination_name, lambda old: replace(_there(old), policy=access_policy))


@SERVICE.operation
async def delete_destination(ctx: Call[Logs], *, destination_name: str) -> None:
    key = keys.destination(place_of(ctx), destination_name)
    if await ctx.state.store.get(key) is None:
        raise _missing()
    await ctx.state.store.commit(Transaction().delete(key))


@SERVICE.operation
async def describe_destinations(
    ctx: Call[Logs],
    *,
    destination_name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int = _PAGE_MAX,
) -> dict[str, Any]:
    after = str(tokens.unseal(_LISTING, next_token)[0]) if next_token is not None else None
    base = keys.destinations(place_of(ctx))
    records = await page_of_names(
        ctx.state.store, base, prefix=destination_name_prefix or "", after=after, limit=limit + 1
    )
    found = [Destination.unpack(record.value) for record in records]
    answer: dict[str, Any] = {"destinations": [each.shown() for each in found[:limit]]}
    if len(found) > limit:
        answer["nextToken"] = tokens.seal(_LISTING, found[limit - 1].name)
    return answer


async def tags_of_destination(ctx: Call[Logs], name: str) -> dict[str, str]:
    record = await ctx.state.store.get(keys.destination(place_of(ctx), name))
    return _there(None if record is None else Destination.unpack(record.value)).tags


async def tag_destination(
    ctx: Call[Logs], name: str, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    """Change the tags of one that is there."""
    await _change(
        ctx, name, lambda old: replace(_there(old), tags=_within_limit(change(_there(old).tags), name))
    )


async def _change(
    ctx: Call[Logs], name: str, change: Callable[[Destination | None], Destination]
) -> Destination:
    store, place = ctx.state.store, place_of(ctx)
    key = keys.destination(place, name)
    for _ in range(_ATTEMPTS_MAX):
        record = await store.get(key)
        after = change(None if record is None else Destination.unpack(record.value))
        if record is None and await store.count(keys.destinations(place), limit=DESTINATIONS_MAX) >= (
            DESTINATIONS_MAX
        ):
            raise invalid("Resource limit exceeded.")  # PutDestination knows no LimitExceededException
        expect = ABSENT if record is None else record.version
        try:
            await store.commit(Transaction().put(key, after.pack(), expect=expect))
        except Conflict:
            continue
        return after
    raise aborted()


def _there(destination: Destination | None) -> Destination:
    if destination is None:
        raise _missing()
    return destination


def _within_limit(tags: dict[str, str], name: str) -> dict[str, str]:
    if len(tags) > LOG_TAGS_MAX:
        message = f"The number of tags exceeds the limit of {LOG_TAGS_MAX}."
        raise SERVICE.error("TooManyTagsException", message, resourceName=name)
    return tags


def _missing() -> AwsError:
    return SERVICE.error("ResourceNotFoundException", "The specified destination does not exist.")
