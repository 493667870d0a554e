"""TestState: one state run by itself, with its task mocked or real, and what became of its data on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from fogbank.asl.definition.states import MapState, ParallelState, TaskState
from fogbank.asl.documents import dumps
from fogbank.asl.jsonata import Budget
from fogbank.asl.states.task import unusable_parameters
from fogbank.core.clock import iso8601_z
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.stepfunctions.engine.api import Failed, Outcome, TaskCall
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.limits import TRIAL_SECONDS_MAX
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.settings import check_role, check_trust
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.state_trial.configuration import Configuration
from fogbank.services.stepfunctions.state_trial.inspection import Inspection
from fogbank.services.stepfunctions.state_trial.mock import Mock, check_mock, mock_of
from fogbank.services.stepfunctions.state_trial.subject import Subject, subject_of
from fogbank.services.stepfunctions.state_trial.trial import Trial, Verdict
from fogbank.services.stepfunctions.state_trial.way import Way
from fogbank.services.stepfunctions.tasks.http_calls import inspected


@SERVICE.operation
async def test_state(
    ctx: Call[StepFunctions],
    *,
    definition: str,
    role_arn: str | None = None,
    input: str = "{}",
    inspection_level: str = "INFO",
    reveal_secrets: bool = False,
    variables: str = "{}",
    state_name: str | None = None,
    mock: dict[str, Any] | None = None,
    context: str | None = None,
    state_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run one state of a definition. `reveal_secrets`: what an EventBridge connection adds to an HTTP task, at the level TRACE."""
    if role_arn is not None:
        check_role(role_arn)
        await check_trust(ctx, role_arn, "")
    given = _json(input, SERVICE.error("InvalidExecutionInput", "Invalid State Machine Execution Input"))
    subject = subject_of(definition, state_name, ctx.state.tasks.sdk.foreign)
    mocked = mock_of(mock)
    if mocked is not None and reveal_secrets:  # the sentence is a guess
        raise validation("TestState does not support RevealSecrets when a mock is specified.")
    _check(subject, mocked, role_arn, context)
    configuration = Configuration.of(state_configuration, subject)
    trial_context = _context(ctx, given, role_arn, context)
    if isinstance(subject.state, TaskState | MapState | ParallelState):
        trial_context["State"] = {"RetryCount": configuration.retries} | trial_context.get("State", {})
    now_ms = ctx.state.clock.now_ms()
    way = Way(
        given,
        _object(variables, "variables"),
        trial_context,
        Budget(ctx.state.ids, now_ms),
        jsonata=subject.jsonata,
    )

    async def run(parameters: Any, credentials: str | None, timeout_s: int | None) -> Outcome:
        assert subject.resource is not None
        if problem := ctx.state.tasks.problem(subject.resource, parameters):
            raise unusable_parameters(dumps(parameters), problem)
        call = _call(ctx, subject, parameters, credentials, role_arn or "", trial_context)
        try:
            async with asyncio.timeout(min(timeout_s or TRIAL_SECONDS_MAX, TRIAL_SECONDS_MAX)):
                if inspection_level == "TRACE" and subject.resource.service == "http":
                    return await _traced(ctx, call, way.inspection, reveal=reveal_secrets)
                return await ctx.state.tasks.run(call)
        except TimeoutError:
            return Failed("States.Timeout", None)

    verdict = await Trial(subject.state, way, configuration, mocked, ctx.state.ids, run).run()
    return _answer(verdict, way.inspection, inspection_level)


def _check(subject: Subject, mock: Mock | None, role_arn: str | None, context: str | None) -> None:
    """What may be tested how. Sentences that no recording has are guesses."""
    state = subject.state
    if mock is None:
        if isinstance(state, MapState | ParallelState):  # a guess, that a missing mock is answered so
            raise SERVICE.error(
                "InvalidDefinition",
                "TestState API does not support Map or Parallel states. "
                "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            )
        if subject.needs_mock:
            raise validation(f"State type '{state.type}' is not supported when a mock is not specified")
        if context is not None:
            raise validation("Context object can only be specified when a mock is specified")
        if isinstance(state, TaskState) and role_arn is None:
            raise validation("RoleArn must be specified when testing a Task state")
        return
    if state.type not in ("Task", "Map", "Parallel"):
        raise validation(f"State type '{state.type}' is not supported when a mock is specified")
    check_mock(subject, mock)


def _context(
    ctx: Call[StepFunctions], given: Any, role_arn: str | None, context: str | None
) -> dict[str, Any]:
    """The context object: that of an Express execution nobody has heard of, under what the caller gave."""
    ids = ctx.state.ids
    machine, name = ids.uuid(), ids.uuid()
    started = iso8601_z(ctx.state.clock.now_ms())
    found = {
        "Execution": {
            "Id": ctx.arn("states", f"express:{machine}:{name}"),
            "Input": given,
            "Name": name,
            "RoleArn": role_arn,
            "StartTime": started,
        },
        "StateMachine": {"Id": ctx.arn("states", f"stateMachine:{machine}"), "Name": machine},
        "State": {"Name": "StateName", "EnteredTime": started},
    }
    return found if context is None else {**found, **_object(context, "context")}


def _call(
    ctx: Call[StepFunctions],
    subject: Subject,
    parameters: Any,
    credentials: str | None,
    role_arn: str,
    context: dict[str, Any],
) -> TaskCall:
    """The task as the engine would have it run."""
    assert subject.resource is not None
    return TaskCall(
        id=ctx.request_id,
        resource=subject.resource,
        parameters=parameters,
        token="",
        timeout_s=TRIAL_SECONDS_MAX,
        heartbeat_s=None,
        credentials_role_arn=credentials,
        execution_arn=context["Execution"]["Id"],
        execution_name=context["Execution"]["Name"],
        state_machine_arn=context["StateMachine"]["Id"],
        state_name=subject.state.name,
        role_arn=role_arn,
        account=ctx.account,
        region=ctx.region,
        partition=ctx.partition,
    )


async def _traced(
    ctx: Call[StepFunctions], call: TaskCall, inspection: Inspection, *, reveal: bool
) -> Outcome:
    """An HTTP task, with what went over the wire."""
    performed = await ctx.state.tasks.http.perform(call)
    for member, value in inspected(performed, call.region, reveal=reveal).items():
        inspection.note(member, value)
    return performed.outcome


def _answer(verdict: Verdict, inspection: Inspection, level: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": verdict.status}
    if verdict.output is not None:
        answer["output"] = verdict.output.text
    for key, value in (("error", verdict.error), ("cause", verdict.cause), ("nextState", verdict.next)):
        if value is not None:
            answer[key] = value
    if level != "INFO":
        answer["inspectionData"] = inspection.wire()
    return answer


def _json(text: str, error: AwsError) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise error from None


def _object(text: str, member: str) -> dict[str, Any]:
    """A JSON object out of a member's text. The sentence is a guess."""
    error = validation(f"Invalid {member}: it must be a JSON object")
    found = _json(text, error)
    if not isinstance(found, dict):
        raise error
    return found
