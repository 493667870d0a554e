"""Access logs, execution logs and metrics of a stage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.backends import Backend
from tests.support.rest_apis import ROLE, Api, Gateways
from tests.support.waiting import until_blocking


@pytest.fixture(autouse=True)
def _log_role(gateways: Gateways) -> None:
    """AWS asks for a role before it logs."""
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ROLE}]
    gateways.apigateway.update_account(patchOperations=operations)


def lines_of(gateways: Gateways, group: str, wanted: int) -> list[str]:
    """The events of a log group, once there are that many."""
    logs = gateways.server.client("logs")

    def read() -> list[str] | None:
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [event["message"] for event in events] if len(events) >= wanted else None

    found: list[str] = until_blocking(read)
    return found


def test_access_logs(gateways: Gateways) -> None:
    api = gateways.api()
    api.mock("/pets/{id}", "answer")
    api.deploy(variables={"v": "1"})
    group = f"access-{api.id}"
    gateways.server.client("logs").create_log_group(logGroupName=group)
    names = [
        "requestId", "extendedRequestId", "identity.sourceIp", "identity.userAgent", "identity.caller", "httpMethod",
        "resourcePath", "path", "status", "protocol", "responseLength", "error.message", "error.responseType", "apiId",
        "stage", "integrationLatency", "authorizer.principalId", "requestTime", "domainName",
    ]  # fmt: skip
    form = json.dumps({name: f"$context.{name}" for name in names} | {"v": "${stageVariables.v}"})
    api.patch_stage(
        (
            "replace",
            "/accessLogSettings/destinationArn",
            f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
        ),
        ("replace", "/accessLogSettings/format", form),
    )
    reply = api.call("/pets/1?x=1", headers={"User-Agent": "tests"})
    api.call("/absent")
    first, second = (json.loads(line) for line in lines_of(gateways, group, 2))
    assert first["requestId"] == reply.header("x-amzn-RequestId")
    assert first["extendedRequestId"] == reply.header("x-amz-apigw-id")
    wanted = {
        "identity.sourceIp": "127.0.0.1", "identity.userAgent": "tests", "identity.caller": "-", "httpMethod": "GET",
        "resourcePath": "/pets/{id}", "path": "/test/pets/1", "status": "200", "protocol": "HTTP/1.1",
        "responseLength": "6", "error.message": "-", "apiId": api.id, "stage": "test", "integrationLatency": "-",
        "authorizer.principalId": "-", "domainName": api.host,
    }  # fmt: skip
    assert {name: first[name] for name in wanted} == wanted
    assert second["status"] == "403"
    assert second["error.message"] == "Missing Authentication Token"
    assert second["error.responseType"] == "MISSING_AUTHENTICATION_TOKEN"


@pytest.mark.parametrize("mode", ["BUFFERED", "STREAM"])
def test_a_backend_that_hangs_is_in_the_access_log(gateways: Gateways, mode: str) -> None:
    group = f"hangs-{mode}"
    gateways.server.client("logs").create_log_group(logGroupName=group)
    api = gateways.api()
    with Backend() as backend:
        members = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"{backend.url}/hang"}
        api.integrate(api.method("/a"), members | {"timeoutInMillis": 50, "responseTransferMode": mode})
        api.deploy()
        arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
        form = (
            "$context.requestId $context.status $context.integrationLatency $context.integrationErrorMessage"
        )
        api.patch_stage(
            ("replace", "/accessLogSettings/destinationArn", arn),
            ("replace", "/accessLogSettings/format", form),
        )
        assert api.call("/a").status == 504
        (line,) = lines_of(gateways, group, 1)
    _, status, latency_ms, message = line.split(" ", 3)
    assert (status, message) == ("504", "Endpoint request timed out")
    assert latency_ms.isdigit()


def logged(gateways: Gateways, *settings: tuple[str, str, str]) -> Api:
    api = gateways.api()
    api.mock("/a", "answer $input.params('q')", "POST")
    api.mock("/bad", "#if(", "POST")
    api.deploy()
    api.patch_stage(*settings)
    return api


def test_execution_logs_with_their_data(gateways: Gateways) -> None:
    api = logged(
        gateways,
        ("replace", "/*/*/logging/loglevel", "INFO"),
        ("replace", "/*/*/logging/dataTrace", "true"),
    )
    reply = api.call("/a?q=1", method="POST", body="sent", headers={"X-In": "i"})
    lines = lines_of(gateways, f"API-Gateway-Execution-Logs_{api.id}/test", 12)
    request_id = reply.header("x-amzn-RequestId")
    assert all(line.startswith(f"({request_id}) ") for line in lines)
    texts = [line.partition(") ")[2] for line in lines]
    for text in (
        f"Extended Request Id: {reply.header('x-amz-apigw-id')}",
        f"Starting execution for request: {request_id}",
        "HTTP Method: POST, Resource Path: /a",
        "Method request path: {}",
        "Method request query string: {q=1}",
        "Method request body before transformations: sent",
        "Method response body after transformations: answer 1",
        "Successfully completed execution",
        "Method completed with status: 200",
    ):
        assert text in texts
    assert any("X-In=i" in text for text in texts if text.startswith("Method request headers: "))


def test_execution_logs_of_errors_alone(gateways: Gateways) -> None:
    api = logged(gateways, ("replace", "/*/*/logging/loglevel", "ERROR"))
    api.call("/a", method="POST")
    bad = api.call("/bad", method="POST")
    assert bad.status == 500
    lines = lines_of(gateways, f"API-Gateway-Execution-Logs_{api.id}/test", 4)
    assert all(bad.header("x-amzn-RequestId") or "" in line for line in lines)
    assert any("Execution failed due to configuration error" in line for line in lines)
    assert not any("Method request body" in line for line in lines)


def test_metrics(gateways: Gateways) -> None:
    api = logged(gateways, ("replace", "/*/*/metrics/enabled", "true"))
    name = f"metered-{api.id}"
    api.client.update_rest_api(
        restApiId=api.id, patchOperations=[{"op": "replace", "path": "/name", "value": name}]
    )
    api.deploy()
    for path in ("/a", "/a", "/bad", "/absent"):
        api.call(path, method="POST")
    cloudwatch = gateways.server.client("cloudwatch")

    def total(metric: str, **dimensions: str) -> float:
        now_s = gateways.server.app.clock.now_ms() / 1000
        answer: dict[str, Any] = cloudwatch.get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now_s - 3600,
            EndTime=now_s + 60,
            Period=7200,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in answer["Datapoints"])

    until_blocking(lambda: total("Count", ApiName=name) == 4)
    assert total("Count", ApiName=name, Stage="test") == 4
    assert total("5XXError", ApiName=name) == 1
    assert total("4XXError", ApiName=name) == 1
    detailed = {"ApiName": name, "Stage": "test", "Method": "POST", "Resource": "/a"}
    assert total("Count", **detailed) == 2
