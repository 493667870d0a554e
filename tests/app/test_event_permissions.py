"""A fogbank in enforced mode: what roles need for HTTP tasks and EventBridge's targets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.app.test_permissions import World, refused, world
from tests.support.waiting import until_blocking

__all__ = ["world"]  # the fixture

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "states.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    },
}


class Hook(BaseHTTPRequestHandler):
    """Counts its requests on the server."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def connection(world: World, name: str) -> str:
    auth = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
    made = world.client("events").create_connection(Name=name, AuthorizationType="BASIC", AuthParameters=auth)
    return str(made["ConnectionArn"])


def let_events_send(sqs: Any, url: str, arn: str, **more: Any) -> None:
    """A queue's policy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    } | more
    letters = {"Version": "2012-10-17", "Statement": statement}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(letters)})


def test_an_http_task_needs_two_permissions(world: World, hook: Any) -> None:
    arn = connection(world, "http")
    url = f"http://127.0.0.1:{hook.server_port}/x"
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": url,
            "Method": "POST",
            "InvocationConfig": {"ConnectionArn": arn},
            "RequestBody": {},
        },
        "End": True,
    }
    states = world.client("stepfunctions")

    def tried(role: str) -> dict[str, Any]:
        answer: dict[str, Any] = states.test_state(definition=json.dumps(state), roleArn=role)
        return answer

    endpoint = {
        "Action": "states:InvokeHTTPEndpoint",
        "Condition": {
            "StringEquals": {"states:HTTPMethod": "POST"},
            "StringLike": {"states:HTTPEndpoint": "http://127.0.0.1*"},
        },
    }
    credentials = {"Action": "events:RetrieveConnectionCredentials", "Resource": arn}
    nothing = tried(world.role("h0", trust=TRUST))
    assert (nothing["status"], nothing["error"]) == ("FAILED", "States.Permissions")
    assert "states:InvokeHTTPEndpoint" in nothing["cause"]
    half = tried(world.role("h1", endpoint, trust=TRUST))
    assert half["error"] == "Events.ConnectionResource.AccessDenied"
    other = {**endpoint, "Condition": {"StringEquals": {"states:HTTPMethod": "GET"}}}
    assert tried(world.role("h2", other, credentials, trust=TRUST))["error"] == "States.Permissions"
    assert hook.asked == []
    assert tried(world.role("h3", endpoint, credentials, trust=TRUST))["status"] == "SUCCEEDED"
    assert hook.asked == ["/x"]


def test_secrets_are_revealed_to_who_may(world: World) -> None:
    user = world.user("tester", {"Action": ["states:TestState", "iam:PassRole"]})
    states = world.client("stepfunctions", user)
    definition = json.dumps({"Type": "Pass", "End": True})
    assert states.test_state(definition=definition)["status"] == "SUCCEEDED"
    code, message = refused(states.test_state, definition=definition, revealSecrets=True)
    assert code == "AccessDeniedException" and "states:RevealSecrets" in message


def test_targets_need_what_their_role_or_the_queues_policy_gives(world: World, hook: Any) -> None:
    events, sqs = world.client("events"), world.client("sqs")
    account = world.account
    arn = connection(world, "targets")
    destination = events.create_api_destination(
        Name="d",
        ConnectionArn=arn,
        InvocationEndpoint=f"http://127.0.0.1:{hook.server_port}/hook",
        HttpMethod="POST",
    )["ApiDestinationArn"]
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:dead"
    only = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:us-east-1:{account}:rule/allowed"}}
    let_events_send(sqs, dead, queue, Condition=only)
    may_not = world.role("t0", trust=TRUST)
    may = world.role("t1", {"Action": "events:InvokeApiDestination", "Resource": destination}, trust=TRUST)
    events.put_rule(Name="allowed", EventPattern=json.dumps({"source": ["s"]}))
    target = {"Id": "t", "Arn": destination, "RoleArn": may_not, "DeadLetterConfig": {"Arn": queue}}
    events.put_targets(Rule="allowed", Targets=[target])
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    events.put_events(Entries=[entry])
    (letter,) = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20, MessageAttributeNames=["All"])[
        "Messages"
    ]
    attributes = letter["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
    assert "events:InvokeApiDestination" in attributes["ERROR_MESSAGE"]["StringValue"]
    events.put_targets(Rule="allowed", Targets=[{**target, "RoleArn": may}])
    events.put_events(Entries=[entry])
    until_blocking(lambda: hook.asked == ["/hook"])


def test_a_role_for_another_bus(world: World) -> None:
    events, sqs = world.client("events"), world.client("sqs")
    account = world.account
    bus = events.create_event_bus(Name="other")["EventBusArn"]
    url = sqs.create_queue(QueueName="came")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:came"
    let_events_send(sqs, url, queue)
    events.put_rule(Name="in", EventBusName="other", EventPattern='{"source": ["x"]}')
    events.put_targets(Rule="in", EventBusName="other", Targets=[{"Id": "q", "Arn": queue}])
    events.put_rule(Name="out", EventPattern='{"source": ["x"]}')
    target = {"Id": "b", "Arn": bus, "DeadLetterConfig": {"Arn": queue}}
    roles = [world.role("b0", trust=TRUST), world.role("b1", {"Action": "events:PutEvents"}, trust=TRUST)]
    for role, is_letter in zip(roles, (True, False), strict=True):
        events.put_targets(Rule="out", Targets=[{**target, "RoleArn": role}])
        events.put_events(Entries=[{"Source": "x", "DetailType": "t", "Detail": "{}"}])
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"])[
            "Messages"
        ]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert ("MessageAttributes" in message) is is_letter
