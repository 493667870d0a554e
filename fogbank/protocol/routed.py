"""A request whose operation is known: what the edge parses, runs and answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Request, Response
from fogbank.core.records import hot_record
from fogbank.model.service import Operation
from fogbank.model.shapes import OperationModel, ServiceModel
from fogbank.protocol.codec import Codec, Params, Parse, Serialize
from fogbank.protocol.malformed import Malformed


class Declared(Protocol):
    """A service as routes need it: its model, and its operations once they are asked for."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> ServiceModel: ...

    @property
    def operations(self) -> dict[str, Operation]: ...


@dataclass(eq=False, slots=True)
class Endpoint:
    """One operation in one protocol; its codec closures are compiled on first use and kept."""

    codec: Codec
    model: OperationModel
    service: Declared
    _operation: Operation | None = field(default=None, repr=False)
    _parse: Parse | None = field(default=None, repr=False)
    _serialize: Serialize | None = field(default=None, repr=False)

    @property
    def operation(self) -> Operation | None:
        """None: botocore knows it, fogbank does not implement it. Asking imports the service."""
        if self._operation is None:
            self._operation = self.service.operations.get(self.model.name)
        return self._operation

    def parse(self, request: Request, labels: Mapping[str, str]) -> Params:
        if (parse := self._parse) is None:
            parse = self._parse = self.codec.parser(self.model)
        return parse(request, labels)

    def serialize(self, output: Params, request_id: str) -> Response:
        if (serialize := self._serialize) is None:
            serialize = self._serialize = self.codec.serializer(self.model)
        return serialize(output, request_id)


NO_LABELS: dict[str, str] = {}


@hot_record
class Routed:
    """Where a request goes. Made even for requests that go nowhere, so that they are refused in their own protocol.

    `service` is the boto3 client name, or what the request calls it when fogbank has no such service; "" when the
    request names none. `problem` is why nothing can be run; `parse` raises it.
    """

    codec: Codec
    service: str
    endpoint: Endpoint | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    problem: AwsError | None = None

    @property
    def protocol(self) -> str:
        """json, rest-json, rest-xml, query or smithy-rpc-v2-cbor."""
        return self.codec.protocol

    @property
    def operation(self) -> Operation | None:
        """The implemented operation; None when `parse` would raise."""
        return self.endpoint.operation if self.endpoint is not None else None

    @property
    def model(self) -> OperationModel | None:
        return self.endpoint.model if self.endpoint is not None else None

    def parse(self, request: Request) -> Params:
        """The input by wire names, types checked, constraints not. Raises AwsError: unknown operation, not
        implemented, or malformed, each as the service's protocol family words it."""
        endpoint = self.endpoint
        if self.problem is not None:
            raise self.problem
        if endpoint is None or endpoint.operation is None:
            raise NotSupported(f"{self.service} {endpoint.model.name if endpoint else ''}".rstrip())
        try:
            return endpoint.parse(request, self.labels)
        except Malformed as problem:
            raise self.codec.malformed(problem, endpoint.model) from None

    def serialize(self, output: dict[str, Any], request_id: str) -> Response:
        """The answer of a call that went well."""
        assert self.endpoint is not None
        return self.endpoint.serialize(output, request_id)

    def fail(self, error: AwsError, request_id: str) -> Response:
        """The answer of a call that failed."""
        return self.codec.error(error, self.model, request_id)
