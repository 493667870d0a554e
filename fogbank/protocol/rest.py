"""What the two REST protocols share: everything but the form of the body."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fogbank.core.http import Request, Response
from fogbank.model.shapes import OperationModel, Shape
from fogbank.protocol.codec import Codec, Params, Parse, Serialize, plain_body
from fogbank.protocol.events import CONTENT_TYPE, EventReader, EventWriter
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.rest_request import RequestBindings
from fogbank.protocol.rest_response import HeaderItems, ResponseBindings, status_of

NO_BODY = 204
ReadBody = Callable[[bytes], Params]
WriteBody = Callable[[Any], bytes]


class RestCodec(Codec):
    """REST; a subclass says how structures look in the body."""

    content_type: str
    event_content_type: str
    blob_content_type: str
    empty_is_absent = False  # a number in the query that has no digits

    @abstractmethod
    def body_reader(self, shape: Shape, names: list[str]) -> ReadBody:
        """Compile: a body → those of a structure's members that are named. Raises Malformed."""

    @abstractmethod
    def body_writer(self, shape: Shape, names: list[str]) -> WriteBody:
        """Compile: value → a body of those of its members that are named."""

    @abstractmethod
    def request_id_headers(self, request_id: str) -> HeaderItems:
        """The request id in the headers that the service's clients look at."""

    def parser(self, operation: OperationModel) -> Parse:
        shape = operation.input
        if shape is None:
            return lambda request, labels: {}
        bindings = RequestBindings(shape, operation.uri, empty_is_absent=self.empty_is_absent)
        outside = bindings.compile()
        if shape.payload is not None:
            return _with_payload(outside, shape.payload, self._payload_reader(shape, shape.payload))
        if not bindings.body:
            return outside
        return self._with_members(outside, self.body_reader(shape, bindings.body), operation)

    def _with_members(self, outside: Parse, read: ReadBody, operation: OperationModel) -> Parse:
        may_be_compressed = "requestcompression" in operation.raw

        def parse(request: Request, labels: Mapping[str, str]) -> Params:
            params = outside(request, labels)
            body = plain_body(request) if may_be_compressed else request.body
            if body:
                params.update(read(body))
            return params

        return parse

    def _payload_reader(self, shape: Shape, member: str) -> Callable[[bytes], Any]:
        payload = shape.members[member]
        if payload.is_event_stream:
            return EventReader(payload, self.body_reader).read
        match payload.type:
            case "blob":
                return lambda body: body
            case "string":
                return _decode
            case "structure" if not payload.is_document:
                return self.body_reader(payload, list(payload.members))
        return self.payload_reader(payload)

    @abstractmethod
    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        """Compile the reader of a payload that is a list, a map, a document or a scalar."""

    @abstractmethod
    def payload_writer(self, shape: Shape) -> WriteBody:
        """Compile the writer of a payload that is a structure, a list, a map or a document."""

    def serializer(self, operation: OperationModel) -> Serialize:
        shape = operation.output
        if shape is None:
            return self._empty(operation.status)
        bindings = ResponseBindings(shape)
        if shape.payload is not None:
            return self._payload_serializer(operation, bindings, shape.payload, shape.members[shape.payload])
        status, headers = status_of(operation, bindings), bindings.compile()
        write = self.body_writer(shape, bindings.body) if bindings.body or not shape.members else None
        content = ("Content-Type", self.content_type)

        def serialize(output: Params, request_id: str) -> Response:
            items = self.request_id_headers(request_id)
            headers(output, items)
            code = status(output)
            if write is None or code == NO_BODY:
                return Response(code, items)
            items.append(content)
            return Response(code, items, write(output))

        return serialize

    def _empty(self, status: int) -> Serialize:
        return lambda output, request_id: Response(status, self.request_id_headers(request_id))

    def _payload_serializer(
        self, operation: OperationModel, bindings: ResponseBindings, member: str, payload: Shape
    ) -> Serialize:
        status, headers = status_of(operation, bindings), bindings.compile()
        content = None if bindings.names_content_type() else ("Content-Type", self._content_type(payload))
        write = self._payload_body(payload)

        def serialize(output: Params, request_id: str) -> Response:
            items = self.request_id_headers(request_id)
            headers(output, items)
            value = output.get(member)
            if value is None:
                return Response(status(output), items)
            if content is not None:
                items.append(content)
            return Response(status(output), items, write(value))

        return serialize

    def _content_type(self, payload: Shape) -> str:
        if payload.is_event_stream:
            return CONTENT_TYPE
        match payload.type:
            case "blob":
                return self.blob_content_type
            case "string":
                return "text/plain"
        return self.content_type

    def _payload_body(self, payload: Shape) -> Callable[[Any], bytes | AsyncIterator[bytes]]:
        if payload.is_event_stream:
            return EventWriter(payload, self.body_writer, self.event_content_type).stream
        match payload.type:
            case "blob":
                return lambda value: value  # bytes, or an iterator of them
            case "string":
                return lambda value: value.encode() if isinstance(value, str) else value
        return self.payload_writer(payload)


def _with_payload(outside: Parse, member: str, read: Callable[[bytes], Any]) -> Parse:
    def parse(request: Request, labels: Mapping[str, str]) -> Params:
        params = outside(request, labels)
        if request.body:
            params[member] = read(request.body)
        return params

    return parse


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8") from None
