"""What query services answered before there was a JSON protocol, to who accepts JSON: API Gateway does, and some curl users.

`{"SendMessageResponse": {"SendMessageResult": {…}, "ResponseMetadata": {"RequestId": …}}}`: every member of a structure, null
when it is absent; maps as lists of `{"Name": …, "Value": …}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Response
from fogbank.model.shapes import OperationModel, Shape
from fogbank.protocol.codec import Params, Serialize, side
from fogbank.protocol.json_values import dump_json
from fogbank.protocol.query import QueryCodec, wording
from fogbank.protocol.rest_response import HeaderItems
from fogbank.protocol.scalars import encode_base64

CONTENT = ("Content-Type", "application/json")
#: Members that go by other names there.
NAMES = {"Messages": "messages", "QueueUrls": "queueUrls"}

Convert = Callable[[Any], Any]


class QueryJsonCodec(QueryCodec):
    """Requests are those of the query protocol."""

    def _headers(self, request_id: str) -> HeaderItems:
        return [CONTENT, ("x-amzn-RequestId", request_id)]

    def serializer(self, operation: OperationModel) -> Serialize:
        convert = _structure(operation.output) if operation.output is not None else None
        wrapper = operation.result_wrapper

        def serialize(output: Params, request_id: str) -> Response:
            answer: dict[str, Any] = {}
            if convert is not None:
                result = convert(output)
                answer = {wrapper: result} if wrapper else result
            answer["ResponseMetadata"] = {"RequestId": request_id}
            body = dump_json({f"{operation.name}Response": answer})
            return Response(200, self._headers(request_id), body)

        return serialize

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        told = {
            "Code": error.code,
            "Detail": None,
            "Message": wording(error),
            "Type": side(error.status),
        }
        body = dump_json({"Error": told, "RequestId": request_id})
        return Response(error.status, self._headers(request_id), body)


def _of(shape: Shape) -> Convert | None:
    """None: the value as it is. No output of these services is recursive."""
    match shape.type:
        case "structure":
            return _structure(shape)
        case "list":
            item = _of(shape.member)
            return None if item is None else lambda value: [item(each) for each in value]
        case "map":
            inner = _of(shape.value) or (lambda value: value)
            return lambda value: [{"Name": key, "Value": inner(each)} for key, each in value.items()]
        case "blob":
            return encode_base64
    return None


def _structure(shape: Shape) -> Convert:
    members = [(name, NAMES.get(name, name), _of(member)) for name, member in sorted(shape.members.items())]

    def convert(value: Params) -> Params:
        found = {}
        for name, wire, inner in members:
            given = value.get(name)
            found[wire] = given if given is None or inner is None else inner(given)
        return found

    return convert
