"""Who may call: resource policies, AWS_IAM, Lambda authorizers, user pools."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.rest_apis import Api, Gateways, Reply, invocations

AUTHORIZER = """
import json
calls = 0
def handler(event, context):
    global calls
    calls += 1
    token = event.get("authorizationToken") or event["headers"].get("X-Token") or ""
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "fail":
        raise Exception("broken")
    if token == "bad":
        return {"principalId": "x"}
    effect = "Deny" if token == "deny" else "Allow"
    resource = "arn:aws:execute-api:*:*:*/*/GET/only" if token == "only" else event["methodArn"] if token == "exact" else "*"
    return {
        "principalId": "user-" + token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}]},
        "context": {"calls": calls, "flag": True, "type": event["type"], "arn": event["methodArn"]},
        "usageIdentifierKey": token,
    }
"""
SHOW = (
    '{"who": "$context.authorizer.principalId", "calls": "$context.authorizer.calls", "flag": "$context.authorizer.flag",'
    ' "type": "$context.authorizer.type", "arn": "$context.authorizer.arn"}'
)


def authorized(gateways: Gateways, kind: str, source: str, ttl_s: int = 300, **members: Any) -> Api:
    api = gateways.api()
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="authorizer",
        type=kind,
        authorizerUri=invocations(gateways.function(AUTHORIZER)),
        identitySource=source,
        authorizerResultTtlInSeconds=ttl_s,
        **members,
    )
    for path in ("/only", "/other"):
        api.mock(path, SHOW, authorizationType="CUSTOM", authorizerId=made["id"])
    api.deploy()
    return api


def test_token_authorizers(gateways: Gateways) -> None:
    api = authorized(gateways, "TOKEN", "method.request.header.X-Auth", identityValidationExpression="[a-z]+")

    def ask(path: str, token: str | None) -> Reply:
        return api.call(path, headers={} if token is None else {"x-auth": token})

    first = ask("/only", "allow").json
    assert first["who"] == "user-allow"
    assert (first["type"], first["flag"]) == ("TOKEN", "true")
    assert first["arn"].endswith(f":{api.id}/test/GET/only")
    assert ask("/other", "allow").json == first  # kept, for other methods too
    for token, status, body in (
        (None, 401, {"message": "Unauthorized"}),
        ("NOT2", 401, {"message": "Unauthorized"}),
        ("unauthorized", 401, {"message": "Unauthorized"}),
        ("deny", 403, {"Message": "User is not authorized to access this resource with an explicit deny"}),
        ("fail", 500, {"message": None}),
        ("bad", 500, {"message": None}),
    ):
        reply = ask("/only", token)
        assert (reply.status, reply.json) == (status, body), token
    assert ask("/only", "only").status == 200
    refused = ask("/other", "only")
    assert (refused.status, refused.json) == (
        403,
        {"Message": "User is not authorized to access this resource"},
    )


def test_verdicts_expire_and_are_flushed(gateways: Gateways) -> None:
    api = authorized(gateways, "TOKEN", "method.request.header.X-Auth", ttl_s=10)

    def calls() -> int:
        return int(api.call("/only", headers={"X-Auth": "expiring"}).json["calls"])

    first = calls()
    assert calls() == first
    gateways.server.app.clock.advance_ms(10_001)
    second = calls()
    assert second > first
    api.client.flush_stage_authorizers_cache(restApiId=api.id, stageName="test")
    assert calls() > second


def test_without_a_ttl_each_request_asks(gateways: Gateways) -> None:
    api = authorized(gateways, "TOKEN", "method.request.header.X-Auth", ttl_s=0)
    seen = {api.call("/only", headers={"X-Auth": "each"}).json["calls"] for _ in range(3)}
    assert len(seen) == 3


def test_request_authorizers(gateways: Gateways) -> None:
    sources = "method.request.header.X-Token, method.request.querystring.q, context.stage"
    api = authorized(gateways, "REQUEST", sources)
    reply = api.call("/only?q=1", headers={"X-Token": "allow"})
    assert (reply.json["who"], reply.json["type"]) == ("user-allow", "REQUEST")
    assert api.call("/only", headers={"X-Token": "allow"}).status == 401
    assert api.call("/only?q=1").status == 401
    again = api.call("/only?q=1", headers={"X-Token": "allow"}).json["calls"]
    other = api.call("/only?q=2", headers={"X-Token": "allow"}).json["calls"]
    assert again == reply.json["calls"] != other


def test_functions_see_their_authorizer(gateways: Gateways) -> None:
    api = gateways.api()
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="a",
        type="TOKEN",
        authorizerUri=invocations(gateways.function(AUTHORIZER)),
        identitySource="method.request.header.X-Auth",
    )
    code = "import json\ndef handler(event, context): return {'body': json.dumps(event['requestContext']['authorizer'])}\n"
    api.proxy("/a", gateways.function(code), authorizationType="CUSTOM", authorizerId=made["id"])
    api.deploy()
    seen = api.call("/a", headers={"X-Auth": "allow"}).json
    assert seen["principalId"] == "user-allow"
    assert (seen["flag"], seen["type"]) == ("true", "TOKEN")
    assert isinstance(seen["integrationLatency"], int)


def test_test_invoke_authorizer(gateways: Gateways) -> None:
    api = authorized(gateways, "TOKEN", "method.request.header.X-Auth")
    authorizer = api.client.get_authorizers(restApiId=api.id)["items"][0]["id"]
    answer = api.client.test_invoke_authorizer(
        restApiId=api.id, authorizerId=authorizer, headers={"X-Auth": "allow"}
    )
    assert (answer["clientStatus"], answer["principalId"]) == (0, "user-allow")
    assert json.loads(answer["policy"])["Statement"][0]["Effect"] == "Allow"
    assert "Starting authorizer: authorizer" in answer["log"]
    refused = api.client.test_invoke_authorizer(restApiId=api.id, authorizerId=authorizer)
    assert refused["clientStatus"] == 401


def signed(api: Api, path: str, key: str, secret: str, *, service: str = "execute-api") -> dict[str, str]:
    request = AWSRequest("GET", f"https://{api.host}/test{path}", headers={"Host": api.host})
    SigV4Auth(Credentials(key, secret), service, "us-east-1").add_auth(request)
    return {name: value for name, value in request.headers.items() if name != "Host"}


def test_iam(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/a", "$context.identity.userArn $context.identity.accountId", authorizationType="AWS_IAM")
    api.deploy()
    missing = api.call("/a")
    assert (missing.status, missing.json) == (403, {"message": "Missing Authentication Token"})
    # Open mode takes a key that it did not give out at its word.
    reply = api.call("/a", headers=signed(api, "/a", "000000000000", "any"))
    assert (reply.status, reply.text) == (200, "arn:aws:iam::000000000000:root 000000000000")
    iam = gateways.server.client("iam")
    iam.create_user(UserName="caller")
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    right = api.call("/a", headers=signed(api, "/a", key["AccessKeyId"], key["SecretAccessKey"]))
    assert right.status == 403
    assert right.json["Message"].startswith(
        "User: arn:aws:iam::000000000000:user/caller is not authorized to perform"
    )
    wrong = api.call("/a", headers=signed(api, "/a", key["AccessKeyId"], "not the secret"))
    assert (wrong.status, wrong.header("x-amzn-ErrorType")) == (403, "InvalidSignatureException")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:user/caller"},
                "Action": "execute-api:Invoke",
                "Resource": f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*/GET/a",
            }
        ],
    }
    operations = [{"op": "replace", "path": "/policy", "value": json.dumps(policy)}]
    api.client.update_rest_api(restApiId=api.id, patchOperations=operations)
    api.deploy()
    allowed = api.call("/a", headers=signed(api, "/a", key["AccessKeyId"], key["SecretAccessKey"]))
    assert allowed.status == 200


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([{"Effect": "Allow", "Principal": "*", "Resource": "execute-api:/*"}], 200),
        ([{"Effect": "Allow", "Principal": "*", "Resource": "execute-api:/test/GET/a"}], 200),
        ([{"Effect": "Allow", "Principal": "*", "Resource": "execute-api:/test/POST/*"}], 403),
        ([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Resource": "*"}], 403),
        (
            [
                {"Effect": "Allow", "Principal": "*", "Resource": "*"},
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Resource": "*",
                    "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}},
                },
            ],
            403,
        ),
        (
            [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Resource": "*",
                    "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
                }
            ],
            200,
        ),
    ],
)
def test_resource_policies(gateways: Gateways, statements: list[dict[str, Any]], status: int) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [each | {"Action": "execute-api:Invoke"} for each in statements],
    }
    api = gateways.api(policy=json.dumps(document))
    api.mock("/a")
    api.deploy()
    reply = api.call("/a")
    assert reply.status == status, reply.text
    if status == 403:
        assert reply.json["Message"].startswith(
            "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
            "arn:aws:execute-api:us-east-1:********0000:"
        )
        assert reply.header("x-amzn-ErrorType") == "AccessDeniedException"
