"""HTTP APIs: backends, services, authorizers, CORS, throttles, logs."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.services.apigatewayv2.conftest import HttpApis
from tests.support.waiting import until_blocking

ROLE = "arn:aws:iam::000000000000:role/r"


class Backend:
    """Answers what it was asked; `/.well-known/…` is an issuer's."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                status = 200
                if self.path.endswith("/openid-configuration"):
                    answer: Any = {"jwks_uri": f"{backend.url}/keys"}
                elif self.path == "/keys":
                    answer = backend.jwks()
                else:
                    status = int(self.headers.get("x-status") or 200)
                    headers = [[name.lower(), value] for name, value in self.headers.items()]
                    answer = {
                        "method": self.command,
                        "path": self.path,
                        "headers": headers,
                        "body": body.decode(),
                    }
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Backend", "mine")
                self.send_header("Access-Control-Allow-Origin", "http://backend")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = handle_one

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def jwks(self) -> Any:
        numbers = self.key.public_key().public_numbers()
        return {"keys": [{"kid": "1", "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def token(self, **claims: Any) -> str:
        parts = [_bytes(json.dumps(each).encode()) for each in ({"alg": "RS256", "kid": "1"}, claims)]
        signature = self.key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, _bytes(signature)])


def _bytes(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _number(value: int) -> str:
    return _bytes(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    found = Backend()
    yield found
    found.server.shutdown()
    found.server.server_close()


def proxy(apis: HttpApis, url: str, **members: Any) -> Any:
    api = apis.api()
    target = api.integration(
        IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", IntegrationUri=url, **members
    )
    return api, target


def test_a_backend_gets_the_request_as_it_was_mapped(apis: HttpApis, backend: Backend) -> None:
    api, target = proxy(
        apis,
        f"{backend.url}/base/{{id}}",
        RequestParameters={
            "append:header.x-user": "u-${request.path.id}-${context.stage}",
            "overwrite:header.x-old": "new",
            "remove:header.x-gone": "''",
            "append:querystring.q": "$request.header.x-old",
            "remove:querystring.secret": "''",
        },
        ResponseParameters={
            "200": {"append:header.x-added": "$context.httpMethod", "remove:header.x-backend": ""},
            "500": {"overwrite:statuscode": "418"},
        },
    )
    api.route("ANY /pets/{id}", target)
    api.stage("dev")
    reply = api.call(
        "/dev/pets/7?a=1&secret=2",
        method="POST",
        body="hi",
        headers={"X-Old": "old", "X-Gone": "1"},
    )
    seen = reply.json
    headers = dict(seen["headers"])
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/base/7?a=1&q=old", "hi")
    assert (headers["x-user"], headers["x-old"], "x-gone" in headers) == ("u-7-dev", "new", False)
    assert headers["forwarded"].endswith(
        f"host={api.id}.execute-api.us-east-1.localhost.localstack.cloud:{apis.gateways.port};proto=http"
    )
    assert (reply.header("x-added"), reply.header("x-backend")) == ("POST", None)
    assert api.call("/dev/pets/7", headers={"X-Status": "500"}).status == 418


def test_a_path_may_be_replaced(apis: HttpApis, backend: Backend) -> None:
    api, target = proxy(apis, backend.url, RequestParameters={"overwrite:path": "$request.path.proxy"})
    api.route("GET /a/{proxy+}", target)
    api.stage()
    assert api.call("/a/b/c").json["path"] == "/b/c"


def test_a_backend_that_is_away_is_503(apis: HttpApis) -> None:
    api, target = proxy(apis, "http://127.0.0.1:9/")
    api.route("GET /", target)
    api.stage()
    reply = api.call("/")
    assert (reply.status, reply.text) == (503, '{"message":"Service Unavailable"}')


def test_tokens_are_verified(apis: HttpApis, backend: Backend) -> None:
    api = apis.api()
    authorizer = api.client.create_authorizer(
        ApiId=api.id,
        Name="jwt",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": backend.url, "Audience": ["me"]},
    )["AuthorizerId"]
    guarded = {"AuthorizationType": "JWT", "AuthorizerId": authorizer}
    target = api.function()
    api.route("GET /open", target, **guarded)
    api.route("GET /scoped", target, AuthorizationScopes=["read", "write"], **guarded)
    api.stage()
    good = {"iss": backend.url, "aud": "me", "exp": 4_000_000_000, "sub": "x", "groups": ["a", "b"]}

    def call(path: str, **claims: Any) -> Any:
        return api.call(path, headers={"Authorization": f"Bearer {backend.token(**claims)}"})

    missing = api.call("/open")
    assert (missing.status, missing.text) == (401, '{"message":"Unauthorized"}')
    assert missing.header("www-authenticate") == "Bearer"
    for change, description in (
        ({"aud": "you"}, "the token does not have a valid audience"),
        ({"iss": "http://other"}, "the token does not have a valid issuer"),
        ({"exp": 1}, "the token has expired"),
    ):
        reply = call("/open", **good | change)
        assert (reply.status, reply.json) == (401, {"message": "Unauthorized"})
        challenge = f'Bearer scope="" error="invalid_token" error_description="{description}"'
        assert reply.header("www-authenticate") == challenge
    jwt = call("/open", **good).json["requestContext"]["authorizer"]["jwt"]
    assert (jwt["claims"]["groups"], jwt["claims"]["exp"], jwt["scopes"]) == ("[a b]", "4000000000", None)
    refused = call("/scoped", **good, scope="other")
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})
    assert 'error="insufficient_scope"' in (refused.header("www-authenticate") or "")
    jwt = call("/scoped", **good, scope="read more").json["requestContext"]["authorizer"]["jwt"]
    assert jwt["scopes"] == ["more", "read"]
    # client_id stands in for aud where there is none.
    client = {name: value for name, value in good.items() if name != "aud"} | {"client_id": "me"}
    assert call("/open", **client).status == 200


AUTHORIZER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    [token] = event['identitySource']
    if token == 'error':
        raise ValueError('x')
    return {'isAuthorized': token == 'good', 'context': {'calls': calls, 'route': event['routeArn']}}
"""
POLICIES = """
def handler(event, context):
    effect = 'Allow' if event['identitySource'] == 'good' else 'Deny'
    return {'principalId': 'p', 'context': {'a': 1}, 'policyDocument': {'Version': '2012-10-17', 'Statement': [
        {'Effect': effect, 'Action': 'execute-api:Invoke', 'Resource': event['methodArn']}]}}
"""


def lambda_authorizer(apis: HttpApis, api: Any, code: str, **members: Any) -> dict[str, str]:
    arn = apis.gateways.function(code)
    made = api.client.create_authorizer(
        ApiId=api.id,
        Name="f",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
        IdentitySource=["$request.header.X-Token"],
        **members,
    )
    return {"AuthorizationType": "CUSTOM", "AuthorizerId": made["AuthorizerId"]}


def test_functions_authorize_simply_and_are_cached(apis: HttpApis) -> None:
    api = apis.api()
    guarded = lambda_authorizer(
        apis,
        api,
        AUTHORIZER,
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=60,
    )
    api.route("GET /{p}", api.function(), **guarded)
    api.stage()
    assert api.call("/a").status == 401
    reply = api.call("/a", headers={"X-Token": "bad"})
    assert (reply.status, reply.text) == (403, '{"message":"Forbidden"}')
    reply = api.call("/a", headers={"X-Token": "error"})
    assert (reply.status, reply.text) == (500, '{"message":"Internal Server Error"}')
    first, again = (
        api.call("/a", headers={"X-Token": "good"}).json["requestContext"]["authorizer"]["lambda"]
        for _ in range(2)
    )
    assert first == again
    assert first["route"].endswith(f":{api.id}/$default/GET/a")
    api.client.reset_authorizers_cache(ApiId=api.id, StageName="$default")
    third = api.call("/a", headers={"X-Token": "good"}).json["requestContext"]["authorizer"]["lambda"]
    assert third["calls"] > again["calls"]


def test_functions_authorize_by_policies(apis: HttpApis) -> None:
    api = apis.api()
    guarded = lambda_authorizer(apis, api, POLICIES, AuthorizerPayloadFormatVersion="1.0")
    api.route("GET /a", api.function(), **guarded)
    api.stage()
    assert api.call("/a", headers={"X-Token": "bad"}).status == 403
    context = api.call("/a", headers={"X-Token": "good"}).json["requestContext"]["authorizer"]["lambda"]
    assert context == {"a": 1, "principalId": "p"}


def test_iam_asks_for_a_signature(apis: HttpApis) -> None:
    api = apis.api()
    api.route("GET /a", api.function(), AuthorizationType="AWS_IAM")
    api.stage()
    assert api.call("/a").status == 403
    host = f"{api.id}.execute-api.us-east-1.localhost.localstack.cloud:{apis.gateways.port}"
    request = AWSRequest("GET", f"http://{host}/a")
    SigV4Auth(Credentials("000000000000", "fogbank"), "execute-api", "us-east-1").add_auth(request)
    iam = api.call("/a", headers=dict(request.headers.items())).json["requestContext"]["authorizer"]["iam"]
    assert (iam["accountId"], iam["accessKey"]) == ("000000000000", "000000000000")


def test_cors_is_the_gateways(apis: HttpApis, backend: Backend) -> None:
    cors = {
        "AllowOrigins": ["https://a.example", "http://*"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["X-One"],
        "ExposeHeaders": ["X-Two"],
        "MaxAge": 10,
        "AllowCredentials": True,
    }
    api = apis.api(CorsConfiguration=cors)
    target = api.integration(
        IntegrationType="HTTP_PROXY", IntegrationMethod="GET", IntegrationUri=backend.url
    )
    api.route("GET /a", target)
    api.stage()
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    reply = api.call("/a", method="OPTIONS", headers=asked)
    assert reply.status == 204
    assert reply.header("access-control-allow-origin") == "https://a.example"
    assert reply.header("access-control-allow-methods") == "GET,POST"
    assert reply.header("access-control-allow-headers") == "x-one"
    assert reply.header("access-control-max-age") == "10"
    assert reply.header("access-control-allow-credentials") == "true"
    refused = api.call("/a", method="OPTIONS", headers=asked | {"Origin": "https://b.example"})
    assert (refused.status, refused.header("access-control-allow-origin")) == (204, None)
    reply = api.call("/a", headers={"Origin": "http://x.y"})
    assert reply.header("access-control-allow-origin") == "http://x.y"
    assert reply.header("access-control-expose-headers") == "x-two"
    assert api.call("/a").header("access-control-allow-origin") is None


def test_routes_are_throttled(apis: HttpApis, backend: Backend) -> None:
    api, target = proxy(apis, backend.url)
    api.route("GET /slow", target)
    api.route("GET /quick", target)
    api.stage(RouteSettings={"GET /slow": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}})
    replies = [api.call("/slow") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[-1].text == '{"message":"Too Many Requests"}'
    assert {api.call("/quick").status for _ in range(3)} == {200}


def test_an_api_may_disable_its_own_address(apis: HttpApis, backend: Backend) -> None:
    api, target = proxy(apis, backend.url)
    api.route("GET /", target)
    api.stage()
    assert api.call("/").status == 200
    api.client.update_api(ApiId=api.id, DisableExecuteApiEndpoint=True)
    assert api.call("/").status == 404


def test_a_queue_behind_a_route(apis: HttpApis) -> None:
    queue = apis.server.client("sqs").create_queue(QueueName="behind")["QueueUrl"]
    api = apis.api()

    def operation(subtype: str, **parameters: str) -> str:
        return api.integration(
            IntegrationType="AWS_PROXY",
            IntegrationSubtype=subtype,
            PayloadFormatVersion="1.0",
            CredentialsArn=ROLE,
            RequestParameters={"QueueUrl": queue} | parameters,
        )

    api.route("POST /send", operation("SQS-SendMessage", MessageBody="$request.body.text"))
    api.route("GET /take", operation("SQS-ReceiveMessage", MaxNumberOfMessages="1"))
    api.stage()
    sent = api.call("/send", method="POST", body='{"text": "hello"}')
    assert (sent.status, "MessageId" in sent.text) == (200, True)
    assert api.call("/take").json["Messages"][0]["Body"] == "hello"
    assert api.call("/send", method="POST", body="{}").status == 400


def test_a_workflow_behind_a_route(apis: HttpApis) -> None:
    machines = apis.server.client("stepfunctions")
    definition = json.dumps(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"done": True}, "End": True}}}
    )
    arn = machines.create_state_machine(name="quick", definition=definition, roleArn=ROLE, type="EXPRESS")[
        "stateMachineArn"
    ]
    api = apis.api()
    target = api.integration(
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="StepFunctions-StartSyncExecution",
        PayloadFormatVersion="1.0",
        CredentialsArn=ROLE,
        RequestParameters={"StateMachineArn": arn, "Input": "$request.body"},
    )
    api.route("POST /run", target)
    api.stage()
    answer = api.call("/run", method="POST", body="{}").json
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"done": True})


def test_what_takes_too_long_is_503(apis: HttpApis, backend: Backend) -> None:
    listening = socket.create_server(("127.0.0.1", 0))  # takes connections and says nothing
    api, target = proxy(apis, f"http://127.0.0.1:{listening.getsockname()[1]}/", TimeoutInMillis=60)
    api.route("GET /backend", target)
    slow = api.function("import time\ndef handler(event, context):\n    time.sleep(1)\n", TimeoutInMillis=60)
    api.route("GET /function", slow)
    api.stage()
    with listening:
        for path in ("/backend", "/function"):
            reply = api.call(path)
            assert (reply.status, reply.text) == (503, '{"message":"Service Unavailable"}'), path


def test_a_private_integration_gets_the_requests_own_path(apis: HttpApis, backend: Backend) -> None:
    link = apis.client.create_vpc_link(Name="l", SubnetIds=["subnet-1"])
    assert link["VpcLinkStatus"] == "AVAILABLE"
    api, target = proxy(apis, backend.url, ConnectionType="VPC_LINK", ConnectionId=link["VpcLinkId"])
    api.route("GET /{proxy+}", target)
    api.stage("dev")
    assert api.call("/dev/a/b?x=1").json["path"] == "/a/b?x=1"


@pytest.mark.parametrize(
    "target", ["/", "//", "/%", "/%zz?%=&=&&", "/a//b/", "/" + "a/" * 500, "/%00", "/x?" + "a=1&" * 2000]
)
def test_whatever_is_asked_is_answered(apis: HttpApis, backend: Backend, target: str) -> None:
    api = apis.api()
    api.route("ANY /{proxy+}", api.function())
    api.route("$default", api.function("def handler(event, context):\n    return 'default'\n", "2.0"))
    api.stage()
    for method in ("GET", "POST", "OPTIONS"):
        reply = api.call(target, method=method, headers={"Cookie": ";=;", "Origin": "x"})
        assert reply.status == 200


def test_access_logs_and_metrics(apis: HttpApis, backend: Backend) -> None:
    logs = apis.server.client("logs")
    logs.create_log_group(logGroupName="access")
    api, target = proxy(apis, backend.url)
    api.route("GET /a", target)
    words = "$context.requestId $context.routeKey $context.status $context.error.message $stageVariables.v $context.integrationStatus"
    api.stage(
        AccessLogSettings={
            "DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:access",
            "Format": words,
        },
        StageVariables={"v": "1"},
    )
    served, missed = api.call("/a"), api.call("/none")
    apis.server.flush()
    events = until_blocking(lambda: _events(logs, 2))
    first, second = served.header("apigw-requestid"), missed.header("apigw-requestid")
    assert events == [f"{first} GET /a 200 - 1 200", f"{second} - 404 Not Found 1 -"]
    metrics = apis.server.client("cloudwatch").list_metrics(
        Namespace="AWS/ApiGateway", Dimensions=[{"Name": "ApiId", "Value": api.id}]
    )["Metrics"]
    assert {"Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed"} <= {
        each["MetricName"] for each in metrics
    }


def _events(logs: Any, count: int) -> list[str] | None:
    found = logs.filter_log_events(logGroupName="access")["events"]
    return [event["message"] for event in found] if len(found) >= count else None
