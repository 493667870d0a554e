"""The whole app, in the order in which one thing needs another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

from deploy import data, feed, functions, http_api, queues, rest_api, roles, workflow
from deploy.apis_v2 import STAGE

AWS_APIS = "https://{id}.execute-api.{region}.amazonaws.com/{stage}"


@dataclass(frozen=True)
class Deployed:
    """What the app is reached by."""

    functions: dict[str, str]  # alias ARN by name
    queues: dict[str, str]  # URL by name
    activity: str  # ARN: what the worker polls
    state_machine: str  # ARN
    rest_api: rest_api.RestApi
    http_api: str  # its id
    feed: str  # the same


def deploy(session: boto3.Session, endpoint_url: str | None = None, apis_at: str = AWS_APIS) -> Deployed:
    """Deploy everything. `apis_at`: where APIs answer."""

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint_url)

    role = roles.put_role(client("iam"))
    urls, arns = queues.put_queues(client("sqs"))
    stream = data.put_tables(client("dynamodb"))
    v2 = client("apigatewayv2")
    news = feed.put_feed(v2)
    connections = apis_at.format(id=news, region=session.region_name, stage=STAGE)
    aliases = functions.put_functions(client("lambda"), role, urls, connections)
    data.put_mappings(client("lambda"), aliases, stream, arns)
    states = client("stepfunctions")
    activity = states.create_activity(name="orders-charge")["activityArn"]
    machine = workflow.put_state_machine(
        states,
        role,
        Stock=aliases["orders-stock"],
        Pack=aliases["orders-pack"],
        Charge=activity,
        Confirmations=urls["orders-confirmations"],
    )
    api = rest_api.put_rest_api(
        client("apigateway"), client("lambda"), role, aliases["orders-catalogue"], machine
    )
    feed.put_feed_routes(v2, client("lambda"), news, aliases["orders-feed"])
    http = http_api.put_http_api(v2, client("lambda"), role, aliases, machine)
    return Deployed(aliases, urls, activity, machine, api, http, news)
