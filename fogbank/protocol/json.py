"""AWS JSON 1.0 and 1.1: `X-Amz-Target` names the operation, the body is its input."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.codec import Codec, Params, Parse, Serialize, message_member, plain_body, side
from fogbank.protocol.events import CONTENT_TYPE, EventWriter, event_member
from fogbank.protocol.json_values import dump_json, json_reader, json_writer, parse_json
from fogbank.protocol.malformed import Malformed

#: Services that put a namespace before the error's name in `__type`; clients cut at the `#`.
NAMESPACES = {
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "dynamodbstreams": "com.amazonaws.dynamodb.v20120810#",
    "sqs": "com.amazonaws.sqs#",
}
#: Services whose reader does not say where in a request it stumbled, and words it a little otherwise.
WITHOUT_PLACE = ("dynamodb", "dynamodbstreams")
_CONVERTED = re.compile(r"can not be converted to an? ")
#: Errors of the framework below the services carry its namespaces there.
FRAMEWORK = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "AccessDeniedException": "com.amazon.coral.service#",
    "UnrecognizedClientException": "com.amazon.coral.service#",
    "MissingAuthenticationTokenException": "com.amazon.coral.service#",
    "IncompleteSignatureException": "com.amazon.coral.service#",
    "InvalidSignatureException": "com.amazon.coral.service#",
    "InternalFailure": "com.amazon.coral.service#",
    "InvalidParameterValueException": "com.amazon.coral.service#",
    "MissingRequiredParameterException": "com.amazon.coral.service#",
}


class JsonCodec(Codec):
    """The RPC form of JSON."""

    protocol = "json"

    def __init__(self, service: ServiceModel | None, version: str | None = None) -> None:
        super().__init__(service)
        if version is None:
            version = service.metadata.get("jsonVersion", "1.0") if service else "1.0"
        self.content_type = f"application/x-amz-json-{version}"
        self._readers = json_reader()
        self._writers = json_writer()

    def parser(self, operation: OperationModel) -> Parse:
        if operation.input is None:
            return lambda request, labels: {}
        read = self._readers.members(operation.input)

        def parse(request: Request, labels: Mapping[str, str]) -> Params:
            body = plain_body(request)
            return read(parse_json(body)) if body else {}

        return parse

    def serializer(self, operation: OperationModel) -> Serialize:
        content = ("Content-Type", self.content_type)
        if operation.output is None:
            return lambda output, request_id: Response(200, [content, ("x-amzn-RequestId", request_id)])
        if (member := event_member(operation.output)) is not None:
            return self._stream(operation, member)
        write = self._writers.of(operation.output)

        def serialize(output: Params, request_id: str) -> Response:
            body = dump_json(output if write is None else write(output))
            return Response(200, [content, ("x-amzn-RequestId", request_id)], body)

        return serialize

    def _stream(self, operation: OperationModel, member: str) -> Serialize:
        assert operation.output is not None
        initial = self.body_writer(
            operation.output, [name for name in operation.output.members if name != member]
        )
        events = EventWriter(operation.output.members[member], self.body_writer, "application/json")

        def serialize(output: Params, request_id: str) -> Response:
            headers = [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", request_id)]
            return Response(200, headers, events.stream(output[member], initial(output)))

        return serialize

    def body_writer(self, shape: Shape, names: list[str]) -> Callable[[Any], bytes]:
        """Compile: value → JSON of those of its members that are named."""
        write = self._writers.members(shape, names)
        return lambda value: dump_json(write(value))

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        shape = self.error_shape(error.code, operation)
        name = shape.name if shape else error.code
        body: dict[str, Any] = {"__type": self._namespace(name, shape is not None) + name}
        if error.message:
            body[message_member(shape)] = error.message
        if shape is not None and error.fields:
            body |= self._writers.members(shape, list(error.fields))(error.fields)
        headers = [("Content-Type", self.content_type), ("x-amzn-RequestId", request_id)]
        if self.service is not None and "awsQueryCompatible" in self.service.metadata:
            headers.append(("x-amzn-query-error", f"{error.code};{side(error.status)}"))
        return Response(error.status, headers, dump_json(body))

    def _namespace(self, name: str, is_modelled: bool) -> str:
        own = NAMESPACES.get(self.service.name) if self.service else None
        if own is None:
            return ""
        return FRAMEWORK.get(name, own if is_modelled else "")

    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        message = str(problem)
        if operation.service.name in WITHOUT_PLACE:
            message = _CONVERTED.sub("cannot be converted to ", problem.message)
        return AwsError("SerializationException", message)
