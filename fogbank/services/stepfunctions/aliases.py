"""Aliases: names for versions of a state machine, that share executions between two of them where asked."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.errors import (
    conflict,
    invalid_arn,
    no_reference,
    quota_exceeded,
    validation,
)
from fogbank.services.stepfunctions.limits import ALIASES_MAX
from fogbank.services.stepfunctions.names import MachineName, parse_machine_arn
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.records import Alias, decode_alias, encode
from fogbank.services.stepfunctions.service import SERVICE, check_owner
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.tables import (
    find_alias,
    find_version,
    head_of,
    put_machine,
    retried,
)
from fogbank.store.api import ABSENT, Transaction

_LISTING = "aliases"
Routes = tuple[tuple[int, int], ...]


@SERVICE.operation
async def create_state_machine_alias(
    ctx: Call[StepFunctions],
    *,
    name: str,
    routing_configuration: list[dict[str, Any]],
    description: str | None = None,
) -> dict[str, Any]:
    """Name one version, or two with the share of executions that each gets."""
    machine, routes = _routes(routing_configuration)
    check_owner(ctx, "create_state_machine_alias", machine.machine_arn)
    alias_name = machine.qualified(name)

    async def attempt() -> dict[str, Any]:
        store = ctx.state.store
        head = await head_of(store, machine)
        await _check_versions(ctx, machine, routes)
        there = await find_alias(store, machine, name)
        if there is not None:
            if (there[0].description, there[0].routes) != (description, routes):
                raise conflict(
                    "Failed to create alias because an alias with the same name and a different "
                    "routing configuration already exists."
                )
            return {"stateMachineAliasArn": alias_name.arn, "creationDate": there[0].created_ms}
        if head.machine.aliases >= ALIASES_MAX:  # the sentence is a guess
            raise quota_exceeded(f"The limit of {ALIASES_MAX} aliases for a state machine is reached.")
        now_ms = ctx.state.clock.now_ms()
        tx = put_machine(Transaction(), head, replace(head.machine, aliases=head.machine.aliases + 1))
        tx.put(
            keys.alias(machine, name), encode(Alias(name, description, routes, now_ms, now_ms)), expect=ABSENT
        )
        await store.commit(tx)
        return {"stateMachineAliasArn": alias_name.arn, "creationDate": now_ms}

    answer = await retried(attempt)
    ctx.state.machines.forget()
    return answer


@SERVICE.operation
async def describe_state_machine_alias(
    ctx: Call[StepFunctions], *, state_machine_alias_arn: str
) -> dict[str, Any]:
    """An alias with its routes."""
    name, alias_name = _alias_name(state_machine_alias_arn)
    found = await find_alias(ctx.state.store, name, alias_name)
    if found is None:
        raise no_reference(state_machine_alias_arn)
    alias = found[0]
    answer: dict[str, Any] = {
        "stateMachineAliasArn": name.arn,
        "name": alias.name,
        "routingConfiguration": [
            {"stateMachineVersionArn": name.qualified(version).arn, "weight": weight}
            for version, weight in alias.routes
        ],
        "creationDate": alias.created_ms,
        "updateDate": alias.updated_ms,
    }
    return answer | ({"description": alias.description} if alias.description is not None else {})


@SERVICE.operation
async def update_state_machine_alias(
    ctx: Call[StepFunctions],
    *,
    state_machine_alias_arn: str,
    description: str | None = None,
    routing_configuration: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Route it otherwise, or describe it otherwise. The next executions see it."""
    name, alias_name = _alias_name(state_machine_alias_arn)
    if description is None and routing_configuration is None:  # the sentence is a guess
        raise validation(
            "Either the description or the routing configuration must be specified",
            "MISSING_REQUIRED_PARAMETER",
        )
    routes: Routes | None = None
    if routing_configuration is not None:
        machine, routes = _routes(routing_configuration)
        if machine.machine_arn != name.machine_arn:
            raise _bad_routing(_DISTINCT_MACHINES)

    async def attempt() -> dict[str, Any]:
        found = await find_alias(ctx.state.store, name, alias_name)
        if found is None:
            raise no_reference(state_machine_alias_arn)
        head = await head_of(ctx.state.store, name.bare())
        if routes is not None:
            await _check_versions(ctx, name, routes)
        alias, stored = found
        now_ms = ctx.state.clock.now_ms()
        changed = replace(
            alias,
            description=alias.description if description is None else description,
            routes=alias.routes if routes is None else routes,
            updated_ms=now_ms,
        )
        # The head is written, unchanged, so that a version cannot be deleted while an alias turns to it.
        tx = put_machine(Transaction(), head, head.machine)
        await ctx.state.store.commit(tx.put(keys.alias(name, alias_name), encode(changed), expect=stored))
        return {"updateDate": now_ms}

    answer = await retried(attempt)
    ctx.state.machines.forget()
    return answer


@SERVICE.operation
async def delete_state_machine_alias(
    ctx: Call[StepFunctions], *, state_machine_alias_arn: str
) -> dict[str, Any]:
    """Delete an alias; its versions stay."""
    name, alias_name = _alias_name(state_machine_alias_arn)

    async def attempt() -> None:
        found = await find_alias(ctx.state.store, name, alias_name)
        if found is None:
            return  # as with versions and machines, what is gone may be deleted again (guessed by their analogy)
        head = await head_of(ctx.state.store, name.bare())
        tx = put_machine(Transaction(), head, replace(head.machine, aliases=head.machine.aliases - 1))
        await ctx.state.store.commit(tx.delete(keys.alias(name, alias_name), expect=found[1]))

    await retried(attempt)
    ctx.state.machines.forget()
    return {}


@SERVICE.operation
async def list_state_machine_aliases(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """The aliases of a state machine, or of one of its versions, the newest first."""
    name, limit = parse_machine_arn(state_machine_arn), page_size(max_results)
    if name.label is not None or (name.qualifier is not None and name.version is None):
        raise invalid_arn(f"Invalid ARN: {state_machine_arn}")
    await head_of(ctx.state.store, name)
    position = decode_token(_LISTING, next_token)
    records = await ctx.state.store.scan(keys.aliases(name), limit=ALIASES_MAX)  # all of them
    aliases = [
        alias
        for alias in (decode_alias(record.value) for record in records)
        if name.version is None or any(name.version == version for version, _ in alias.routes)
    ]
    aliases.sort(key=_age)
    if position is not None:
        aliases = [alias for alias in aliases if _age(alias) > (position[0], position[1])]
    answer: dict[str, Any] = {
        "stateMachineAliases": [
            {"stateMachineAliasArn": name.qualified(alias.name).arn, "creationDate": alias.created_ms}
            for alias in aliases[:limit]
        ]
    }
    if len(aliases) > limit:
        answer["nextToken"] = encode_token(_LISTING, _age(aliases[limit - 1]))
    return answer


def _age(alias: Alias) -> tuple[int, str]:
    return -alias.created_ms, alias.name


_ALIAS = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}")
_DISTINCT_MACHINES = "Routing configuration must reference versions of the same state machine."


def _alias_name(arn: str) -> tuple[MachineName, str]:
    """The state machine and the alias that an ARN names. InvalidArn."""
    name = parse_machine_arn(arn)
    if name.label is not None or name.qualifier is None or not _ALIAS.fullmatch(name.qualifier):
        raise invalid_arn(f"Invalid ARN: {arn}")
    return name, name.qualifier


def _routes(routing: list[dict[str, Any]]) -> tuple[MachineName, Routes]:
    """The state machine that all routes are of, and the routes. ValidationException."""
    names = [parse_machine_arn(route["stateMachineVersionArn"]) for route in routing]
    arns = [name.arn for name in names]
    if any(name.version is None for name in names):
        raise _bad_routing(
            f"Routing configuration must contain state machine version ARNs. Received: [{', '.join(arns)}]"
        )
    if len(set(arns)) != len(arns):
        raise _bad_routing(
            f"Routing configuration must contain distinct state machine version ARNs. Received: [{', '.join(arns)}]"
        )
    if len({name.machine_arn for name in names}) > 1:
        raise _bad_routing(_DISTINCT_MACHINES)
    weights = [int(route["weight"]) for route in routing]
    if sum(weights) != 100:
        raise _bad_routing(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    versions = [name.version or 0 for name in names]
    return names[0].bare(), tuple(zip(versions, weights, strict=True))


def _bad_routing(problem: str) -> Exception:
    """The sentences are AWS's as far as they are known; those about wrong ARNs are guesses."""
    return validation(problem, "INVALID_ROUTING_CONFIGURATION")


async def _check_versions(ctx: Call[StepFunctions], machine: MachineName, routes: Routes) -> None:
    for version, _ in routes:
        if await find_version(ctx.state.store, machine, version) is None:
            raise no_reference(machine.qualified(version).arn)
