"""Versions: numbered, immutable snapshots of a state machine's revisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.errors import conflict, no_machine, quota_exceeded, validation
from fogbank.services.stepfunctions.limits import ALIASES_MAX, VERSIONS_MAX
from fogbank.services.stepfunctions.names import MachineName, parse_machine_arn
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.records import Machine, Version, decode_alias, decode_version, encode
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.tables import (
    find_head,
    find_revision,
    find_version,
    head_of,
    put_machine,
    retried,
)
from fogbank.store.api import Transaction

_LISTING = "versions"
INITIAL = "INITIAL"


def published(
    tx: Transaction, name: MachineName, machine: Machine, now_ms: int, description: str | None
) -> tuple[Machine, int]:
    """The head and the number of the version that holds its current revision: the one that does already, or a new one."""
    if machine.revision_version:
        return machine, machine.revision_version
    if machine.versions >= VERSIONS_MAX:  # the sentence is a guess
        raise quota_exceeded(f"The limit of {VERSIONS_MAX} versions for a state machine is reached.")
    number = machine.published + 1
    tx.put(keys.version(name, number), encode(Version(number, machine.revision, now_ms, description)))
    return replace(machine, published=number, revision_version=number, versions=machine.versions + 1), number


@SERVICE.operation
async def publish_state_machine_version(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    revision_id: str | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Publish the current revision, if it is the one that is meant."""
    name = parse_machine_arn(state_machine_arn)
    if name.label is not None or name.qualifier is not None:
        raise no_machine(name.arn)

    async def attempt() -> dict[str, Any]:
        head = await head_of(ctx.state.store, name)
        if revision_id is not None:
            current = await find_revision(ctx.state.store, name, head.machine.revision)
            current_id = (current.id if current else "") or INITIAL
            if revision_id != current_id:
                raise conflict(
                    f"Failed to publish the State Machine version for revision {revision_id}. "
                    f"The current State Machine revision is {current_id}."
                )
        tx = Transaction()
        now_ms = ctx.state.clock.now_ms()
        machine, number = published(tx, name, head.machine, now_ms, description)
        created_ms = now_ms
        if head.machine.revision_version:  # it is published already
            version = await find_version(ctx.state.store, name, number)
            created_ms = version.created_ms if version else now_ms
        else:
            await ctx.state.store.commit(put_machine(tx, head, machine))
        return {"creationDate": created_ms, "stateMachineVersionArn": name.qualified(number).arn}

    return await retried(attempt)


@SERVICE.operation
async def delete_state_machine_version(
    ctx: Call[StepFunctions], *, state_machine_version_arn: str
) -> dict[str, Any]:
    """Delete a version that no alias uses. One that is not there is deleted already; numbers are never reused."""
    name = parse_machine_arn(state_machine_version_arn)
    number = name.version
    if number is None:  # the sentence is a guess
        raise validation(f"The ARN must name a state machine version: '{state_machine_version_arn}'")

    async def attempt() -> None:
        head = await find_head(ctx.state.store, name)
        version = await find_version(ctx.state.store, name, number)
        if head is None or version is None:
            return
        aliases = await ctx.state.store.scan(keys.aliases(name), limit=ALIASES_MAX)
        users = [
            alias.name
            for alias in (decode_alias(record.value) for record in aliases)
            if any(number == routed for routed, _ in alias.routes)
        ]
        if users:
            raise conflict(
                "Version to be deleted must not be referenced by an alias. "
                f"Current list of aliases referencing this version: [{', '.join(users)}]"
            )
        tx = Transaction().delete(keys.version(name, number))
        machine = replace(head.machine, versions=head.machine.versions - 1)
        if machine.revision_version == number:
            machine = replace(machine, revision_version=0)
        if version.revision != machine.revision:
            tx.delete(keys.revision(name, version.revision))
        await ctx.state.store.commit(put_machine(tx, head, machine))

    await retried(attempt)
    ctx.state.machines.forget()
    return {}


@SERVICE.operation
async def list_state_machine_versions(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """The versions of a state machine, the newest first. A machine that is not there has none."""
    name, limit = parse_machine_arn(state_machine_arn), page_size(max_results)
    position = decode_token(_LISTING, next_token)
    before = None if position is None else keys.version(name, position)
    records = await ctx.state.store.scan(keys.versions(name), before=before, limit=limit + 1, reverse=True)
    versions = [decode_version(record.value) for record in records[:limit]]
    answer: dict[str, Any] = {
        "stateMachineVersions": [
            {"stateMachineVersionArn": name.qualified(version.number).arn, "creationDate": version.created_ms}
            for version in versions
        ]
    }
    if len(records) > limit:
        answer["nextToken"] = encode_token(_LISTING, versions[-1].number)
    return answer
