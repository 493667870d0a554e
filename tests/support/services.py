"""The services that tests put into a house, and how each is built from it."""

from __future__ import annotations

from typing import Any

from fogbank.auth.tokens import Sessions
from fogbank.core.config import AuthMode
from fogbank.model.service import Service
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.services import apigateway, cloudwatch, dynamodb, dynamodbstreams, events, iam, logs, sqs, sts
from tests.support.house import Builder, House

LOGS: dict[Service[Any], Builder] = {
    cloudwatch.SERVICE: lambda h: cloudwatch.CloudWatch(
        store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes
    ),
    logs.SERVICE: lambda h: logs.Logs(store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, calls=h.calls),
}
IAM: dict[Service[Any], Builder] = {
    iam.SERVICE: lambda h: iam.Iam(store=h.store, clock=h.clock, ids=h.ids, secrets=h.secrets),
    sts.SERVICE: lambda h: sts.Sts(
        store=h.store, clock=h.clock, ids=h.ids, sessions=Sessions(h.secrets, h.clock, h.ids)
    ),
}
DYNAMODB: dict[Service[Any], Builder] = {
    dynamodb.SERVICE: lambda h: dynamodb.DynamoDB(store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes),
    dynamodbstreams.SERVICE: lambda h: dynamodbstreams.Streams(clock=h.clock),
}


EVENTS: dict[Service[Any], Builder] = {
    events.SERVICE: lambda h: events.Events(
        store=h.store,
        clock=h.clock,
        ids=h.ids,
        lanes=h.lanes,
        secrets=h.secrets,
        calls=h.calls,
        telemetry=TelemetryBatcher(h.calls, h.clock, h.ids, h.lanes),
        mode=AuthMode.OPEN,
        node="test",
    ),
}


def sqs_service(telemetry: Any) -> dict[Service[Any], Builder]:
    return {
        sqs.SERVICE: lambda h: sqs.Sqs(
            store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, telemetry=telemetry, node="test"
        )
    }


def dynamodb_house() -> House:
    """DynamoDB and its streams without sockets."""
    return House(DYNAMODB)


APIGATEWAY: dict[Service[Any], Builder] = {
    apigateway.SERVICE: lambda h: apigateway.ApiGateway(
        store=h.store,
        clock=h.clock,
        ids=h.ids,
        lanes=h.lanes,
        calls=h.calls,
        secrets=h.secrets,
        telemetry=TelemetryBatcher(h.calls, h.clock, h.ids, h.lanes),
    ),
}


def logs_house() -> House:
    """CloudWatch Logs and CloudWatch without sockets."""
    return House(LOGS)


def iam_house() -> House:
    """IAM and STS without sockets."""
    return House(IAM)


def apigateway_house() -> House:
    """API Gateway without sockets."""
    return House(APIGATEWAY)
