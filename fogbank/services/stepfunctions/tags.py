"""Tags of state machines and activities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.errors import no_resource
from fogbank.services.stepfunctions.names import (
    parse_activity_arn,
    parse_machine_arn,
    parse_states_arn,
    wrong_type,
)
from fogbank.services.stepfunctions.records import decode_activity, decode_machine, encode
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.settings import tags_of
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.tables import retried
from fogbank.store.api import Key, Transaction

Tags = dict[str, str]


@SERVICE.operation
async def tag_resource(
    ctx: Call[StepFunctions], *, resource_arn: str, tags: list[dict[str, str]]
) -> dict[str, Any]:
    """Set tags; those with other keys stay."""
    await _change(ctx, resource_arn, lambda before: tags_of(tags, resource_arn, before))
    return {}


@SERVICE.operation
async def untag_resource(
    ctx: Call[StepFunctions], *, resource_arn: str, tag_keys: list[str]
) -> dict[str, Any]:
    """Remove tags; keys that are not there are no error."""
    gone = frozenset(tag_keys)
    await _change(ctx, resource_arn, lambda before: {k: v for k, v in before.items() if k not in gone})
    return {}


@SERVICE.operation
async def list_tags_for_resource(ctx: Call[StepFunctions], *, resource_arn: str) -> dict[str, Any]:
    """All tags of a state machine or activity."""
    tags, _ = await _read(ctx, resource_arn)
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


async def _change(ctx: Call[StepFunctions], arn: str, change: Callable[[Tags], Tags]) -> None:
    async def attempt() -> None:
        before, write = await _read(ctx, arn)
        await ctx.state.store.commit(write(change(before)))

    await retried(attempt)


async def _read(ctx: Call[StepFunctions], arn: str) -> tuple[Tags, Callable[[Tags], Transaction]]:
    """A resource's tags, and how to write them if it is unchanged. ResourceNotFound, also for versions and aliases."""
    key, decode = _place(arn)
    record = None if key is None else await ctx.state.store.get(key)
    if key is None or record is None:
        raise no_resource(arn)
    resource = decode(record.value)

    def write(tags: Tags) -> Transaction:
        return Transaction().put(key, encode(replace(resource, tags=tags)), expect=record.version)

    return resource.tags, write


def _place(arn: str) -> tuple[Key | None, Callable[[bytes], Any]]:
    """Where the resource of an ARN lies and how it is read; no key for what has no tags. Raises InvalidArn."""
    kind = parse_states_arn(arn).resource.partition(":")[0]
    if kind == "activity":
        activity = parse_activity_arn(arn)
        return keys.activity(activity.account, activity.region, activity.resource), decode_activity
    if kind == "stateMachine":
        name = parse_machine_arn(arn)
        bare = name.qualifier is None and name.label is None
        return keys.machine(name) if bare else None, decode_machine
    raise wrong_type(kind)
