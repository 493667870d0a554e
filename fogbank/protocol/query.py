"""The query protocol: `Action`, `Version` and dotted form fields in, XML out. IAM, STS, SNS, older CloudWatch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.limits import SHAPE_DEPTH_MAX
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.codec import Codec, Params, Parse, Serialize, plain_body, side
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.memo import refer
from fogbank.protocol.rest_request import parse_query
from fogbank.protocol.rest_response import HeaderItems
from fogbank.protocol.scalars import FromText, reader_of
from fogbank.protocol.times import iso8601
from fogbank.protocol.xml_write import XmlWriter, escape, namespace_attributes

CONTENT = ("Content-Type", "text/xml")
#: Services whose resources have URLs that requests may go to: the member that such a URL stands for.
PATHS = {"sqs": "QueueUrl"}
RESOURCE_PATH = re.compile(r"/[0-9]{12}/[^/]+/?\Z")
#: Services whose documents begin so, and whose errors end with an empty `Detail`.
DECLARED = {"sqs": '<?xml version="1.0"?>'}
#: What the JSON protocols of a service say in other words.
WORDINGS = {
    "AWS.SimpleQueueService.NonExistentQueue": "The specified queue does not exist for this wsdl version."
}
#: Services that say in other words that they have no such action.
OWN_WORDS = {"sqs": "The action {action} is not valid for this endpoint."}
#: Coral's answer to a request that names no action.
NO_ACTION = "UnknownOperationException"


class Node:
    """One level of dotted names: its own text, and what is below it."""

    __slots__ = ("below", "text")

    def __init__(self) -> None:
        self.text: str | None = None
        self.below: dict[str, Node] = {}


ReadNode = Callable[[Node], Any]


def parse_form(request: Request) -> Node:
    """The fields of the query string and of the form body as a tree. Malformed past the bounds."""
    root = Node()
    texts = [request.query] if request.query else []
    if body := plain_body(request):
        try:
            texts.append(body.decode("ascii"))
        except UnicodeDecodeError:
            raise Malformed("The form body is not ASCII") from None
    for text in texts:
        for name, values in parse_query(text).items():
            if name.count(".") > 2 * SHAPE_DEPTH_MAX:
                raise Malformed(f"Nested deeper than {SHAPE_DEPTH_MAX} levels")
            node = root
            for step in name.split("."):
                node = node.below.setdefault(step, Node())
            node.text = values[0]
    return root


class FormReader:
    """Compiles readers of shapes over form fields."""

    def __init__(self) -> None:
        self._structures: dict[str, ReadNode] = {}

    def of(self, shape: Shape) -> ReadNode:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                flattened = bool(shape.trait("flattened"))
                return _list(self.of(shape.member), None if flattened else _item_name(shape))
            case "map":
                return self._map(shape)
        return _scalar(reader_of(shape))

    def _structure(self, shape: Shape) -> ReadNode:
        if (found := self._structures.get(shape.name)) is not None:
            return found
        self._structures[shape.name] = refer(self._structures, shape.name)
        table = {_field_name(name, member): (name, self.of(member)) for name, member in shape.members.items()}
        for name, member in shape.members.items():
            # AWS takes flattened maps by the member's own name as well (`MessageAttributes.1.Name`; a recording).
            if member.type == "map" and member.trait("flattened") and name not in table:
                table[name] = table[_field_name(name, member)]
        built = self._structures[shape.name] = _structure(table)
        return built

    def _map(self, shape: Shape) -> ReadNode:
        key_name, value_name = (
            shape.key.trait("locationName", "key"),
            shape.value.trait("locationName", "value"),
        )
        read_key, read_value = self.of(shape.key), self.of(shape.value)
        entry = None if shape.trait("flattened") else "entry"
        alone = {key_name, value_name}

        def read(node: Node) -> dict[str, Any]:
            held: dict[str, Any] = {}
            is_alone = entry is None and node.below and node.below.keys() <= alone
            for index, item in [(1, node)] if is_alone else _numbered(node, entry):
                key, value = item.below.get(key_name), item.below.get(value_name)
                if value is None:
                    raise Malformed(f"A map entry has no {key_name} or no {value_name}").at(index)
                held[read_key(key) if key is not None else ""] = read_value(value)
            return held

        return read


def _item_name(shape: Shape) -> str:
    return str(shape.member.trait("locationName", "member"))


def _field_name(name: str, member: Shape) -> str:
    """A member's first step: a flattened list goes by the name of its items, when they have one."""
    if member.type == "list" and member.trait("flattened"):
        inner = member.member.trait("locationName")
        if inner:
            return str(inner)
    return str(member.trait("locationName", name))


def _numbered(node: Node, between: str | None) -> list[tuple[int, Node]]:
    """The items `.1`, `.2`, … in order. Numbers may have gaps: clients leave them."""
    if between is not None:
        inner = node.below.get(between)
        if inner is None:
            return []
        node = inner
    found = []
    for name, item in node.below.items():
        if not (name.isascii() and name.isdigit() and len(name) < 10):
            raise Malformed(f"'{name[:64]}' is not the number of a list item")
        found.append((int(name), item))
    found.sort(key=lambda pair: pair[0])
    return found


def _list(read_item: ReadNode, between: str | None) -> ReadNode:
    def read(node: Node) -> list[Any]:
        held = []
        if between is None and node.text:
            held.append(read_item(node))  # `AttributeName=All`: one alone needs no number
        for index, item in _numbered(node, between):
            try:
                held.append(read_item(item))
            except Malformed as problem:
                raise problem.at(index) from None
        return held

    return read


def _structure(table: dict[str, tuple[str, ReadNode]]) -> ReadNode:
    def read(node: Node) -> dict[str, Any]:
        out = {}
        for step, below in node.below.items():
            entry = table.get(step)
            if entry is not None:
                try:
                    out[entry[0]] = entry[1](below)
                except Malformed as problem:
                    raise problem.at(step) from None
        return out

    return read


def _scalar(convert: FromText | None) -> ReadNode:
    def read(node: Node) -> Any:
        if node.text is None:
            raise Malformed("Unexpected complex element")
        return node.text if convert is None else convert(node.text)

    return read


def wording(error: AwsError) -> str:
    return WORDINGS.get(error.code, error.message)


class QueryCodec(Codec):
    protocol = "query"

    def __init__(self, service: ServiceModel | None) -> None:
        super().__init__(service)
        self._readers = FormReader()
        self._writers = XmlWriter(iso8601)
        self._namespace = namespace_attributes(service.metadata.get("xmlNamespace")) if service else ""
        self._declaration = DECLARED.get(service.name, "") if service else ""

    def parser(self, operation: OperationModel) -> Parse:
        if operation.input is None:
            return lambda request, labels: {}
        read = self._readers.of(operation.input)
        by_path = PATHS.get(operation.service.name)
        is_of_resource = by_path in operation.input.members

        def parse(request: Request, labels: Mapping[str, str]) -> Params:
            params: Params = read(parse_form(request))
            if by_path is not None and request.path != "/":
                if is_of_resource:
                    params.setdefault(by_path, request.path.removesuffix("/"))  # AWS's own examples end so
                elif RESOURCE_PATH.match(request.path):
                    raise AwsError(
                        "InvalidAction", OWN_WORDS[operation.service.name].format(action=operation.name)
                    )
            return params

        return parse

    def _headers(self, request_id: str) -> HeaderItems:
        return [CONTENT, ("x-amzn-RequestId", request_id)]

    def serializer(self, operation: OperationModel) -> Serialize:
        start = f"{self._declaration}<{operation.name}Response{self._namespace}>"
        wrapper = operation.result_wrapper
        opening, closing = (f"<{wrapper}>", f"</{wrapper}>") if wrapper else ("", "")
        shape = operation.output
        inside = self._writers.members(shape, list(shape.members)) if shape else None

        def serialize(output: Params, request_id: str) -> Response:
            parts = [start, opening]
            if inside is not None:
                inside(output, parts.append)
            parts.append(
                f"{closing}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
                f"</{operation.name}Response>"
            )
            return Response(200, self._headers(request_id), "".join(parts).encode())

        return serialize

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        if self._declaration and error.code == NO_ACTION:
            return Response(error.status, self._headers(request_id), f"<{NO_ACTION}/>\n".encode())
        parts = [
            f"{self._declaration}<ErrorResponse{self._namespace}><Error><Type>{side(error.status)}</Type>"
            f"<Code>{escape(error.code)}</Code><Message>{escape(wording(error))}</Message>"
        ]
        if self._declaration:
            parts.append("<Detail/>")
        shape = self.error_shape(error.code, operation)
        if shape is not None and error.fields:
            self._writers.members(shape, list(shape.members))(error.fields, parts.append)
        parts.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return Response(error.status, self._headers(request_id), "".join(parts).encode())

    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        return AwsError("MalformedInput", str(problem))
