"""botocore as the other end of the wire: its serializers make our requests, its parsers read our responses."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import OperationModel as BotoOperation
from botocore.model import ServiceModel as BotoService
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from fogbank.core.http import Headers, Request, Response
from fogbank.model.loader import has_dialect, load
from fogbank.model.service import Service
from fogbank.protocol import Router

IMPLEMENTED = ("lambda", "logs", "cloudwatch", "iam", "sts", "sqs")
OTHERS = (
    "apigateway",
    "apigatewaymanagementapi",
    "apigatewayv2",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "kinesis",
    "s3",
    "sns",
    "stepfunctions",
)


@cache
def service(name: str) -> Service[Any]:
    return Service(name)


@cache
def router() -> Router:
    """Every service's model, no operation implemented: what is tested is the way, not the goal."""
    return Router({name: service(name) for name in IMPLEMENTED + OTHERS})


@cache
def boto_service(name: str, protocol: str = "") -> BotoService:
    """botocore's own model; where that has lost the names of a protocol, as old clients have them."""
    if has_dialect(name, protocol):
        return BotoService(load(name, protocol), name)
    return BotoService(Loader().load_service_model(name, "service-2"), name)


def boto_operation(name: str, operation: str, protocol: str) -> BotoOperation:
    return boto_service(name, protocol).operation_model(operation)


def credential(name: str) -> str:
    scope = boto_service(name).signing_name
    return (
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/{scope}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )


def request_of(name: str, operation: str, protocol: str, params: dict[str, Any]) -> Request:
    """The request that botocore sends for a call."""
    made = create_serializer(protocol, include_validation=False).serialize_to_request(
        params, boto_operation(name, operation, protocol)
    )
    prepare_request_dict(made, "http://localhost:4566")
    prepared = AWSRequest(
        method=made["method"], url=made["url"], data=made["body"], headers=made["headers"]
    ).prepare()
    return as_request(prepared, credential(name), protocol)


def as_request(prepared: Any, authorization: str, protocol: str) -> Request:
    target = "/" + prepared.url.removeprefix("http://").partition("/")[2]  # some operations prefix the host
    path, _, query = target.partition("?")
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    headers = [(str(key).lower(), _text(value)) for key, value in prepared.headers.items()]
    headers.append(("authorization", authorization))
    if protocol == "smithy-rpc-v2-cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return Request(
        prepared.method,
        target,
        path,
        query,
        Headers(headers),
        body.encode() if isinstance(body, str) else body,
        "127.0.0.1",
    )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class Raw:
    """A response's body as urllib3 gives it to botocore's event streams."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def stream(self) -> Any:
        yield from self.chunks

    def close(self) -> None:
        """botocore closes what it has read."""


class HeaderMap(dict[str, str]):
    """A response's headers: names in any case."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in items})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def parsed(name: str, operation: str, protocol: str, response: Response) -> dict[str, Any]:
    """What botocore makes of our response."""
    model = boto_operation(name, operation, protocol)
    body: Any = response.body
    if not isinstance(body, bytes):
        body = Raw(asyncio.run(_collect(body)))
    elif model.has_streaming_output and response.status < 300:
        body = io.BytesIO(body)
    found: dict[str, Any] = create_parser(protocol).parse(
        {
            "status_code": response.status,
            "headers": HeaderMap(response.headers),
            "body": body,
            "context": {"operation_name": operation},
        },
        model.output_shape,
    )
    return found


async def _collect(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]
