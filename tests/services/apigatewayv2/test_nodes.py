"""Two whole fogbanks on one PostgreSQL: a client connects to one of them, its backend speaks to the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.services.apigatewayv2.conftest import HttpApis
from tests.services.apigatewayv2.test_websockets import SocketApi
from tests.store.backends import schema
from tests.support.waiting import until_blocking

SAYS_WHO = {"IntegrationType": "MOCK", "RequestTemplates": {"$default": '{"statusCode": 200}'}}
ANSWER = {"ResponseTemplates": {"$default": '{"id": "$context.connectionId"}'}}


@pytest.fixture
def nodes(postgres: str, tmp_path: Path) -> Iterator[tuple[Fogbank, Fogbank]]:
    with (
        schema(postgres) as url,
        Fogbank(Settings(store_url=url, data_dir=tmp_path / "a")) as one,
        Fogbank(Settings(store_url=url, data_dir=tmp_path / "b")) as other,
    ):
        yield one, other


def management(server: Fogbank, api: SocketApi) -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{server.url}/_aws/execute-api/{api.id}/dev",
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="fogbank",
    )


def test_a_backend_on_another_node_reaches_the_client(nodes: tuple[Fogbank, Fogbank]) -> None:
    one, other = nodes
    api = SocketApi(HttpApis(one))
    mock = api.integration(**SAYS_WHO)
    api.client.create_integration_response(
        ApiId=api.id, IntegrationId=mock, IntegrationResponseKey="$default", **ANSWER
    )
    api.route("$default", mock)
    api.deploy()
    elsewhere = management(other, api)
    with api.connect() as client:
        client.send("{}")
        connection_id = json.loads(client.recv(timeout=20))["id"]
        elsewhere.post_to_connection(ConnectionId=connection_id, Data=b"from elsewhere")
        assert client.recv(timeout=20) == "from elsewhere"
        assert elsewhere.get_connection(ConnectionId=connection_id)["Identity"]["SourceIp"] == "127.0.0.1"
        elsewhere.delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)

    def gone() -> bool:
        try:
            elsewhere.post_to_connection(ConnectionId=connection_id, Data=b"x")
        except ClientError as error:
            return error.response["Error"]["Code"] == "GoneException"
        return False

    until_blocking(gone)
