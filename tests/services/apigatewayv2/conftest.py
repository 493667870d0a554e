"""One fogbank for all tests of HTTP and WebSocket APIs; each builds APIs of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.support.rest_apis import Gateways, Reply

ECHO = "def handler(event, context):\n    return event\n"


class HttpApi:
    """An HTTP API being built by boto3, and called."""

    def __init__(self, apis: HttpApis, **members: Any) -> None:
        self.apis = apis
        self.client = apis.client
        made = self.client.create_api(**{"Name": "api", "ProtocolType": "HTTP"} | members)
        self.id: str = made["ApiId"]

    def integration(self, **members: Any) -> str:
        made = self.client.create_integration(ApiId=self.id, **members)
        return f"integrations/{made['IntegrationId']}"

    def function(self, code: str = ECHO, version: str = "2.0", **members: Any) -> str:
        return self.integration(
            IntegrationType="AWS_PROXY",
            IntegrationUri=self.apis.gateways.function(code),
            PayloadFormatVersion=version,
            **members,
        )

    def route(self, key: str, target: str, **members: Any) -> str:
        return str(self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **members)["RouteId"])

    def stage(self, name: str = "$default", **members: Any) -> HttpApi:
        self.client.create_stage(ApiId=self.id, StageName=name, **{"AutoDeploy": True} | members)
        return self

    def call(self, path: str, **request: Any) -> Reply:
        host = f"{self.id}.execute-api.us-east-1.localhost.localstack.cloud:{self.apis.gateways.port}"
        return self.apis.gateways.call(path, **{"host": host} | request)


class HttpApis:
    """A fogbank and clients of it."""

    def __init__(self, server: Fogbank) -> None:
        self.server = server
        self.gateways = Gateways(server)
        self.client = server.client("apigatewayv2")

    def api(self, **members: Any) -> HttpApi:
        return HttpApi(self, **members)


@pytest.fixture(scope="session")
def apis() -> Iterator[HttpApis]:
    with Fogbank(Settings()) as server:
        yield HttpApis(server)
