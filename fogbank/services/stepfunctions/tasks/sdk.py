"""`states:::aws-sdk:<service>:<action>`: every operation that fogbank has, by the names of the second SDK for Java."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.documents import dumps
from fogbank.core.errors import AwsError
from fogbank.model.calls import Calls
from fogbank.model.loader import known_services
from fogbank.model.shapes import OperationModel, ServiceModel
from fogbank.services.stepfunctions.engine.api import (
    Failed,
    Outcome,
    Stage,
    Succeeded,
    TaskCall,
    TaskResource,
)
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import (
    SDK,
    BadParameters,
    foreign_fields,
    from_output,
    to_input,
)
from fogbank.services.stepfunctions.tasks.failures import bad_parameters, sdk_failure
from fogbank.services.stepfunctions.tasks.naming import key_of_folder, pascal

_READS = (
    "get",
    "describe",
    "list",
    "head",
    "query",
    "scan",
    "batchGet",
    "lookup",
    "search",
    "simulate",
    "validate",
)
_OURS = frozenset({"HttpStatus"})  # members of our own patches, which no SDK shows


class SdkTasks:
    """Runs operations of services by `Calls`."""

    def __init__(self, calls: Calls, callers: Callers) -> None:
        self._calls = calls
        self._callers = callers
        self._models: dict[str, ServiceModel] = {}

    def model(self, service: str) -> ServiceModel | None:
        """The model of a mounted service by its name in resources; None when fogbank lacks it."""
        if service not in self._models:
            for name, each in self._calls.services.items():
                if key_of_folder(name) == service:
                    self._models[service] = each.model
        return self._models.get(service)

    def operation(self, service: str, action: str) -> OperationModel | None:
        model = self.model(service)
        return None if model is None else operation_of(model, action)

    def prefix(self, service: str) -> str:
        """What the errors of a service begin with."""
        model = self.model(service)
        return pascal(service if model is None else str(model.metadata["serviceId"]))

    def is_known_to_aws(self, service: str) -> bool:
        """Whether AWS has a service of that name, be it here or not."""
        return any(key_of_folder(folder) == service for folder in known_services())

    def implements(self, service: str, operation: str) -> bool:
        """Whether fogbank has that operation (asking imports the service)."""
        model = self.model(service)
        found = None if model is None else self._calls.services[model.name].operations.get(operation)
        output = None if found is None else found.model.output
        # A stream is no JSON: AWS supports none of those either.
        return found is not None and not (
            output is not None and any(each.is_event_stream for each in output.members.values())
        )

    async def run(self, call: TaskCall, stage: Stage) -> Outcome:
        resource = call.resource
        model = self.model(resource.service)
        if model is None:
            cause = f"fogbank does not support the service {resource.service} yet"
            return Failed(f"{pascal(resource.service)}.SdkClientException", cause, stage)
        operation = operation_of(model, resource.action)
        if operation is None:
            return Failed("States.Runtime", f"The resource {resource.arn} is not recognized.")
        try:
            params = _input(resource, operation, call.parameters)
        except BadParameters as bad:
            return bad_parameters(call.parameters, bad.problem)
        caller = self._callers.of(call)
        try:
            output = await self._calls.call(model.name, operation.name, params, caller)
            shown = await _read(output)
        except AwsError as error:
            return sdk_failure(model, error, operation, caller.request_id, stage)
        if shown is None:
            cause = (
                f"The state/task 'aws-sdk:{resource.service}' returned a result with a size exceeding the maximum number "
                "of bytes service limit."
            )
            return Failed("States.DataLimitExceeded", cause, stage)
        return Succeeded(dumps(from_output(operation.output, shown, SDK)))

    def check(self, resource: TaskResource, parameters: Any) -> None:
        """Raises BadParameters. What fogbank lacks is for `run` to say."""
        operation = self.operation(resource.service, resource.action)
        if operation is not None:
            _input(resource, operation, parameters)

    def foreign(self, resource: TaskResource, given: Mapping[str, Any], jsonata: bool) -> list[str]:
        """The fields of a definition's Parameters or Arguments that the operation does not take."""
        operation = self.operation(resource.service, resource.action)
        if operation is None:
            return []
        return foreign_fields(operation.input, given, jsonata=jsonata)

    def only_reads(self, call: TaskCall) -> bool:
        """Whether the action can be done again without harm."""
        return call.resource.action.startswith(_READS) and call.resource.action != "getActivityTask"


#: Members that hold JSON in a text, and are given as the JSON itself in AWS's own examples of nested workflows.
_JSON_TEXTS = {
    ("sfn", "startExecution"): frozenset({"Input"}),
    ("sfn", "startSyncExecution"): frozenset({"Input"}),
    ("sfn", "sendTaskSuccess"): frozenset({"Output"}),
}


def _input(resource: TaskResource, operation: OperationModel, parameters: Any) -> dict[str, Any]:
    texts = _JSON_TEXTS.get((resource.service, resource.action), frozenset())
    return to_input(operation.input, parameters, json_texts=texts)


def operation_of(model: ServiceModel, action: str) -> OperationModel | None:
    """An operation by its name in a resource: `describeDbInstances` is DescribeDBInstances. It begins small, or AWS does not
    recognise it."""
    if not action[:1].islower():
        return None
    found = model.operations.get(action[:1].upper() + action[1:])
    if found is not None:
        return found
    wanted = action.lower()
    return next((each for name, each in model.operations.items() if name.lower() == wanted), None)


async def _read(output: dict[str, Any]) -> dict[str, Any] | None:
    """The output with what streams read; None when it is more than a result may hold."""
    shown = {name: value for name, value in output.items() if name not in _OURS}
    for name, value in shown.items():
        if isinstance(value, AsyncIterator):
            parts, size = [], 0
            async for piece in value:
                parts.append(piece)
                size += len(piece)
                if size > DATA_BYTES_MAX:
                    return None
            shown[name] = b"".join(parts)
    return shown
