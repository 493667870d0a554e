"""ListExecutions: of a state machine, a version, an alias or a map run; the newest first."""

from __future__ import annotations

from typing import Any

from fogbank.asl.execution import Status
from fogbank.model.call import Call
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.listing import Listed
from fogbank.services.stepfunctions.engine.listing import list_executions as listed_executions
from fogbank.services.stepfunctions.engine.runner import map_run_arn as arn_of_map_run
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.executions import not_supported
from fogbank.services.stepfunctions.map_runs import parse_map_run_arn
from fogbank.services.stepfunctions.names import arn_of
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.operation
async def list_executions(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str | None = None,
    status_filter: str | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
    map_run_arn: str | None = None,
    redrive_filter: str | None = None,
) -> dict[str, Any]:
    """A page of them. Cost follows the page: each status is a range of its own."""
    if (state_machine_arn is None) == (map_run_arn is None):
        # The sentence is a guess.
        raise validation("You must specify either a stateMachineArn or a mapRunArn, but not both.")
    account, region, owner = await _owner(ctx, state_machine_arn, map_run_arn)
    listing = f"executions {owner} {status_filter} {redrive_filter}"
    position = decode_token(listing, next_token)
    limit = page_size(max_results)
    found: list[Listed] = []
    statuses = [Status(status_filter)] if status_filter else list(Status)
    while len(found) <= limit:
        page = await listed_executions(
            ctx.state.store, account, region, owner, statuses, after=position, limit=limit + 1
        )
        found += [
            each
            for each in page
            if redrive_filter is None or (each.redrives > 0) == (redrive_filter == "REDRIVEN")
        ]
        if len(page) <= limit:
            break
        position = (page[-1].start_ms, page[-1].name)
    answer: dict[str, Any] = {
        "executions": [_item(account, region, each, owner, map_run_arn) for each in found[:limit]]
    }
    if len(found) > limit:
        answer["nextToken"] = encode_token(listing, [found[limit - 1].start_ms, found[limit - 1].name])
    return answer


async def _owner(
    ctx: Call[StepFunctions], state_machine_arn: str | None, map_run_arn: str | None
) -> tuple[str, str, str]:
    """Account, region and the name of the list."""
    if map_run_arn is not None:
        return parse_map_run_arn(map_run_arn)
    assert state_machine_arn is not None
    machine = await ctx.state.machines.resolve(state_machine_arn)
    if machine.express:
        raise not_supported()
    qualifier = machine.alias_arn or (machine.version_arn if state_machine_arn != machine.arn else None)
    owner = machine.name if qualifier is None else f"{machine.name}:{qualifier.rpartition(':')[2]}"
    return machine.account, machine.region, owner


def _item(account: str, region: str, each: Listed, owner: str, map_run_arn: str | None) -> dict[str, Any]:
    item: dict[str, Any] = {
        "executionArn": Ref(account, region, each.machine, each.name).arn,
        "stateMachineArn": arn_of(account, region, f"stateMachine:{each.machine}"),
        "name": each.name,
        "status": each.status.value,
        "startDate": each.start_ms,
        "redriveCount": each.redrives,
    }
    members = {
        "stopDate": each.stop_ms,
        "stateMachineVersionArn": each.version_arn,
        "stateMachineAliasArn": each.alias_arn,
        "redriveDate": each.redrive_ms,
        "itemCount": each.item_count,
        "mapRunArn": None if map_run_arn is None else arn_of_map_run(account, region, owner),
    }
    item.update({name: value for name, value in members.items() if value is not None})
    return item
