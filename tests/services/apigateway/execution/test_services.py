"""AWS integrations with services that fogbank has, beside those that recordings replay."""

from __future__ import annotations

import json

import pytest

from tests.support.rest_apis import ROLE, Gateways
from tests.support.waiting import until_blocking

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"done": True}, "End": True}}}


@pytest.fixture
def machine(gateways: Gateways, request: pytest.FixtureRequest) -> str:
    made = gateways.server.client("stepfunctions").create_state_machine(
        name=request.node.name,
        definition=json.dumps(MACHINE),
        roleArn=ROLE,
        type="EXPRESS" if "Sync" in request.node.name or "sync" in request.node.name else "STANDARD",
    )
    arn: str = made["stateMachineArn"]
    return arn


def test_start_execution(gateways: Gateways, machine: str) -> None:
    api = gateways.api()
    at = api.method("/start", "POST")
    template = f'{{"stateMachineArn": "{machine}", "input": "$util.escapeJavaScript($input.json(\'$\'))"}}'
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": ROLE,
            "uri": "arn:aws:apigateway:us-east-1:states:action/StartExecution",
            "requestTemplates": {"application/json": template},
        },
        {"200": {}, "400": {"selectionPattern": "4\\d{2}"}},
    )
    api.deploy()
    reply = api.call("/start", method="POST", body='{"a": "b\\"c"}')
    assert reply.status == 200
    arn = reply.json["executionArn"]
    states = gateways.server.client("stepfunctions")

    def ended() -> bool:
        return bool(states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")

    until_blocking(ended)
    assert json.loads(states.describe_execution(executionArn=arn)["input"]) == {"a": 'b"c'}


def test_start_sync_execution(gateways: Gateways, machine: str) -> None:
    api = gateways.api()
    at = api.method("/run", "POST")
    template = f'{{"stateMachineArn": "{machine}", "input": "{{}}"}}'
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": ROLE,
            "uri": "arn:aws:apigateway:us-east-1:states:action/StartSyncExecution",
            "requestTemplates": {"application/json": template},
        },
        {"200": {"responseTemplates": {"application/json": "$input.path('$.output')"}}},
    )
    api.deploy()
    reply = api.call("/run", method="POST", body="{}")
    assert (reply.status, reply.json) == (200, {"done": True})


def test_what_a_service_refuses_selects_by_its_status(gateways: Gateways) -> None:
    api = gateways.api()
    at = api.method("/a", "POST")
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": ROLE,
            "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
        },
        {
            "200": {},
            "404": {
                "selectionPattern": "400",
                "responseTemplates": {"application/json": "$input.path('$.__type')"},
            },
        },
    )
    api.deploy()
    body = json.dumps({"TableName": "absent", "Key": {"id": {"S": "1"}}})
    reply = api.call("/a", method="POST", body=body)
    assert reply.status == 404
    assert "ResourceNotFoundException" in reply.text


def test_a_service_that_fogbank_lacks(gateways: Gateways) -> None:
    api = gateways.api()
    at = api.method("/a", "POST")
    uri = "arn:aws:apigateway:us-east-1:textract:action/DetectDocumentText"
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE, "uri": uri}
    api.integrate(at, integration, {"200": {}, "501": {"selectionPattern": "501"}})
    api.deploy()
    assert api.call("/a", method="POST", body="{}").status == 501
