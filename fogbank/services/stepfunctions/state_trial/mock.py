"""Mocks: what the task, Map or Parallel is said to have given, held against the model of the API that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.asl.definition.states import MapState, ParallelState
from fogbank.asl.documents import Document
from fogbank.asl.resources import Pattern, TaskKind, TaskResource
from fogbank.core.errors import ConfigError
from fogbank.model.shapes import Shape, model_of
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.state_trial.subject import Subject

#: Step Functions' names of services that boto3 calls otherwise.
CLIENTS = {
    "states": "stepfunctions",
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "apigatewayv2": "apigatewayv2",
    "cognitoidentityprovider": "cognito-idp",
    "elasticloadbalancingv2": "elbv2",
}
#: Integrations whose answer no API model describes.
FREE = frozenset({("apigateway", "invoke"), ("http", "invoke")})
#: Members that an optimized integration gives as JSON where the API has bytes.
PARSED = {("lambda", "invoke"): frozenset({"Payload"})}
NUMBERS = frozenset({"byte", "short", "integer", "long", "bigInteger", "float", "double"})
TEXTS = frozenset({"string", "character", "blob", "timestamp"})


@dataclass(frozen=True, slots=True)
class Mock:
    """Either `result`, or `error` and `cause`."""

    result: Document | None
    error: str | None
    cause: str | None
    mode: str


def mock_of(given: dict[str, Any] | None) -> Mock | None:
    """ValidationException for a mock that is neither a result nor an error; the sentences are guesses."""
    if given is None:
        return None
    failure = given.get("errorOutput")
    if "result" in given and failure is not None:
        raise validation("A test mock should have only one of the following fields: [result, errorOutput].")
    if "result" not in given and failure is None:
        raise validation("A test mock should have one of the following fields: [result, errorOutput].")
    mode = given.get("fieldValidationMode", "STRICT")
    if failure is not None:
        if "error" not in failure:
            raise validation("The error field must be specified when mock.errorOutput is specified")
        return Mock(None, failure["error"], failure.get("cause"), mode)
    try:
        orjson.loads(given["result"])
    except orjson.JSONDecodeError:
        raise validation("Mocked result must be valid JSON") from None
    return Mock(Document.parse(given["result"]), None, None, mode)


def check_mock(subject: Subject, mock: Mock) -> None:
    """ValidationException for a result that the state could not have had."""
    if mock.result is None or mock.mode == "NONE":
        return
    value = mock.result.value
    if isinstance(subject.state, MapState | ParallelState):
        writer = subject.state.result_writer if isinstance(subject.state, MapState) else None
        writes = writer is not None and writer.resource is not None
        if writes and not isinstance(value, dict):  # these two sentences are guesses
            raise validation("Mocked result must be a JSON object.")
        if not writes and not isinstance(value, list):
            raise validation("Mocked result must be an array.")
        return
    resource = subject.resource
    shape = None if resource is None else output_of(resource)
    if resource is None or shape is None:
        return
    check = Check(mock.mode == "STRICT", PARSED.get((resource.service, resource.action), frozenset()))
    check.structure(shape, value, None)


def output_of(resource: TaskResource) -> Shape | None:
    """What the API answers that a resource stands for; None where the result is no API's answer."""
    if (
        resource.kind not in (TaskKind.SERVICE, TaskKind.SDK)
        or resource.pattern is not Pattern.REQUEST_RESPONSE
    ):
        return None
    if resource.kind is TaskKind.SERVICE and (resource.service, resource.action) in FREE:
        return None
    name = CLIENTS.get(resource.service, resource.service)
    action = resource.action[:1].upper() + resource.action[1:]
    try:
        operation = model_of(name).operations.get(action)
    except ConfigError:
        operation = None
    if operation is None:  # the sentence is a guess
        raise validation(f"Mock result schema validation error: no API model describes {resource.arn}")
    return operation.output


class Check:
    """Holds a value against a shape, members in Step Functions' case."""

    def __init__(self, strict: bool, free: frozenset[str]) -> None:
        self._strict = strict
        self._free = free

    def structure(self, shape: Shape, value: Any, field: str | None) -> None:
        if not isinstance(value, dict):
            raise _wrong(field or "result", "must be an object")
        members = {name[:1].upper() + name[1:]: member for name, member in shape.members.items()}
        if self._strict:
            for name in shape.required:
                cased = name[:1].upper() + name[1:]
                if cased not in value:
                    raise validation(
                        f"Mock result schema validation error: Required field '{cased}' is missing"
                    )
        for name, given in value.items():
            if name in members and not (field is None and name in self._free):
                self.value(members[name], given, name)

    def value(self, shape: Shape, value: Any, field: str) -> None:
        kind = shape.type
        if kind == "structure":
            if not shape.is_document:
                self.structure(shape, value, field)
        elif kind == "list":
            if not isinstance(value, list):
                raise _wrong(field, "must be an array")
            for item in value:
                self.value(shape.member, item, field)
        elif kind == "map":
            if not isinstance(value, dict):
                raise _wrong(field, "must be an object")
            for item in value.values():
                self.value(shape.value, item, field)
        elif kind == "boolean":
            if not isinstance(value, bool):
                raise _wrong(field, "must be a boolean")
        elif kind in NUMBERS:
            self._number(shape, value, field)
        elif kind in TEXTS:
            self._text(shape, value, field)

    def _number(self, shape: Shape, value: Any, field: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(field, "must be a number")
        _bounds(shape, value, field, "is less than the minimum value", "exceeds the maximum value")

    def _text(self, shape: Shape, value: Any, field: str) -> None:
        if not isinstance(value, str):
            raise _wrong(field, "must be a string")
        if shape.enum and value not in shape.enum:
            raise _wrong(field, "is not an expected value")
        if shape.type != "timestamp":
            smaller, larger = "is smaller than the minimum length", "exceeds the maximum length"
            _bounds(shape, len(value), field, smaller, larger)


def _bounds(shape: Shape, value: float, field: str, below: str, above: str) -> None:
    minimum: Any = shape.trait("min")
    maximum: Any = shape.trait("max")
    if minimum is not None and value < minimum:
        raise _wrong(field, below)
    if maximum is not None and value > maximum:
        raise _wrong(field, above)


def _wrong(field: str, problem: str) -> Exception:
    return validation(f"Mock result schema validation error: Field '{field}' {problem}")
