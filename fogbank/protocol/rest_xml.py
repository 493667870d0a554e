"""REST with XML bodies: S3 and its like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.body_digests import wrong_digest
from fogbank.protocol.codec import Params, Parse, side
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.rest import ReadBody, RestCodec, WriteBody
from fogbank.protocol.rest_response import HeaderItems, ResponseBindings
from fogbank.protocol.times import iso8601_ms
from fogbank.protocol.xml_read import XmlReader, parse_xml
from fogbank.protocol.xml_write import DECLARATION, XmlWriter, escape, namespace_attributes

#: Services whose error is the root element, and whose request ids have names of their own.
STORAGE = ("s3", "s3control")


class RestXmlCodec(RestCodec):
    protocol = "rest-xml"
    content_type = "application/xml"
    event_content_type = "text/xml"
    blob_content_type = "application/octet-stream"

    def __init__(self, service: ServiceModel | None) -> None:
        super().__init__(service)
        self._readers = XmlReader()
        self._writers = XmlWriter(iso8601_ms)
        self._is_storage = service is None or service.name in STORAGE
        self.empty_is_absent = self._is_storage

    def body_reader(self, shape: Shape, names: list[str]) -> ReadBody:
        read = self._readers.members(shape, names)
        return lambda body: read(parse_xml(body))

    def parser(self, operation: OperationModel) -> Parse:
        parse = super().parser(operation)
        payload = operation.input.payload if operation.input is not None else None
        is_content = (
            payload is not None
            and operation.input is not None
            and operation.input.members[payload].type == "blob"
        )
        checked = operation.raw.get("httpChecksum", {}).get("requestAlgorithmMember")
        return parse if is_content or not checked else _with_checksum(parse)

    def body_writer(self, shape: Shape, names: list[str]) -> WriteBody:
        if shape.trait("unwrapped"):
            write_member = self.payload_writer(shape.members[names[0]])
            return lambda value: write_member(value.get(names[0], ""))
        inside = self._writers.members(shape, names)
        root = shape.trait("locationName", shape.name)
        namespace = namespace_attributes(shape.trait("xmlNamespace") or self._namespace)
        start = f"{DECLARATION}<{root}{namespace}>"

        def write(value: Any) -> bytes:
            parts = [start]
            inside(value, parts.append)
            parts.append(f"</{root}>")
            return "".join(parts).encode()

        return write

    @property
    def _namespace(self) -> Any:
        return self.service.metadata.get("xmlNamespace") if self.service else None

    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        read = self._readers.of(shape)
        return lambda body: read(parse_xml(body))

    def payload_writer(self, shape: Shape) -> WriteBody:
        if shape.type == "structure":
            return self.body_writer(shape, list(shape.members))
        write_element = self._writers.of(shape, shape.trait("locationName", shape.name))

        def write(value: Any) -> bytes:
            parts = [DECLARATION]
            write_element(value, parts.append)
            return "".join(parts).encode()

        return write

    def request_id_headers(self, request_id: str) -> HeaderItems:
        if self._is_storage:
            return [("x-amz-request-id", request_id), ("x-amz-id-2", request_id)]
        return [("x-amzn-RequestId", request_id)]

    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        items = self.request_id_headers(request_id)
        parts = [f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"]
        self._add_fields(error, operation, items, parts)
        items.append(("Content-Type", self.content_type))
        if self._is_storage:
            ids = f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId>"
            body = f"{DECLARATION}<Error>{''.join(parts)}{ids}</Error>"
        else:
            kind = f"<Type>{side(error.status)}</Type>"
            start = f"{DECLARATION}<ErrorResponse{namespace_attributes(self._namespace)}>"
            body = f"{start}<Error>{kind}{''.join(parts)}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        return Response(error.status, items, body.encode())

    def _add_fields(
        self, error: AwsError, operation: OperationModel | None, items: HeaderItems, parts: list[str]
    ) -> None:
        """The error's further members. S3 models none of them, and still answers with `<BucketName>` and such."""
        shape = self.error_shape(error.code, operation)
        bindings = ResponseBindings(shape) if shape is not None else None
        if shape is not None and bindings is not None:
            bindings.compile()(error.fields, items)
            self._writers.members(shape, bindings.body)(error.fields, parts.append)
        for name, value in error.fields.items():
            if shape is None or name not in shape.members:
                parts.append(f"<{name}>{escape(str(value))}</{name}>")

    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        return AwsError("MalformedXML" if self._is_storage else "MalformedInput", str(problem))


def _with_checksum(parse: Parse) -> Parse:
    """Checks the checksum or MD5 that came with an XML body: the operation does not see the body's bytes."""

    def checked(request: Request, labels: Mapping[str, str]) -> Params:
        wrong = wrong_digest(request)
        if wrong is not None:
            raise AwsError("BadDigest", f"The {wrong} you specified did not match the calculated checksum.")
        return parse(request, labels)

    return checked
