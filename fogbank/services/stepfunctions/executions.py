"""Executions: started, stopped, redriven, described. What runs them is `engine/`."""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.definition import parse
from fogbank.asl.definition.variables import variable_references
from fogbank.asl.execution import Status
from fogbank.asl.json_errors import explain
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.stepfunctions.engine.api import ExecutionView, MachineSource, StartRequest
from fogbank.services.stepfunctions.engine.keys import Ref, parse_execution_arn
from fogbank.services.stepfunctions.engine.redriving import redrive_status
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.names import check_name, parse_states_arn, wrong_type
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions

_METADATA_ONLY = "METADATA_ONLY"
_TRACE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?=;|$)")
_TRACE_PARENT = re.compile(r";Parent=[0-9a-f]{16}(?=;|$)")


@SERVICE.operation
async def start_execution(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    name: str | None = None,
    input: str = "{}",
    trace_header: str | None = None,
) -> dict[str, Any]:
    """Start one; with the same name and input as one that still runs, answer that one."""
    request = await _request(ctx, state_machine_arn, name, input, trace_header)
    started = await ctx.state.engine.start(request)
    return {"executionArn": started.execution_arn, "startDate": started.start_ms}


@SERVICE.operation
async def start_sync_execution(
    ctx: Call[StepFunctions],
    *,
    state_machine_arn: str,
    name: str | None = None,
    input: str = "{}",
    trace_header: str | None = None,
    included_data: str = "ALL_DATA",
) -> dict[str, Any]:
    """Run an Express execution and answer how it ended."""
    request = await _request(ctx, state_machine_arn, name, input, trace_header)
    if not request.machine.express:
        raise not_supported()
    result = await ctx.state.engine.start_sync(request)
    answer: dict[str, Any] = {
        "executionArn": result.execution_arn,
        "stateMachineArn": request.machine.arn,
        "name": result.name,
        "startDate": result.start_ms,
        "stopDate": result.stop_ms,
        "status": result.status.value,
        "billingDetails": {
            "billedMemoryUsedInMB": result.billed_memory_mb,
            "billedDurationInMilliseconds": result.billed_duration_ms,
        },
    }
    data = included_data != _METADATA_ONLY
    answer["inputDetails"] = answer["outputDetails"] = {"included": data}
    _put(answer, error=result.error, cause=result.cause, traceHeader=request.trace_header)
    if data:
        _put(answer, input=request.input, output=result.output)
    return answer


@SERVICE.operation
async def stop_execution(
    ctx: Call[StepFunctions], *, execution_arn: str, error: str | None = None, cause: str | None = None
) -> dict[str, Any]:
    """Stop a Standard execution; one that ended stays as it is."""
    execution_ref(execution_arn)
    return {"stopDate": await ctx.state.engine.stop(execution_arn, error, cause)}


@SERVICE.operation
async def redrive_execution(
    ctx: Call[StepFunctions], *, execution_arn: str, client_token: str | None = None
) -> dict[str, Any]:
    """Have one that failed, was stopped or timed out go on where it was."""
    execution_ref(execution_arn)
    return {"redriveDate": await ctx.state.engine.redrive(execution_arn, client_token)}


@SERVICE.operation
async def describe_execution(
    ctx: Call[StepFunctions], *, execution_arn: str, included_data: str = "ALL_DATA"
) -> dict[str, Any]:
    """An execution, with its input and output unless only metadata are asked for."""
    ref = execution_ref(execution_arn)
    view = await ctx.state.engine.describe(execution_arn)
    data = included_data != _METADATA_ONLY
    answer: dict[str, Any] = {
        "executionArn": view.arn,
        "stateMachineArn": machine_arn_of(view),
        "name": view.name,
        "status": view.status.value,
        "startDate": view.start_ms,
        "inputDetails": {"included": data},
        "redriveCount": view.redrive_count,
    }
    _put(
        answer,
        stopDate=view.stop_ms,
        traceHeader=view.trace_header,
        mapRunArn=view.map_run_arn,
        error=None
        if view.status is Status.TIMED_OUT
        else view.error,  # only the history names States.Timeout
        cause=view.cause,
        stateMachineVersionArn=view.machine.version_arn,
        stateMachineAliasArn=view.machine.alias_arn,
        redriveDate=view.redrive_ms,
    )
    if data:
        _put(answer, input=view.input, output=view.output)
    if view.status is Status.SUCCEEDED:
        answer["outputDetails"] = {"included": data}
    status, reason = await redrive_status(ctx.state.store, ref, view, ctx.state.clock.now_ms())
    answer["redriveStatus"] = status
    _put(answer, redriveStatusReason=reason)
    return answer


@SERVICE.operation
async def describe_state_machine_for_execution(
    ctx: Call[StepFunctions], *, execution_arn: str, included_data: str = "ALL_DATA"
) -> dict[str, Any]:
    """The state machine as it was when the execution started."""
    execution_ref(execution_arn)
    view = await ctx.state.engine.describe(execution_arn)
    machine = view.machine
    answer: dict[str, Any] = {
        "stateMachineArn": machine_arn_of(view),
        "name": machine.name,
        "roleArn": machine.role_arn,
        "updateDate": machine.update_date_ms,
        "loggingConfiguration": machine.logging or {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": machine.tracing or {"enabled": False},
    }
    _put(answer, encryptionConfiguration=machine.encryption, mapRunArn=view.map_run_arn)
    if machine.revision_id:  # none until the machine was updated
        answer["revisionId"] = machine.revision_id
    if view.map_run_arn is not None:
        answer["label"] = view.map_run_arn.rpartition("/")[2].partition(":")[0]
    if included_data != _METADATA_ONLY:
        answer["definition"] = _definition(machine, answer.get("label"))
        if references := variable_references(parse(machine.definition)):
            answer["variableReferences"] = references
    return answer


def _definition(machine: MachineSource, label: str | None) -> str:
    """Of a child of a Distributed Map: what its processor is."""
    if label is None:
        return machine.definition
    for state in _maps(orjson.loads(machine.definition)):
        named = state.get("Label") or state["name"][:40].replace(" ", "")
        if named == label:
            return orjson.dumps(state.get("ItemProcessor") or state.get("Iterator")).decode()
    return machine.definition


def _maps(block: dict[str, Any]) -> list[dict[str, Any]]:
    """All Map states of a definition, each with its name."""
    found = []
    for name, state in block.get("States", {}).items():
        inner = [state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())]
        if state.get("Type") == "Map":
            found.append({**state, "name": name})
        for part in inner:
            if part:
                found += _maps(part)
    return found


async def _request(
    ctx: Call[StepFunctions], arn: str, name: str | None, input: str, trace_header: str | None
) -> StartRequest:
    if name is not None:
        check_name(name)
    machine = await ctx.state.machines.resolve(arn)
    check_input(input)
    if trace_header is None and machine.tracing and machine.tracing["enabled"]:
        trace_header = _trace(ctx)
    return StartRequest(machine, name, input, trace_header)


def _trace(ctx: Call[StepFunctions]) -> str:
    """The header of a traced execution: in its caller's trace, or in one of its own."""
    root, parent = _TRACE_ROOT.search(ctx.caller.trace), _TRACE_PARENT.search(ctx.caller.trace)
    if root is None:
        return f"{ctx.state.ids.trace(ctx.state.clock.now_ms())};Sampled=1"
    return f"{root[0]}{'' if parent is None else parent[0]};Sampled=1"


def check_input(text: str) -> None:
    """InvalidExecutionInput for what is no JSON; a bound as AWS has it."""
    if not text.strip():
        raise _invalid_input("Invalid execution input.")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        if (problem := explain(text)) is not None:
            raise _invalid_input(problem.message) from None
    if len(text) > DATA_BYTES_MAX or len(text.encode("utf-8", "surrogatepass")) > DATA_BYTES_MAX:
        raise validation(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {DATA_BYTES_MAX}"
        )


def _invalid_input(problem: str) -> AwsError:
    message = f"Invalid State Machine Execution Input: '{problem}'"
    return SERVICE.error("InvalidExecutionInput", message)


def not_supported() -> AwsError:
    return SERVICE.error(
        "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
    )


def execution_ref(arn: str) -> Ref:
    """InvalidArn for what is no Standard execution's."""
    parsed = parse_states_arn(arn)
    ref = parse_execution_arn(arn)
    if ref is None:
        raise wrong_type(parsed.resource.partition(":")[0])
    return ref


def machine_arn_of(view: ExecutionView) -> str:
    """With the Map's label for a child of a Distributed Map."""
    if view.map_run_arn is None:
        return view.machine.arn
    return f"{view.machine.arn}/{view.map_run_arn.rpartition('/')[2].partition(':')[0]}"


def _put(answer: dict[str, Any], **members: Any) -> None:
    answer.update({name: value for name, value in members.items() if value is not None})
