"""AWS integrations with services that fogbank has, beside those that recordings replay."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.backends import Backend
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


def test_an_action_that_dynamodb_has_not(gateways: Gateways) -> None:
    api = gateways.api()
    at = api.method("/a", "POST")
    uri = "arn:aws:apigateway:us-east-1:dynamodb:action/Nope"
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE, "uri": uri}
    api.integrate(at, integration, {"200": {}, "418": {"selectionPattern": "400"}})
    api.deploy()
    reply = api.call("/a", method="POST", body="{}")
    assert (reply.status, reply.json) == (
        418,
        {
            "__type": "com.amazon.coral.service#UnknownOperationException",
            "message": "Unknown operation exception",
        },
    )


def test_a_service_that_fogbank_lacks(gateways: Gateways) -> None:
    api = gateways.api()
    at = api.method("/a", "POST")
    uri = "arn:aws:apigateway:us-east-1:textract:action/DetectDocumentText"
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE, "uri": uri}
    api.integrate(at, integration, {"200": {}, "501": {"selectionPattern": "501"}})
    api.deploy()
    assert api.call("/a", method="POST", body="{}").status == 501


def test_overrides_reach_a_service(gateways: Gateways) -> None:
    """`requestOverride` changes the request's path, query and headers; a caller's own credentials need a caller."""
    s3 = gateways.server.client("s3")
    s3.create_bucket(Bucket="overridden")
    s3.put_object(Bucket="overridden", Key="a b", Body=b"object")
    api = gateways.api()
    at = api.method("/a")
    template = (
        "#set($context.requestOverride.path.key = 'a b')"
        "#set($context.requestOverride.querystring.response-content-type = 'text/csv')"
        "#set($context.requestOverride.header.X-Own = 'x')"
    )
    mapped = {"method.response.header.Content-Type": "integration.response.header.Content-Type"}
    api.integrate(
        at,
        {
            "type": "AWS",
            "integrationHttpMethod": "GET",
            "credentials": ROLE,
            "uri": "arn:aws:apigateway:us-east-1:s3:path/overridden/{key}",
            "requestTemplates": {"application/json": template},
        },
        {"200": {"responseParameters": mapped}},
    )
    api.deploy()
    reply = api.call("/a")
    assert (reply.status, reply.text, reply.header("Content-Type")) == (200, "object", "text/csv")
    api.client.put_integration(
        **at,
        type="AWS",
        integrationHttpMethod="GET",
        credentials="arn:aws:iam::*:user/*",
        uri="arn:aws:apigateway:us-east-1:s3:path/overridden/x",
    )
    api.client.put_integration_response(**at, statusCode="200")
    api.deploy()
    assert api.call("/a").status == 500


def test_invoking_a_method_as_it_is_edited(gateways: Gateways) -> None:
    with Backend() as backend:
        api = gateways.api()
        at = api.method("/pets/{id}", "POST", apiKeyRequired=True, authorizationType="AWS_IAM")
        integration = {"type": "HTTP", "integrationHttpMethod": "PUT", "uri": f"{backend.url}/tell"}
        template = {"application/json": "$input.params('id') $stageVariables.v $context.stage"}
        api.integrate(at, integration | {"requestTemplates": template}, {"200": {}})
        invoke = api.client.test_invoke_method
        answer = invoke(
            **at,
            pathWithQueryString="/pets/7?q=1",
            body="{}",
            multiValueHeaders={"X-Many": ["1", "2"]},
            stageVariables={"v": "1"},
        )
        told = json.loads(answer["body"])
        assert (answer["status"], told["data"]) == (200, "7 1 test-invoke-stage")
        for text in (
            "Method request path: {id=7}",
            "Method request query string: {q=1}",
            "Method request headers: {X-Many=1,2}",
            f"Endpoint request URI: {backend.url}/tell",
            f"Sending request to {backend.url}/tell",
            "Received response. Status: 200",
            "Successfully completed execution",
        ):
            assert text in answer["log"]
        at["resourceId"] = "nothing"
        with pytest.raises(ClientError, match="Invalid Resource identifier specified"):
            invoke(**at)
    broken = api.method("/broken")
    api.integrate(broken, {"type": "MOCK"}, {"200": {}})
    failed = invoke(**broken)
    assert failed["status"] == 500
    assert "Execution failed due to configuration error" in failed["log"]
    assert json.loads(failed["body"]) == {"message": "Internal server error"}


def test_what_a_queue_answers_a_template(gateways: Gateways) -> None:
    """SQS answers API Gateway in the JSON that it had before its JSON protocol."""
    sqs = gateways.server.client("sqs")
    url = sqs.create_queue(QueueName="templated")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    api = gateways.api()
    at = api.method("/take", "POST")
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "credentials": ROLE,
        "uri": "arn:aws:apigateway:us-east-1:sqs:path/000000000000/templated",
        "requestParameters": {
            "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"
        },
        "requestTemplates": {"application/json": "Action=$input.path('$.action')&AttributeName=All"},
    }
    taken = "$input.path('$.ReceiveMessageResponse.ReceiveMessageResult.messages[0].Body')"
    refused = "$input.path('$.Error.Code') $input.path('$.Error.Type')"
    api.integrate(
        at,
        integration,
        {
            "200": {"responseTemplates": {"application/json": taken}},
            "400": {"selectionPattern": "400", "responseTemplates": {"application/json": refused}},
        },
    )
    api.deploy()
    assert api.call("/take", method="POST", body='{"action": "ReceiveMessage"}').text == "hello"
    reply = api.call("/take", method="POST", body='{"action": "ListQueues"}')
    assert (reply.status, reply.text) == (400, "InvalidAction Sender")
