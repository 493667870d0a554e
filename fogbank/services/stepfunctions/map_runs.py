"""Map runs of Distributed Maps: described, listed, and their bounds changed while they run."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.stepfunctions.engine.runner import map_run_arn as arn_of_map_run
from fogbank.services.stepfunctions.errors import invalid_arn, no_resource
from fogbank.services.stepfunctions.executions import execution_ref
from fogbank.services.stepfunctions.names import parse_states_arn, wrong_type
from fogbank.services.stepfunctions.pages import decode_token, encode_token, page_size
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions


@SERVICE.operation
async def describe_map_run(ctx: Call[StepFunctions], *, map_run_arn: str) -> dict[str, Any]:
    """A map run with its counts."""
    account, region, owner = parse_map_run_arn(map_run_arn)
    view = await ctx.state.engine.maps.describe(account, region, owner)
    if view is None:
        raise no_resource(map_run_arn)
    answer: dict[str, Any] = {
        "mapRunArn": view.arn,
        "executionArn": view.execution_arn,
        "status": view.status.value,
        "startDate": view.start_ms,
        "maxConcurrency": view.max_concurrency,
        "toleratedFailurePercentage": view.tolerated_failure_percentage,
        "toleratedFailureCount": view.tolerated_failure_count,
        "itemCounts": view.item_counts,
        "executionCounts": view.execution_counts,
        "redriveCount": view.redrive_count,
    }
    if view.stop_ms is not None:
        answer["stopDate"] = view.stop_ms
    if view.redrive_ms is not None:
        answer["redriveDate"] = view.redrive_ms
    return answer


@SERVICE.operation
async def list_map_runs(
    ctx: Call[StepFunctions],
    *,
    execution_arn: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    """The map runs of an execution, the newest first."""
    ref = execution_ref(execution_arn)
    view = await ctx.state.engine.describe(execution_arn)
    listing = f"map runs {execution_arn}"
    limit = page_size(max_results)
    found = await ctx.state.engine.maps.list(ref, after=decode_token(listing, next_token), limit=limit + 1)
    runs = []
    for run in found[:limit]:
        item: dict[str, Any] = {
            "executionArn": execution_arn,
            "mapRunArn": arn_of_map_run(ref.account, ref.region, run.owner),
            "stateMachineArn": view.machine.arn,
            "startDate": run.start_ms,
        }
        if run.stop_ms is not None:
            item["stopDate"] = run.stop_ms
        runs.append(item)
    answer: dict[str, Any] = {"mapRuns": runs}
    if len(found) > limit:
        answer["nextToken"] = encode_token(listing, [found[limit - 1].start_ms, found[limit - 1].owner])
    return answer


@SERVICE.operation
async def update_map_run(
    ctx: Call[StepFunctions],
    *,
    map_run_arn: str,
    max_concurrency: int | None = None,
    tolerated_failure_percentage: float | None = None,
    tolerated_failure_count: int | None = None,
) -> dict[str, Any]:
    """Change the bounds of one that runs."""
    account, region, owner = parse_map_run_arn(map_run_arn)
    changed = await ctx.state.engine.maps.update(
        account, region, owner, max_concurrency, tolerated_failure_percentage, tolerated_failure_count
    )
    if not changed:
        raise no_resource(map_run_arn)
    return {}


def parse_map_run_arn(text: str) -> tuple[str, str, str]:
    """Account, region and `machine/label:uuid`. InvalidArn."""
    arn = parse_states_arn(text)
    kind, _, owner = arn.resource.partition(":")
    if kind != "mapRun":
        raise wrong_type(kind)
    if "/" not in owner or ":" not in owner:
        raise invalid_arn(f"Invalid ARN: {text}")
    return arn.account, arn.region, owner
