"""Events between services, over boto3: functions and state machines as targets, state machines and APIs that put events."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import Fogbank
from tests.support.waiting import until_blocking

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


class Ways:
    """A bus of one test, and what comes out of its rule."""

    def __init__(self, server: Fogbank, name: str) -> None:
        self.server, self.name = server, name
        self.events = server.client("events")
        self.events.create_event_bus(Name=name)
        self.sqs = server.client("sqs")

    def rule(self, *targets: dict[str, Any]) -> None:
        self.events.put_rule(
            Name="r", EventBusName=self.name, EventPattern=json.dumps({"source": [{"exists": True}]})
        )
        self.events.put_targets(Rule="r", EventBusName=self.name, Targets=list(targets))

    def to_queue(self) -> None:
        self.url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.rule({"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.name}"})

    def received(self) -> Any:
        (message,) = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=20)["Messages"]
        return json.loads(message["Body"])

    def put(self, detail: Any) -> str:
        entry = {
            "Source": "s",
            "DetailType": "t",
            "Detail": json.dumps(detail),
            "EventBusName": self.name,
        }
        return str(self.events.put_events(Entries=[entry])["Entries"][0]["EventId"])

    def post(self, api: str, path: str, body: bytes) -> Any:
        """The answer of an API's own address."""
        port = self.server.url.rsplit(":", 1)[1]
        host = f"{api}.execute-api.us-east-1.localhost:{port}"
        headers = {"Host": host, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.url}/{path}", data=body, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())


@pytest.fixture
def ways(server: Fogbank, request: pytest.FixtureRequest) -> Ways:
    return Ways(server, request.node.name.replace("[", "-").replace("]", ""))


def test_a_function(ways: Ways) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): print('got', event)\n")
    functions = ways.server.client("lambda")
    arn = functions.create_function(
        FunctionName="got",
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": buffer.getvalue()},
    )["FunctionArn"]
    ways.rule({"Id": "f", "Arn": arn, "InputPath": "$.detail"})
    ways.put({"order": 17})
    logs = ways.server.client("logs")

    def look() -> bool:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/got")["logGroups"]
        found = logs.filter_log_events(logGroupName="/aws/lambda/got")["events"] if groups else []
        return any("got {'order': 17}" in event["message"] for event in found)

    assert until_blocking(look)


def test_a_state_machine_and_back(ways: Ways) -> None:
    """The event starts a machine, whose task puts another, with the machine among its resources."""
    states = ways.server.client("stepfunctions")
    back = Ways(ways.server, "back")
    back.to_queue()
    entry = {"Source": "machine", "DetailType": "t", "Detail.$": "$.detail", "EventBusName": "back"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [entry]},
        "End": True,
    }
    arn = states.create_state_machine(
        name="m", definition=json.dumps({"StartAt": "P", "States": {"P": state}}), roleArn=ROLE
    )["stateMachineArn"]
    ways.rule({"Id": "m", "Arn": arn, "RoleArn": ROLE})
    ways.put({"order": 18})
    event = back.received()
    assert (event["source"], event["detail"]) == ("machine", {"order": 18})
    (execution,) = states.list_executions(stateMachineArn=arn)["executions"]
    assert event["resources"] == [execution["executionArn"], arn]

    def look() -> Any:
        found = states.describe_execution(executionArn=execution["executionArn"])
        return found if found["status"] != "RUNNING" else None

    ended = until_blocking(look)
    output = json.loads(ended["output"])
    assert output["FailedEntryCount"] == 0 and output["Entries"] == [{"EventId": event["id"]}]


def test_a_task_whose_entry_fails(ways: Ways) -> None:
    states = ways.server.client("stepfunctions")
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [{"Source": "aws.s3", "DetailType": "t", "Detail": {}}]},
    }
    tried = states.test_state(definition=json.dumps(state | {"End": True}), roleArn=ROLE)
    assert (tried["status"], tried["error"]) == ("FAILED", "EventBridge.FailedEntry")
    assert json.loads(tried["cause"])["Entries"][0]["ErrorCode"] == "NotAuthorizedForSource"


def test_an_http_api(ways: Ways) -> None:
    ways.to_queue()
    apis = ways.server.client("apigatewayv2")
    api = apis.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="EventBridge-PutEvents",
        PayloadFormatVersion="1.0",
        CredentialsArn=ROLE,
        RequestParameters={
            "Source": "api",
            "DetailType": "t",
            "Detail": "$request.body",
            "EventBusName": ways.name,
        },
    )["IntegrationId"]
    apis.create_route(ApiId=api, RouteKey="POST /e", Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    said = ways.post(api, "e", b'{"order": 19}')
    event = ways.received()
    assert event["detail"] == {"order": 19} and event["id"] in json.dumps(said)


def test_a_rest_api(ways: Ways) -> None:
    ways.to_queue()
    apis = ways.server.client("apigateway")
    api = apis.create_rest_api(name="a")["id"]
    (root,) = apis.get_resources(restApiId=api)["items"]
    where = {"restApiId": api, "resourceId": root["id"], "httpMethod": "POST"}
    apis.put_method(**where, authorizationType="NONE")
    entry = {"Source": "api", "DetailType": "t", "EventBusName": ways.name}
    template = f"""#set($entry = $input.body)
{{"Entries": [{{"Detail": "$util.escapeJavaScript($entry)", {json.dumps(entry)[1:-1]}}}]}}"""
    apis.put_integration(
        **where,
        type="AWS",
        integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:events:action/PutEvents",
        credentials=ROLE,
        requestParameters={
            "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
        },
        requestTemplates={"application/json": template},
    )
    apis.put_method_response(**where, statusCode="200")
    apis.put_integration_response(**where, statusCode="200")
    apis.create_deployment(restApiId=api, stageName="live")
    said = ways.post(api, "live", b'{"order": 20}')
    event = ways.received()
    assert event["detail"] == {"order": 20} and said["Entries"] == [{"EventId": event["id"]}]


def test_status_changes_of_a_machine(ways: Ways) -> None:
    url = ways.sqs.create_queue(QueueName="changes")["QueueUrl"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"], "name": ["fails"]}}
    ways.events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:changes"
    ways.events.put_targets(Rule="changes", Targets=[{"Id": "q", "Arn": queue}])
    states = ways.server.client("stepfunctions")
    definition = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
    arn = states.create_state_machine(name="f", definition=json.dumps(definition), roleArn=ROLE)[
        "stateMachineArn"
    ]
    states.start_execution(stateMachineArn=arn, name="fails")
    (message,) = ways.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    detail = json.loads(message["Body"])["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "E", "c")
    assert detail["stateMachineArn"] == arn
