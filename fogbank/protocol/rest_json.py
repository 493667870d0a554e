"""REST with JSON bodies: Lambda, API Gateway, and most services since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Response
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.codec import message_member
from fogbank.protocol.json_values import dump_json, json_reader, json_writer, parse_json
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.rest import ReadBody, RestCodec, WriteBody
from fogbank.protocol.rest_response import HeaderItems, ResponseBindings

#: Code and first words of the error for a body that is not what the model says, where a service has its own.
MALFORMED = {"lambda": ("InvalidRequestContentException", "Could not parse request body into json: ")}
SERIALIZATION = ("SerializationException", "")


class RestJsonCodec(RestCodec):
    protocol = "rest-json"
    content_type = "application/json"
    event_content_type = "application/json"
    blob_content_type = (
        "application/json"  # Lambda's Invoke, the one blob answer without a content-type member
    )

    def __init__(self, service: ServiceModel | None) -> None:
        super().__init__(service)
        self._readers = json_reader()
        self._writers = json_writer()

    def body_reader(self, shape: Shape, names: list[str]) -> ReadBody:
        read = self._readers.members(shape, names)
        return lambda body: read(parse_json(body))

    def body_writer(self, shape: Shape, names: list[str]) -> WriteBody:
        write = self._writers.members(shape, names)
        return lambda value: dump_json(write(value))

    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        read = self._readers.of(shape).read
        return lambda body: read(parse_json(body))

    def payload_writer(self, shape: Shape) -> WriteBody:
        write = self._writers.of(shape)
        return dump_json if write is None else lambda value: dump_json(write(value))

    def request_id_headers(self, request_id: str) -> HeaderItems:
        return [("x-amzn-RequestId", request_id)]

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        shape = self.error_shape(error.code, operation)
        items = self.request_id_headers(request_id)
        items.append(("x-amzn-ErrorType", shape.name if shape else error.code))
        items.append(("Content-Type", self.content_type))
        body: dict[str, Any] = {}
        if shape is not None and error.fields:
            bindings = ResponseBindings(shape)
            bindings.compile()(error.fields, items)
            body |= self._writers.members(shape, bindings.body)(error.fields)
        if error.message:
            body[message_member(shape)] = error.message
        return Response(error.status, items, dump_json(body))

    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        code, words = MALFORMED.get(operation.service.name, SERIALIZATION)
        return AwsError(code, words + str(problem))
