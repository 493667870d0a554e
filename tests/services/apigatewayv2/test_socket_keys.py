"""WebSocket APIs: API keys and usage plans on `$connect`, execution logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from tests.services.apigatewayv2.conftest import HttpApis
from tests.services.apigatewayv2.test_websockets import ANSWER, SocketApi, ask
from tests.support.waiting import until_blocking

OK = {"IntegrationType": "MOCK", "RequestTemplates": {"$default": '{"statusCode": 200}'}}
ROLE = "arn:aws:iam::000000000000:role/logs"
AUTHORIZER = """
def handler(event, context):
    key = event["queryStringParameters"].get("key")
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "p", "policyDocument": policy, "usageIdentifierKey": key}
"""


def guarded(apis: HttpApis, **members: Any) -> SocketApi:
    """An API whose `$connect` asks for a key."""
    api = SocketApi(apis, **members)
    api.function("$default")
    api.route("$connect", api.integration(**OK), answers=False, ApiKeyRequired=True)
    return api.deploy()


def plan(api: SocketApi, **members: Any) -> tuple[str, str, str]:
    """(plan, key id, key value) of a key that leads to the API."""
    v1 = api.apis.gateways.apigateway
    made = v1.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "dev"}], **members)["id"]
    key = v1.create_api_key(name="k", enabled=True)
    v1.create_usage_plan_key(usagePlanId=made, keyId=key["id"], keyType="API_KEY")
    return made, key["id"], key["value"]


def refused(api: SocketApi, key: str | None = None, query: str = "") -> tuple[int, str]:
    headers = {} if key is None else {"x-api-key": key}
    with pytest.raises(InvalidStatus) as caught, api.connect(query, additional_headers=headers):
        pass
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"{}")["message"]


def test_connect_asks_for_a_key_of_a_plan_that_leads_there(apis: HttpApis) -> None:
    api = guarded(apis)
    _, key_id, key = plan(api)
    assert refused(api) == refused(api, "unknown" * 4) == (403, "Forbidden")
    other = guarded(apis)
    _, _, elsewhere = plan(other)
    assert refused(api, elsewhere) == (403, "Forbidden")
    with api.connect(additional_headers={"x-api-key": key}) as client:
        identity = ask(client, action="x")["requestContext"]["identity"]
        assert (identity["apiKey"], identity["apiKeyId"]) == (key, key_id)
    v1 = apis.gateways.apigateway
    v1.update_api_key(
        apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
    )
    until_blocking(lambda: _is_refused(api, key))


def _is_refused(api: SocketApi, key: str) -> bool:
    try:
        with api.connect(additional_headers={"x-api-key": key}):
            return False
    except InvalidStatus:
        return True


def test_a_plan_s_quota_counts_connections(apis: HttpApis) -> None:
    api = guarded(apis)
    plan_id, key_id, key = plan(api, quota={"limit": 2, "period": "DAY"})
    for _ in range(2):
        with api.connect(additional_headers={"x-api-key": key}) as client:
            ask(client, action="x")
            ask(client, action="x")
    assert refused(api, key) == (429, "Limit Exceeded")
    v1 = apis.gateways.apigateway
    day = v1.get_usage(usagePlanId=plan_id, startDate="2000-01-01", endDate="2000-01-02")
    assert day["usagePlanId"] == plan_id and key_id  # the plan is as any other


def test_a_plan_s_rate_bounds_connecting(apis: HttpApis) -> None:
    api = guarded(apis)
    _, _, key = plan(api, throttle={"rateLimit": 0.001, "burstLimit": 1})
    with api.connect(additional_headers={"x-api-key": key}):
        pass
    assert refused(api, key) == (429, "Too Many Requests")


def test_the_authorizer_may_name_the_key(apis: HttpApis) -> None:
    selection = "$context.authorizer.usageIdentifierKey"
    api = SocketApi(apis, ApiKeySelectionExpression=selection)
    authorizer = api.client.create_authorizer(
        ApiId=api.id,
        Name="a",
        AuthorizerType="REQUEST",
        AuthorizerUri=api.uri(AUTHORIZER),
        IdentitySource=["route.request.querystring.key"],
    )["AuthorizerId"]
    api.route(
        "$connect",
        api.integration(**OK),
        answers=False,
        ApiKeyRequired=True,
        AuthorizationType="CUSTOM",
        AuthorizerId=authorizer,
    )
    api.deploy()
    _, _, key = plan(api)
    with api.connect(f"?key={key}"):
        pass
    assert refused(api, key, "?key=unknown") == (403, "Forbidden")  # a header is not asked for


def test_stages_leave_their_plans_when_they_go(apis: HttpApis) -> None:
    api = guarded(apis)
    plan_id, _, _ = plan(api)
    v1 = apis.gateways.apigateway
    api.client.delete_stage(ApiId=api.id, StageName="dev")
    assert not v1.get_usage_plan(usagePlanId=plan_id).get("apiStages")
    with pytest.raises(ClientError, match="Invalid API Stage"):
        v1.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "dev"}])
    http = apis.api()
    http.stage("dev")
    with pytest.raises(ClientError, match="Invalid API Stage"):  # HTTP APIs have no plans
        v1.create_usage_plan(name="p", apiStages=[{"apiId": http.id, "stage": "dev"}])


def test_only_connect_may_ask_for_a_key(apis: HttpApis) -> None:
    api = SocketApi(apis)
    with pytest.raises(ClientError, match="BadRequestException"):
        api.client.create_route(ApiId=api.id, RouteKey="x", ApiKeyRequired=True)


@pytest.fixture
def logging_role(apis: HttpApis) -> Iterator[None]:
    v1 = apis.gateways.apigateway
    at = {"path": "/cloudwatchRoleArn"}
    v1.update_account(patchOperations=[{"op": "replace", "value": ROLE} | at])
    yield
    v1.update_account(patchOperations=[{"op": "remove"} | at])


def logged(apis: HttpApis, api: SocketApi) -> list[str]:
    logs = apis.server.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/apigateway/{api.id}/dev")["events"]
    except ClientError:
        return []
    return [event["message"].partition(") ")[2] for event in found]


def test_execution_logs_ask_for_the_account_s_role(apis: HttpApis) -> None:
    api = SocketApi(apis)
    with pytest.raises(ClientError, match="CloudWatch Logs role ARN must be set"):
        api.client.create_stage(ApiId=api.id, StageName="dev", DefaultRouteSettings={"LoggingLevel": "INFO"})
    with pytest.raises(ClientError, match="not supported on protocolType HTTP"):
        apis.api().stage("dev", DefaultRouteSettings={"LoggingLevel": "INFO"})


def test_execution_logs_with_data(apis: HttpApis, logging_role: None) -> None:
    api = SocketApi(apis)
    api.function("$default", ANSWER)
    api.client.create_stage(
        ApiId=api.id,
        StageName="dev",
        DefaultRouteSettings={"LoggingLevel": "INFO", "DataTraceEnabled": True},
    )
    api.client.create_deployment(ApiId=api.id, StageName="dev")
    with api.connect() as client:
        context = ask(client, action="a", x="payload")["requestContext"]
    name = f"[Connection Id: {context['connectionId']}]"
    until_blocking(lambda: f"Client {name} disconnected from API [{api.id}]." in logged(apis, api))
    lines = logged(apis, api)
    assert f"Client {name} connected to API [{api.id}] successfully." in lines
    assert f"Client {name} sent a message to API [{api.id}]." in lines
    assert "WebSocket Request Route: [$default]" in lines
    [before] = [line for line in lines if line.startswith("Method request body before")]
    assert before.endswith('{"action": "a", "x": "payload"}')
    assert any(line.startswith("Endpoint response body before transformations: ") for line in lines)
    assert any(line.startswith("Received response. Status: 200, Integration latency: ") for line in lines)


def test_execution_logs_of_errors_only_by_route(apis: HttpApis, logging_role: None) -> None:
    api = SocketApi(apis)
    api.function("fails", "def handler(event, context):\n    raise ValueError('intended')\n")
    api.function("works")
    api.client.create_stage(
        ApiId=api.id,
        StageName="dev",
        RouteSettings={key: {"LoggingLevel": "ERROR"} for key in ("fails", "works")},
    )
    api.client.create_deployment(ApiId=api.id, StageName="dev")
    with api.connect() as client:
        ask(client, action="works")
        ask(client, action="fails")
    until_blocking(lambda: any("intended" in line for line in logged(apis, api)))
    lines = logged(apis, api)
    assert {line for line in lines if "Route:" in line} == {"WebSocket Request Route: [fails]"}
    assert not [line for line in lines if "payload" in line or "transformations" in line]
