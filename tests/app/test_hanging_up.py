"""A client that hangs up in the middle of a long poll takes nothing with it: the next one gets the work."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from fogbank.core.config import Settings
from fogbank.testing import Fogbank
from tests.support.waiting import until_blocking

ROLE = "arn:aws:iam::000000000000:role/states"


@pytest.fixture
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings(port=0)) as running:
        yield running


def polled(server: Fogbank, target: str, version: str, body: object) -> socket.socket:
    """A JSON request on a connection of its own."""
    content = json.dumps(body).encode()
    host, _, port = server.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)))
    head = (
        f"POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: {target}\r\n"
        f"content-type: application/x-amz-json-{version}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def test_an_activity_s_task_waits_for_the_next_worker(server: Fogbank) -> None:
    states = server.client("stepfunctions")
    activity = states.create_activity(name="a")["activityArn"]
    desks = server.app.house.calls.services["stepfunctions"].state.activities._desks
    dead = polled(server, "AWSStepFunctions.GetActivityTask", "1.0", {"activityArn": activity})
    until_blocking(lambda: any(desk.waiting for desk in desks.values()))
    dead.close()
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": activity, "End": True}}}
    machine = states.create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(definition))
    states.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"n": 1}')
    task = states.get_activity_task(activityArn=activity)
    assert json.loads(task["input"]) == {"n": 1}


def test_a_message_waits_for_the_next_receiver(server: Fogbank) -> None:
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    channels = server.app.house.calls.services["sqs"].state.channels._channels
    dead = polled(server, "AmazonSQS.ReceiveMessage", "1.0", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    until_blocking(lambda: any(channel.is_waited_for for channel in channels.values()))
    dead.close()
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"] == "m"
