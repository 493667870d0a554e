"""WebSocket APIs with a real client: connecting, routes, integrations, `@connections`, bounds."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.services.apigatewayv2.conftest import HttpApis
from tests.support.waiting import until_blocking

ANSWER = """
import json
def handler(event, context):
    return {'statusCode': 200, 'body': json.dumps(event)}
"""
REFUSES = "def handler(event, context):\n    return {'statusCode': 403, 'body': 'no'}\n"
FAILS = "def handler(event, context):\n    raise ValueError('x')\n"


class SocketApi:
    """A WebSocket API being built, and connected to."""

    def __init__(self, apis: HttpApis, **members: Any) -> None:
        self.apis = apis
        self.client = apis.client
        made = self.client.create_api(
            Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action", **members
        )
        self.id: str = made["ApiId"]

    def uri(self, code: str) -> str:
        arn = self.apis.gateways.function(code)
        return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"

    def integration(self, **members: Any) -> str:
        made = self.client.create_integration(ApiId=self.id, **members)
        return str(made["IntegrationId"])

    def route(self, key: str, integration: str, *, answers: bool = True, **members: Any) -> None:
        if answers:
            members["RouteResponseSelectionExpression"] = "$default"
        route = self.client.create_route(
            ApiId=self.id, RouteKey=key, Target=f"integrations/{integration}", **members
        )
        if answers:
            self.client.create_route_response(
                ApiId=self.id, RouteId=route["RouteId"], RouteResponseKey="$default"
            )

    def function(self, key: str, code: str = ANSWER, **members: Any) -> None:
        self.route(
            key, self.integration(IntegrationType="AWS_PROXY", IntegrationUri=self.uri(code)), **members
        )

    def deploy(self) -> SocketApi:
        self.client.create_stage(ApiId=self.id, StageName="dev")
        self.client.create_deployment(ApiId=self.id, StageName="dev")
        return self

    def connect(self, query: str = "", **options: Any) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.apis.gateways.port}/_aws/execute-api/{self.id}/dev{query}"
        return connect(url, **options)

    def management(self) -> Any:
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{self.apis.server.url}/_aws/execute-api/{self.id}/dev",
            region_name="us-east-1",
            aws_access_key_id="000000000000",
            aws_secret_access_key="fogbank",
        )


def ask(client: ClientConnection, **message: Any) -> Any:
    client.send(json.dumps(message))
    return json.loads(client.recv(timeout=20))


def test_messages_take_the_route_that_they_name(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.function("hello")
    api.deploy()
    with api.connect() as client:
        event = ask(client, action="hello", x=1)
        context = event["requestContext"]
        assert (context["routeKey"], context["eventType"], context["stage"]) == ("hello", "MESSAGE", "dev")
        assert json.loads(event["body"]) == {"action": "hello", "x": 1}
        assert (context["apiId"], context["identity"]["sourceIp"]) == (api.id, "127.0.0.1")
        assert ask(client, action="other")["requestContext"]["routeKey"] == "$default"
        client.send("no json")
        assert json.loads(client.recv(timeout=20))["body"] == "no json"
        client.send(b"\xff")
        event = json.loads(client.recv(timeout=20))
        assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)
        assert event["requestContext"]["connectionId"] == context["connectionId"]


def test_what_no_route_serves(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("fails", FAILS)
    api.deploy()
    with api.connect() as client:
        refusal = ask(client, action="other")
        assert refusal["message"] == "Forbidden"
        assert set(refusal) == {"message", "connectionId", "requestId"}
        assert ask(client, action="fails")["message"] == "Internal server error"


def test_connect_may_refuse(apis: HttpApis) -> None:
    for code, status in ((REFUSES, 403), (FAILS, 502)):
        api = SocketApi(apis)
        api.function("$connect", code, answers=False)
        api.function("$default")
        api.deploy()
        with pytest.raises(InvalidStatus) as refused:
            api.connect()
        assert refused.value.response.status_code == status


POLICY = """
def handler(event, context):
    token = event['queryStringParameters'].get('token')
    if token == 'fail':
        raise Exception('Unauthorized')
    effect = 'Allow' if token == 'good' else 'Deny'
    return {'principalId': 'me', 'context': {'n': 1}, 'policyDocument': {'Version': '2012-10-17', 'Statement': [
        {'Action': 'execute-api:Invoke', 'Effect': effect, 'Resource': event['methodArn']}]}}
"""


def test_an_authorizer_guards_connect(apis: HttpApis) -> None:
    api = SocketApi(apis)
    made = api.client.create_authorizer(
        ApiId=api.id,
        Name="a",
        AuthorizerType="REQUEST",
        AuthorizerUri=api.uri(POLICY),
        IdentitySource=["route.request.querystring.token"],
    )
    guarded = {"AuthorizationType": "CUSTOM", "AuthorizerId": made["AuthorizerId"]}
    api.function("$connect", answers=False, **guarded)
    api.function("$default")
    api.deploy()
    for query, status in (("", 401), ("?token=fail", 401), ("?token=bad", 403)):
        with pytest.raises(InvalidStatus) as refused:
            api.connect(query)
        assert refused.value.response.status_code == status, query
    with api.connect("?token=good") as client:
        assert ask(client)["requestContext"]["authorizer"] == {"n": 1, "principalId": "me"}


def test_connections_are_reached_by_their_ids(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.deploy()
    management = api.management()
    with api.connect() as client:
        connection_id = ask(client)["requestContext"]["connectionId"]
        assert len(connection_id) == 16 and connection_id.endswith("=")
        management.post_to_connection(ConnectionId=connection_id, Data=b"from behind")
        assert client.recv(timeout=20) == "from behind"
        plain = apis.server.client("apigatewaymanagementapi")
        plain.post_to_connection(ConnectionId=connection_id, Data=b"\xff\xfe")
        assert client.recv(timeout=20) == b"\xff\xfe"
        found = management.get_connection(ConnectionId=connection_id)
        assert found["Identity"]["SourceIp"] == "127.0.0.1"
        assert found["LastActiveAt"] >= found["ConnectedAt"]
        with pytest.raises(ClientError) as large:
            management.post_to_connection(ConnectionId=connection_id, Data=b"x" * (128 * 1024 + 1))
        assert large.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
        management.delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)
    with pytest.raises(management.exceptions.GoneException) as gone:
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_templates_of_mocks_and_functions(apis: HttpApis) -> None:
    api = SocketApi(apis)
    mock = api.integration(
        IntegrationType="MOCK",
        RequestTemplates={"200": '{"statusCode": 200}'},
        TemplateSelectionExpression="200",
    )
    api.client.create_integration_response(
        ApiId=api.id,
        IntegrationId=mock,
        IntegrationResponseKey="/2../",
        ResponseTemplates={"$default": '{"route": "$context.routeKey", "stage": "$context.stage"}'},
    )
    api.route("ping", mock)
    custom = api.integration(
        IntegrationType="AWS",
        IntegrationUri=api.uri("def handler(event, context):\n    return event\n"),
        RequestTemplates={"$default": '{"got": $input.json("$.value")}'},
        TemplateSelectionExpression=r"\$default",
    )
    api.route("custom", custom)
    api.deploy()
    with api.connect() as client:
        assert ask(client, action="ping") == {"route": "ping", "stage": "dev"}
        assert ask(client, action="custom", value=[1]) == {"got": [1]}


def test_large_messages_end_the_connection(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.deploy()
    with api.connect(max_size=None) as client:
        client.send(["y" * 30_000] * 4)  # frames of a message
        assert len(json.loads(client.recv(timeout=20))["body"]) == 120_000
        client.send("x" * (33 * 1024))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_disconnect_tells_the_backend(apis: HttpApis) -> None:
    seen: list[bytes] = []

    class Backend(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    backend = HTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    api = SocketApi(apis)
    told = api.integration(
        IntegrationType="HTTP",
        IntegrationMethod="POST",
        IntegrationUri=f"http://127.0.0.1:{backend.server_port}/",
        RequestTemplates={
            "$default": "$context.eventType $context.disconnectStatusCode $context.connectionId"
        },
    )
    api.route("$disconnect", told, answers=False)
    api.function("$default")
    api.deploy()
    with api.connect() as client:
        connection_id = ask(client)["requestContext"]["connectionId"]
        client.close(1000)
    try:
        until_blocking(lambda: seen)
    finally:
        backend.shutdown()
        backend.server_close()
    assert seen == [f"DISCONNECT 1000 {connection_id}".encode()]
    store = apis.server.app.house.store
    assert apis.server.run(store.get(("apigatewayv2", "connections", connection_id))) is None


def test_by_tls_and_by_a_custom_domain_name(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.deploy()
    name = f"{api.id}.example.org"
    certificate = {"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1"}
    api.client.create_domain_name(DomainName=name, DomainNameConfigurations=[certificate])
    api.client.create_api_mapping(DomainName=name, ApiId=api.id, Stage="dev", ApiMappingKey="feed")
    unverified = ssl._create_unverified_context()
    where = ("127.0.0.1", apis.gateways.port)
    for url in (
        f"wss://{api.id}.execute-api.us-east-1.localhost.localstack.cloud:{where[1]}/dev",
        f"wss://{name}:{where[1]}/feed",
    ):
        plain = socket.create_connection(where)
        with connect(url, ssl=unverified, sock=plain) as client:
            event = ask(client, x="y" * 20_000)
            assert event["requestContext"]["domainName"].startswith(api.id)
    assert apis.gateways.call("/feed", host=name).status == 426


def test_models_judge_messages(apis: HttpApis) -> None:
    api = SocketApi(apis)
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "number"}}}
    api.client.create_model(ApiId=api.id, Name="Number", Schema=json.dumps(schema))
    api.function(
        "$default", RequestModels={"$default": "Number"}, ModelSelectionExpression="$request.body.kind"
    )
    api.deploy()
    with api.connect() as client:
        assert ask(client, n="x")["message"] == "Bad request body"
        assert json.loads(ask(client, n=1)["body"]) == {"n": 1}


def test_a_deployment_holds_for_open_connections(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.deploy()
    with api.connect() as client:
        assert ask(client, action="new")["requestContext"]["routeKey"] == "$default"
        api.function("new")
        api.client.create_deployment(ApiId=api.id, StageName="dev")
        assert ask(client, action="new")["requestContext"]["routeKey"] == "new"


def test_routes_are_throttled(apis: HttpApis) -> None:
    api = SocketApi(apis)
    api.function("$default")
    api.deploy()
    settings = {"$default": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}}
    api.client.update_stage(ApiId=api.id, StageName="dev", RouteSettings=settings)
    with api.connect() as client:
        assert "body" in ask(client)
        assert ask(client)["message"] == "Too Many Requests"


def test_a_function_chooses_the_subprotocol(apis: HttpApis) -> None:
    api = SocketApi(apis)
    chooses = (
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'headers': {'Sec-WebSocket-Protocol': 'b'}}\n"
    )
    api.function("$connect", chooses, answers=False)
    api.deploy()
    with api.connect(subprotocols=["a", "b"]) as client:
        assert client.subprotocol == "b"


def test_many_messages_at_once_are_all_served(apis: HttpApis) -> None:
    """More than one connection may have in work: it is read no further, and then goes on."""
    api = SocketApi(apis)
    api.function(
        "$default", "def handler(event, context):\n    return {'statusCode': 200, 'body': event['body']}\n"
    )
    api.deploy()
    with api.connect() as client:
        for number in range(100):
            client.send(str(number))
        assert {int(client.recv(timeout=20)) for _ in range(100)} == set(range(100))
