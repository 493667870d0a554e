"""State machines: create, update, delete, describe, list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.asl.definition import parse, variable_references
from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys, settings
from fogbank.services.stepfunctions.errors import machine_exists, no_machine, validation
from fogbank.services.stepfunctions.limits import STATE_MACHINES_MAX
from fogbank.services.stepfunctions.names import MachineName, check_name, parse_machine_arn
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.records import Machine, Revision, Version, decode_machine, encode
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.tables import (
    Head,
    find_head,
    find_revision,
    find_version,
    head_of,
    put_machine,
    retried,
)
from fogbank.services.stepfunctions.validation import check_definition
from fogbank.services.stepfunctions.versions import published
from fogbank.store.api import ABSENT, Transaction

_LISTING = "machines"


@SERVICE.operation
async def create_state_machine(
    ctx: Call[StepFunctions],
    *,
    name: str,
    definition: str,
    role_arn: str,
    type: str = "STANDARD",
    logging_configuration: dict[str, Any] | None = None,
    tags: list[dict[str, str]] | None = None,
    tracing_configuration: dict[str, Any] | None = None,
    publish: bool = False,
    version_description: str | None = None,
    encryption_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Create it, or find that the same one is there already. Role and tags do not count as differences."""
    check_name(name)
    _check_description(publish, version_description)
    settings.check_role(role_arn)
    settings.check_encryption(encryption_configuration)
    machine_name = MachineName(ctx.account, ctx.region, name)
    await settings.check_trust(ctx, role_arn, machine_name.arn)
    now_ms = ctx.state.clock.now_ms()
    revision = Revision(
        "",
        now_ms,
        definition,
        role_arn,
        settings.logging_of(logging_configuration),
        settings.tracing_of(tracing_configuration),
    )
    machine = Machine(
        name,
        type,
        now_ms,
        revision=0,
        tags=settings.tags_of(tags, machine_name.machine_arn),
        create_options=(publish, version_description or ""),
    )
    check_definition(definition, express=machine.express, tasks=ctx.state.tasks)
    await check_log_group(ctx, revision.logging)

    async def attempt() -> dict[str, Any]:
        head = await find_head(ctx.state.store, machine_name)
        if head is not None:
            return await _same(ctx, head, machine, revision)
        await _check_room(ctx)
        tx = Transaction()
        made, version = (
            published(tx, machine_name, machine, now_ms, version_description) if publish else (machine, None)
        )
        tx.put(keys.machine(machine_name), encode(made), expect=ABSENT)
        tx.put(keys.revision(machine_name, 0), encode(revision))
        await ctx.state.store.commit(tx)
        return _created(machine_name, now_ms, version)

    answer = await retried(attempt)
    ctx.state.machines.forget()
    ctx.state.log.probe(ctx.account, ctx.region, revision.logging)
    return answer


async def _same(ctx: Call[StepFunctions], head: Head, machine: Machine, revision: Revision) -> dict[str, Any]:
    """The answer when the machine is there as it is asked for; StateMachineAlreadyExists when it differs."""
    there = head.machine
    current = await find_revision(ctx.state.store, head.name, there.revision)
    same = current is not None and (
        (there.type, there.create_options, current.definition, current.logging, current.tracing)
        == (machine.type, machine.create_options, revision.definition, revision.logging, revision.tracing)
    )
    if not same:
        raise machine_exists(head.name.machine_arn)
    version = there.revision_version or None
    return _created(head.name, there.created_ms, version if machine.create_options[0] else None)


def _created(name: MachineName, created_ms: int, version: int | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"stateMachineArn": name.machine_arn, "creationDate": created_ms}
    return answer | ({"stateMachineVersionArn": name.qualified(version).arn} if version else {})


async def _check_room(ctx: Call[StepFunctions]) -> None:
    """StateMachineLimitExceeded; counted roughly once for each creation, no further than the limit."""
    base = keys.machines(ctx.account, ctx.region)
    if await ctx.state.store.count(base, limit=STATE_MACHINES_MAX) >= STATE_MACHINES_MAX:
        raise SERVICE.error(
            "StateMachineLimitExceeded", f"The limit of {STATE_MACHINES_MAX} state machines is reached."
        )


def _check_description(publish: bool, description: str | None) -> None:
    if description is not None and not publish:
        raise validation("Version description can only be set when publish is true")


@SERVICE.operation
async def update_state_machine(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    definition: str | None = None,
    role_arn: str | None = None,
    logging_configuration: dict[str, Any] | None = None,
    tracing_configuration: dict[str, Any] | None = None,
    publish: bool = False,
    version_description: str | None = None,
    encryption_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make a new revision of it, unless nothing differs. Executions that run keep the one they began with."""
    name = unlabelled(state_machine_arn)
    given = (definition, role_arn, logging_configuration, tracing_configuration, encryption_configuration)
    if all(each is None for each in given):
        raise SERVICE.error(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        )
    _check_description(publish, version_description)
    if role_arn is not None:
        settings.check_role(role_arn)
        await settings.check_trust(ctx, role_arn, name.arn)
    settings.check_encryption(encryption_configuration)
    logging = None if logging_configuration is None else settings.logging_of(logging_configuration)
    tracing = None if tracing_configuration is None else settings.tracing_of(tracing_configuration)
    await check_log_group(ctx, logging)

    async def attempt() -> dict[str, Any]:
        if name.qualifier is not None:
            raise no_machine(name.arn)
        head = await head_of(ctx.state.store, name)
        before = await find_revision(ctx.state.store, name, head.machine.revision)
        if before is None:  # deleted between the two reads
            raise no_machine(name.arn)
        if definition is not None and definition != before.definition:
            check_definition(definition, express=head.machine.express, tasks=ctx.state.tasks)
        now_ms = ctx.state.clock.now_ms()
        wanted = replace(
            before,
            definition=before.definition if definition is None else definition,
            role_arn=before.role_arn if role_arn is None else role_arn,
            logging=before.logging if logging is None else logging,
            tracing=before.tracing if tracing is None else tracing,
        )
        tx = Transaction()
        machine = head.machine
        if wanted != before:
            wanted = replace(wanted, id=ctx.state.ids.uuid(), updated_ms=now_ms)
            machine = _revised(tx, name, machine, wanted)
        version: int | None = None
        if publish:
            machine, version = published(tx, name, machine, now_ms, version_description)
        await ctx.state.store.commit(put_machine(tx, head, machine))
        answer: dict[str, Any] = {"updateDate": now_ms}
        if wanted.id:
            answer["revisionId"] = wanted.id
        if version is not None:
            answer["stateMachineVersionArn"] = name.qualified(version).arn
        return answer

    answer = await retried(attempt)
    ctx.state.machines.forget()
    if logging is not None:
        ctx.state.log.probe(ctx.account, ctx.region, logging)
    return answer


async def check_log_group(ctx: Call[StepFunctions], logging: dict[str, Any] | None) -> None:
    """InvalidLoggingConfiguration for a log group that is not there, or not to be seen by the caller."""
    group = settings.log_group_of(logging)
    if group is None:
        return
    found = await ctx.calls.call(
        "logs", "DescribeLogGroups", {"logGroupNamePrefix": group, "limit": 1}, ctx.caller
    )
    if not any(each["logGroupName"] == group for each in found["logGroups"]):
        raise settings.invalid_logging("Log Destination not found.")


def _revised(tx: Transaction, name: MachineName, machine: Machine, revision: Revision) -> Machine:
    """Write the revision behind the current one, which goes unless a version has published it."""
    if not machine.revision_version:
        tx.delete(keys.revision(name, machine.revision))
    tx.put(keys.revision(name, machine.revision + 1), encode(revision))
    return replace(machine, revision=machine.revision + 1, revision_version=0)


@SERVICE.operation
async def delete_state_machine(ctx: Call[StepFunctions], *, state_machine_arn: str) -> dict[str, Any]:
    """Delete it with its versions and aliases. One that is not there is deleted already; executions keep their own copy."""
    name = unlabelled(state_machine_arn)
    if (
        name.qualifier is not None
    ):  # the sentence is a guess: AWS says only that versions have an operation of their own
        raise validation("The ARN must not name a version or an alias")
    await ctx.state.store.commit(
        Transaction()
        .delete(keys.machine(name))
        .delete_prefix(keys.revisions(name))
        .delete_prefix(keys.versions(name))
        .delete_prefix(keys.aliases(name))
    )
    ctx.state.machines.forget()
    return {}


@SERVICE.operation
async def describe_state_machine(
    ctx: Call[StepFunctions], *, state_machine_arn: str, included_data: str = "ALL_DATA"
) -> dict[str, Any]:
    """A state machine as it is now, or as one of its versions holds it."""
    name = unlabelled(state_machine_arn)
    store = ctx.state.store
    head = await head_of(store, name)
    version: Version | None = None
    number = head.machine.revision
    if name.qualifier is not None:
        version = None if name.version is None else await find_version(store, name, name.version)
        if version is None:
            raise no_machine(name.arn)
        number = version.revision
    revision = await find_revision(store, name, number)
    if revision is None:  # changed or deleted between the reads
        raise no_machine(name.arn)
    answer: dict[str, Any] = {
        "stateMachineArn": name.arn,
        "name": name.name,
        "status": "ACTIVE",
        "type": head.machine.type,
        "creationDate": version.created_ms if version else head.machine.created_ms,
        **described(revision, included_data),
    }
    if version is not None and version.description is not None:
        answer["description"] = version.description
    return answer


def described(revision: Revision, included_data: str) -> dict[str, Any]:
    """The members that DescribeStateMachine takes out of a revision."""
    metadata_only = included_data == "METADATA_ONLY"
    answer: dict[str, Any] = {
        "definition": "{}" if metadata_only else revision.definition,
        "roleArn": revision.role_arn,
        "loggingConfiguration": revision.logging,
        "tracingConfiguration": {"enabled": revision.tracing},
        "encryptionConfiguration": settings.OWNED_KEY,
    }
    if revision.id:
        answer["revisionId"] = revision.id
    if not metadata_only and (references := variable_references(parse(revision.definition))):
        answer["variableReferences"] = references
    return answer


@SERVICE.operation
async def list_state_machines(
    ctx: Call[StepFunctions], *, max_results: int | None = None, next_token: str | None = None
) -> dict[str, Any]:
    """State machines by name."""
    base, limit = keys.machines(ctx.account, ctx.region), page_size(max_results)
    position = decode_token(_LISTING, next_token)
    after = None if position is None else (*base, position)
    records = await ctx.state.store.scan(base, after=after, limit=limit + 1)
    machines = [decode_machine(record.value) for record in records[:limit]]
    answer: dict[str, Any] = {
        "stateMachines": [
            {
                "stateMachineArn": MachineName(ctx.account, ctx.region, machine.name).machine_arn,
                "name": machine.name,
                "type": machine.type,
                "creationDate": machine.created_ms,
            }
            for machine in machines
        ]
    }
    if len(records) > limit:
        answer["nextToken"] = encode_token(_LISTING, machines[-1].name)
    return answer


def unlabelled(state_machine_arn: str) -> MachineName:
    """A state machine's ARN that names no Distributed Map; ValidationException (the sentence is a guess)."""
    name = parse_machine_arn(state_machine_arn)
    if name.label is not None:
        raise validation(
            f"This API does not support labeled ARNs: '{state_machine_arn}'",
            "API_DOES_NOT_SUPPORT_LABELED_ARNS",
        )
    return name
