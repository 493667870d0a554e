"""Smithy RPC v2 with CBOR bodies: what the newest clients of CloudWatch speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import cbor2

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.limits import SHAPE_DEPTH_MAX
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.codec import Codec, Params, Parse, Serialize, message_member, plain_body, side
from fogbank.protocol.events import CONTENT_TYPE, EventWriter, event_member
from fogbank.protocol.json_values import READERS
from fogbank.protocol.malformed import Malformed, wrong_type
from fogbank.protocol.rest_response import HeaderItems
from fogbank.protocol.times import epoch, from_datetime, from_seconds
from fogbank.protocol.tree import Reader, TreeReader, TreeWriter, Write

EPOCH_TAG = 1


def parse_cbor(body: bytes) -> Any:
    """One data item. Bounded in depth; keys that are not strings and repeated keys are refused."""
    try:
        return cbor2.loads(
            body, max_depth=2 * SHAPE_DEPTH_MAX, allow_duplicate_keys=False, strict_hashable_types=True
        )
    except cbor2.CBORDecodeError as error:
        raise Malformed(f"Unable to parse the body as CBOR: {error}") from None


def _blob(value: Any) -> bytes:
    if type(value) is not bytes:
        raise wrong_type(value, "blob")
    return value


def _timestamp(value: Any) -> int:
    match value:
        case bool():
            raise wrong_type(value, "timestamp")
        case datetime() if value.tzinfo is not None:
            return from_datetime(value)
        case int() | float():
            return from_seconds(value)
    raise wrong_type(value, "timestamp")


CBOR_READERS = READERS | {"blob": Reader(bytes, _blob), "timestamp": Reader(None, _timestamp)}


def _timestamp_tag(time_ms: int) -> cbor2.CBORTag:
    return cbor2.CBORTag(EPOCH_TAG, epoch(time_ms))


def _scalar_writer(shape: Shape) -> Write | None:
    match shape.type:
        case "timestamp":
            return _timestamp_tag
        case "float" | "double":
            return float
    return None


class CborCodec(Codec):
    protocol = "smithy-rpc-v2-cbor"
    content_type = "application/cbor"

    def __init__(self, service: ServiceModel | None) -> None:
        super().__init__(service)
        self._readers = TreeReader(lambda shape: CBOR_READERS[shape.type])
        self._writers = TreeWriter(_scalar_writer)

    def _headers(self, request_id: str, content_type: str = content_type) -> HeaderItems:
        return [
            ("Content-Type", content_type),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-RequestId", request_id),
        ]

    def parser(self, operation: OperationModel) -> Parse:
        if operation.input is None:
            return lambda request, labels: {}
        read = self._readers.of(operation.input).read

        def parse(request: Request, labels: Mapping[str, str]) -> Params:
            body = plain_body(request)
            return read(parse_cbor(body)) if body else {}

        return parse

    def serializer(self, operation: OperationModel) -> Serialize:
        shape = operation.output
        if shape is None:
            return lambda output, request_id: Response(200, self._headers(request_id), EMPTY_MAP)
        if (member := event_member(shape)) is not None:
            initial = self.body_writer(shape, [name for name in shape.members if name != member])
            events = EventWriter(shape.members[member], self.body_writer, self.content_type)
            return lambda output, request_id: Response(
                200, self._headers(request_id, CONTENT_TYPE), events.stream(output[member], initial(output))
            )
        write = self.body_writer(shape, list(shape.members))
        return lambda output, request_id: Response(200, self._headers(request_id), write(output))

    def body_writer(self, shape: Shape, names: list[str]) -> Callable[[Any], bytes]:
        """Compile: value → CBOR of those of its members that are named."""
        write = self._writers.members(shape, names)
        return lambda value: cbor2.dumps(write(value))

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        shape = self.error_shape(error.code, operation)
        body: dict[str, Any] = {"__type": shape.name if shape else error.code}
        if error.message:
            body[message_member(shape)] = error.message
        if shape is not None and error.fields:
            body |= self._writers.members(shape, list(error.fields))(error.fields)
        headers = self._headers(request_id)
        if self.service is not None and "awsQueryCompatible" in self.service.metadata:
            headers.append(("x-amzn-query-error", f"{error.code};{side(error.status)}"))
        return Response(error.status, headers, cbor2.dumps(body))

    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        return AwsError("SerializationException", str(problem))


EMPTY_MAP = cbor2.dumps({})
