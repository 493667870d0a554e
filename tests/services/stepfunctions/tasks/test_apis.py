"""apigateway:invoke against an API that answers what it was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.services.stepfunctions.engine.api import Failed, Succeeded
from fogbank.testing.server import Fogbank
from tests.services.stepfunctions.tasks.conftest import Run

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
ECHO = """
import json
def handler(event, context):
    status = int((event["queryStringParameters"] or {}).get("status", 200))
    kept = {name: event[name] for name in ("httpMethod", "path", "body", "multiValueQueryStringParameters")}
    kept["caller"] = event["requestContext"]["identity"].get("userArn")
    kept["header"] = event["headers"].get("X-One") or event["headers"].get("x-one")
    return {"statusCode": status, "headers": {"X-Two": "2"}, "body": json.dumps(kept)}
"""


@pytest.fixture(scope="module")
def endpoint(server: Fogbank) -> str:
    from tests.services.lambda_.fakes import pack

    functions, apis = server.client("lambda"), server.client("apigateway")
    arn = functions.create_function(
        FunctionName="echo-api",
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": pack({"index.py": ECHO})},
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="echo-api", WaiterConfig={"Delay": 0.1})
    functions.add_permission(
        FunctionName="echo-api",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    api = apis.create_rest_api(name="echo")["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    for part, auth in (("open", "NONE"), ("closed", "AWS_IAM")):
        named = {
            "restApiId": api,
            "resourceId": apis.create_resource(restApiId=api, parentId=root, pathPart=part)["id"],
            "httpMethod": "ANY",
        }
        apis.put_method(**named, authorizationType=auth)
        apis.put_integration(**named, type="AWS_PROXY", integrationHttpMethod="POST", uri=URI.format(arn))
    apis.create_deployment(restApiId=api, stageName="dev")
    return f"{api}.execute-api.us-east-1.amazonaws.com"


def body_of(outcome: Any) -> Any:
    assert isinstance(outcome, Succeeded), outcome
    return json.loads(outcome.output)


def test_a_request_and_its_answer(run: Run, endpoint: str) -> None:
    shown = body_of(
        run(
            "apigateway:invoke",
            {
                "ApiEndpoint": endpoint,
                "Method": "POST",
                "Stage": "dev",
                "Path": "/open",
                "Headers": {"X-One": ["1"]},
                "QueryParameters": {"a": ["x y", "2"], "none": None},
                "RequestBody": {"n": 1, "gone": None},
            },
        )
    )
    assert (shown["StatusCode"], shown["StatusText"], shown["Headers"]["X-Two"]) == (200, "OK", ["2"])
    seen = shown["ResponseBody"]
    assert (seen["httpMethod"], seen["path"], seen["header"]) == ("POST", "/open", "1")
    assert json.loads(seen["body"]) == {"n": 1}
    assert seen["multiValueQueryStringParameters"] == {"a": ["x y", "2"]}


def test_a_role_s_signature(run: Run, endpoint: str) -> None:
    closed = {"ApiEndpoint": endpoint, "Method": "GET", "Stage": "dev", "Path": "closed"}
    refused = run("apigateway:invoke", closed)
    assert isinstance(refused, Failed) and refused.error == "ApiGateway.403"
    shown = body_of(
        run("apigateway:invoke", closed | {"AuthType": "IAM_ROLE", "QueryParameters": {"b": "1 2"}})
    )
    assert shown["StatusCode"] == 200


def test_what_fails(run: Run, endpoint: str) -> None:
    call = {"ApiEndpoint": endpoint, "Method": "GET", "Stage": "dev", "Path": "open"}
    failed = run("apigateway:invoke", call | {"QueryParameters": {"status": "418"}})
    assert isinstance(failed, Failed) and failed.error == "ApiGateway.418"
    assert json.loads(failed.cause or "")["httpMethod"] == "GET"
    nowhere = run("apigateway:invoke", call | {"ApiEndpoint": "none.execute-api.us-east-1.amazonaws.com"})
    assert isinstance(nowhere, Failed) and nowhere.error == "ApiGateway.403"
    for wrong in ({"Headers": {"Host": "x"}}, {"Method": "NONE"}, {"Nonsense": 1}, {"AuthType": "X"}):
        bad = run("apigateway:invoke", call | wrong)
        assert isinstance(bad, Failed) and bad.error == "States.Runtime"
