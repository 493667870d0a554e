"""Every service, by the name boto3 gives its client, and how its state is built. Each is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fogbank.app.wire import Wire
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import Clock
from fogbank.core.config import Settings
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.buckets import AccountThrottles
from fogbank.model.calls import Calls
from fogbank.model.service import Service
from fogbank.model.telemetry import Telemetry
from fogbank.sandbox.api import Pool
from fogbank.store.api import Blobs, Store
from fogbank.store.blobs import FileBlobs
from fogbank.store.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Parts:
    """What services are built from."""

    store: Store
    blobs: Blobs
    clock: Clock
    ids: Ids
    lanes: Lanes
    secrets: Secrets
    calls: Calls
    telemetry: Telemetry
    sessions: Sessions
    pool: Pool
    settings: Settings
    code_dir: Path
    objects_dir: Path
    wire: Wire
    api_throttles: AccountThrottles
    apis_woke: Callable[[Any], None]
    http_apis_woke: Callable[[Any], None]
    fetch_api: Callable[[Request], Awaitable[Response]]


def declared(name: str) -> Service[Any]:
    """The service's declaration: importing it declares its operations."""
    folder = "lambda_" if name == "lambda" else name
    service: Service[Any] = import_module(f"fogbank.services.{folder}").SERVICE
    return service


def _lambda(parts: Parts) -> Any:
    from fogbank.services.lambda_ import Lambda

    return Lambda(
        store=parts.store,
        blobs=parts.blobs,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        secrets=parts.secrets,
        pool=parts.pool,
        telemetry=parts.telemetry,
        sessions=parts.sessions,
        code_dir=parts.code_dir,
        settings=parts.settings,
        calls=parts.calls,
    )


def _logs(parts: Parts) -> Any:
    from fogbank.services.logs import Logs

    return Logs(store=parts.store, clock=parts.clock, ids=parts.ids, lanes=parts.lanes, calls=parts.calls)


def _cloudwatch(parts: Parts) -> Any:
    from fogbank.services.cloudwatch import CloudWatch

    return CloudWatch(store=parts.store, clock=parts.clock, ids=parts.ids, lanes=parts.lanes)


def _iam(parts: Parts) -> Any:
    from fogbank.services.iam import Iam

    return Iam(store=parts.store, clock=parts.clock, ids=parts.ids, secrets=parts.secrets)


def _sts(parts: Parts) -> Any:
    from fogbank.services.sts import Sts

    return Sts(store=parts.store, clock=parts.clock, ids=parts.ids, sessions=parts.sessions)


def _s3(parts: Parts) -> Any:
    from fogbank.services.s3 import S3

    # Blobs of its own: Lambda discards packages by its own count of uses, whoever else has the same bytes.
    blobs = FileBlobs(parts.objects_dir)
    return S3(store=parts.store, blobs=blobs, clock=parts.clock, ids=parts.ids, lanes=parts.lanes)


def _sqs(parts: Parts) -> Any:
    from fogbank.services.sqs import Sqs

    return Sqs(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        telemetry=parts.telemetry,
        node=parts.settings.node,
    )


def _apigateway(parts: Parts) -> Any:
    from fogbank.services.apigateway import ApiGateway
    from fogbank.services.apigateway.execution.gateway import Gateway

    state = ApiGateway(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        calls=parts.calls,
        secrets=parts.secrets,
        telemetry=parts.telemetry,
    )
    state.execution = Gateway(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        calls=parts.calls,
        telemetry=parts.telemetry,
        secrets=parts.secrets,
        settings=parts.settings,
        throttles=parts.api_throttles,
        identify=parts.wire.identify,
        send_to_service=parts.wire.send,
    )
    parts.apis_woke(state.execution)
    return state


def _apigatewayv2(parts: Parts) -> Any:
    from fogbank.services.apigatewayv2 import ApiGatewayV2
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

    state = ApiGatewayV2(
        store=parts.store, clock=parts.clock, ids=parts.ids, lanes=parts.lanes, calls=parts.calls
    )
    state.execution = Gateway(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        calls=parts.calls,
        telemetry=parts.telemetry,
        settings=parts.settings,
        throttles=parts.api_throttles,
        identify=parts.wire.identify,
        send_to_service=parts.wire.send,
    )
    parts.http_apis_woke(state.execution)
    return state


def _apigatewaymanagementapi(parts: Parts) -> Any:
    from fogbank.services.apigatewaymanagementapi import ApiGatewayManagementApi

    return ApiGatewayManagementApi()


def _stepfunctions(parts: Parts) -> Any:
    from fogbank.services.stepfunctions import StepFunctions

    return StepFunctions(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        calls=parts.calls,
        telemetry=parts.telemetry,
        settings=parts.settings,
        sessions=parts.sessions,
        fetch=parts.fetch_api,
    )


def _events(parts: Parts) -> Any:
    from fogbank.services.events import Events

    return Events(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        secrets=parts.secrets,
        calls=parts.calls,
        telemetry=parts.telemetry,
        mode=parts.settings.auth_mode,
        node=parts.settings.node,
    )


def _dynamodb(parts: Parts) -> Any:
    from fogbank.services.dynamodb import DynamoDB

    return DynamoDB(
        store=parts.store,
        clock=parts.clock,
        ids=parts.ids,
        lanes=parts.lanes,
        node=parts.settings.node,
        is_throttled=parts.settings.dynamodb_throughput,
        telemetry=parts.telemetry,
    )


def _dynamodbstreams(parts: Parts) -> Any:
    from fogbank.services.dynamodbstreams import Streams

    return Streams(clock=parts.clock)


#: In the order in which they wake after a restart: who is called by others first.
BUILDERS: dict[str, Callable[[Parts], Any]] = {
    "lambda": _lambda,
    "logs": _logs,
    "cloudwatch": _cloudwatch,
    "iam": _iam,
    "sts": _sts,
    "s3": _s3,
    "dynamodb": _dynamodb,
    "dynamodbstreams": _dynamodbstreams,
    "sqs": _sqs,
    "apigateway": _apigateway,
    "apigatewayv2": _apigatewayv2,
    "apigatewaymanagementapi": _apigatewaymanagementapi,
    "events": _events,
    "stepfunctions": _stepfunctions,
}
