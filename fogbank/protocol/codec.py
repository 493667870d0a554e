"""What every protocol's codec is, and what they share: error shapes, compressed bodies, request-id headers.

A codec belongs to one service model. It compiles, for an operation, a parser and a serializer; the route keeps them.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.limits import HTTP_BODY_BYTES_MAX
from fogbank.model.shapes import OperationModel, ServiceModel, Shape
from fogbank.protocol.malformed import Malformed

Params = dict[str, Any]
Parse = Callable[[Request, Mapping[str, str]], Params]
Serialize = Callable[[Params, str], Response]

GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Codec(ABC):
    """One protocol of one service. `service` is None for requests whose service is not known: only errors then."""

    protocol: str

    def __init__(self, service: ServiceModel | None) -> None:
        self.service = service

    @abstractmethod
    def parser(self, operation: OperationModel) -> Parse:
        """Compile: request and labels of its path → params. The parser raises Malformed."""

    @abstractmethod
    def serializer(self, operation: OperationModel) -> Serialize:
        """Compile: output and request id → response."""

    @abstractmethod
    def error(self, error: AwsError, operation: OperationModel | None, request_id: str) -> Response:
        """The error in the protocol's form."""

    @abstractmethod
    def malformed(self, problem: Malformed, operation: OperationModel) -> AwsError:
        """The AWS error that this protocol family answers a malformed request with."""

    @cached_property
    def _error_shapes(self) -> dict[str, Shape]:
        """Every error of the model by its wire code, and by its shape's name where that is another."""
        if self.service is None:
            return {}
        found: dict[str, Shape] = {}
        for name, raw in self.service.raw["shapes"].items():
            if raw.get("exception"):
                shape = self.service.shape(name)
                found.setdefault(shape.error_code, shape)
        for shape in list(found.values()):
            found.setdefault(shape.name, shape)
        return found

    def error_shape(self, code: str, operation: OperationModel | None) -> Shape | None:
        """The modelled error of a code: the operation's own first, because services reuse codes."""
        if operation is not None:
            for shape in operation.errors.values():
                if shape.error_code == code:
                    return shape
        return self._error_shapes.get(code)


def message_member(shape: Shape | None) -> str:
    """How an error spells its message: models say `message`, `Message` or nothing."""
    if shape is not None:
        for name, member in shape.members.items():
            if name.lower() == "message":
                return str(member.trait("locationName", name))
    return "message"


def side(status: int) -> str:
    """Whose fault an error is, as query protocols put it."""
    return "Receiver" if status >= 500 else "Sender"


def plain_body(request: Request) -> bytes:
    """The body, decompressed when the client compressed it. Malformed when it does not inflate or is too large."""
    encoding = request.headers.get("content-encoding")
    if encoding is None or encoding.lower() != "gzip":
        return request.body
    inflate = zlib.decompressobj(GZIP_WINDOW)
    try:
        body = inflate.decompress(request.body, HTTP_BODY_BYTES_MAX)
    except zlib.error:
        raise Malformed("The body is not valid gzip") from None
    if inflate.unconsumed_tail:
        raise Malformed(f"The decompressed body is larger than {HTTP_BODY_BYTES_MAX} bytes")
    if not inflate.eof:
        raise Malformed("The gzip body ends early")
    return body
