"""`states:::states:startExecution`, alone, `.sync`, `.sync:2` or with a task token."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fogbank.asl.documents import dumps, loads
from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.service import Operation
from fogbank.services.stepfunctions.engine.api import (
    Failed,
    Outcome,
    Pattern,
    Stage,
    Submitted,
    Succeeded,
    TaskCall,
)
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import (
    OPTIMIZED,
    BadParameters,
    from_output,
    to_input,
    written,
)
from fogbank.services.stepfunctions.tasks.failures import bad_parameters, optimized_failure
from fogbank.services.stepfunctions.tasks.metadata import java_seconds, metadata

_SERVICE = "stepfunctions"
#: Waits until an execution has ended (`Engine.ended`).
Ended = Callable[[str], Awaitable[Any]]


class Executions:
    """Starts executions, and watches those that a task waits for."""

    def __init__(self, calls: Calls, clock: Clock, callers: Callers, ended: Ended) -> None:
        self._calls = calls
        self._clock = clock
        self._callers = callers
        self._ended = ended

    async def run(self, call: TaskCall, stage: Stage) -> Outcome:
        if call.submitted is not None:
            return await self._watch(call, loads(call.submitted)["ExecutionArn"])
        operation = self._calls.find(_SERVICE, "StartExecution")
        try:
            params = _input(operation, call.parameters)
        except BadParameters as bad:
            return bad_parameters(call.parameters, bad.problem)
        # Without a name AWS draws one. One that is the same for the same attempt makes it safe to run it twice.
        drawn = None if "name" in params else _name(call)
        caller = self._callers.of(call)
        try:
            output = await self._calls.run(operation, params | ({"name": drawn} if drawn else {}), caller)
        except AwsError as error:
            if drawn is None or error.code != "ExecutionAlreadyExists":
                return optimized_failure("states", error, operation, caller.request_id, stage)
            output = await self._started_before(params["stateMachineArn"], drawn, caller)
        shown = from_output(operation.model.output, output, OPTIMIZED)
        arn, date = dumps(output["executionArn"]), java_seconds(output["startDate"])
        body = f'{{"executionArn":{arn},"startDate":{date}}}'.encode()
        shown |= metadata("states", "startExecution", body, caller.request_id, self._clock.now_ms())
        text = written(shown)
        return Succeeded(text) if call.resource.pattern is Pattern.REQUEST_RESPONSE else Submitted(text)

    def check(self, parameters: Any) -> None:
        """Raises BadParameters for what is no input of StartExecution."""
        _input(self._calls.find(_SERVICE, "StartExecution"), parameters)

    async def _started_before(self, machine_arn: str, name: str, caller: Caller) -> dict[str, Any]:
        """An earlier life of this node started it, and did not live to say so."""
        machine = ":".join(machine_arn.split(":")[:7])
        arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
        found = await self._calls.call(_SERVICE, "DescribeExecution", {"executionArn": arn}, caller)
        return {"executionArn": arn, "startDate": found["startDate"]}

    async def abandon(self, call: TaskCall) -> None:
        """Nobody waits for the execution any more: it is stopped, as on AWS."""
        if call.submitted is None or call.resource.pattern is Pattern.CALLBACK:
            return
        arn = loads(call.submitted)["ExecutionArn"]
        try:
            cause = (
                f"The Task state in AWS Step Functions execution [{call.execution_arn}] which was managing this "
                "resource was aborted"
            )
            wanted = {"executionArn": arn, "cause": cause}
            await self._calls.call(_SERVICE, "StopExecution", wanted, self._callers.of(call))
        except AwsError:
            return  # it is gone, or may not be stopped: there is nobody left to tell

    async def _watch(self, call: TaskCall, arn: str) -> Outcome:
        caller = self._callers.of(call)
        operation = self._calls.find(_SERVICE, "DescribeExecution")
        try:
            await self._ended(arn)
            output = await self._calls.run(operation, {"executionArn": arn}, caller)
        except AwsError as error:
            return optimized_failure("states", error, operation, caller.request_id)
        shown = from_output(operation.model.output, output, OPTIMIZED)
        shown = {name: value for name, value in shown.items() if name not in ("RedriveDate", "MapRunArn")}
        if call.resource.pattern is Pattern.SYNC_2 and output["status"] == "SUCCEEDED":
            for name in ("Input", "Output"):
                if name in shown:
                    shown[name] = loads(shown[name])
        text = written(shown)
        if output["status"] == "SUCCEEDED":
            return Succeeded(text)
        return Failed("States.TaskFailed", text)


def _input(operation: Operation, parameters: Any) -> dict[str, Any]:
    return to_input(operation.model.input, parameters, json_texts=frozenset({"Input"}))


def _name(call: TaskCall) -> str:
    """The execution's name for an attempt: a UUID to look at, always the same."""
    text = hashlib.sha256(f"{call.execution_arn} {call.id}".encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
