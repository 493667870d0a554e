"""Two servers on one store, a SQLite file or PostgreSQL: what is asked of one reaches the other, and a killed one is succeeded."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.servers import Server
from tests.store.backends import schema
from tests.support.waiting import until_blocking

ROLE = "arn:aws:iam::000000000000:role/r"
LEASE_LIMIT_S = 40.0


@pytest.fixture(params=["sqlite", "postgres"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    @contextmanager
    def file() -> Iterator[str]:
        yield str(tmp_path / "shared.db")

    with file() if request.param == "sqlite" else schema(request.getfixturevalue("postgres")) as where:
        servers = [Server(tmp_path / name, tmp_path, "--store", where) for name in ("one", "two")]
        try:
            for server in servers:
                server.start()
            yield servers[0], servers[1]
        finally:
            for server in servers:
                server.end(signal.SIGKILL)


def states(server: Server) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}, read_timeout=70, inject_host_prefix=False),
    )


def create(client: Any, name: str, definition: dict[str, Any]) -> str:
    made = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    arn: str = made["stateMachineArn"]
    return arn


def test_children_answered_at_the_other_node_and_a_killed_owner(nodes: tuple[Server, Server]) -> None:
    one, two = states(nodes[0]), states(nodes[1])
    activity = one.create_activity(name="a")["activityArn"]
    child = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": activity, "End": True}}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **child}
    machine = create(
        one, "m", {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}
    )

    def work(client: Any) -> None:
        task = client.get_activity_task(activityArn=activity, workerName="w")
        client.send_task_heartbeat(taskToken=task["taskToken"])
        client.send_task_success(taskToken=task["taskToken"], output=task["input"])

    whole = one.start_execution(stateMachineArn=machine, input="[1,2]")["executionArn"]
    work(two)
    work(two)  # both end there: the map run's parent, at the first node, hears of it at once
    until_blocking(lambda: one.describe_execution(executionArn=whole)["status"] == "SUCCEEDED", 5)

    broken = one.start_execution(stateMachineArn=machine, input="[1,2,3]")["executionArn"]
    work(two)
    nodes[0].end(signal.SIGKILL)
    work(two)
    work(two)
    until_blocking(
        lambda: two.describe_execution(executionArn=broken)["status"] == "SUCCEEDED", LEASE_LIMIT_S
    )
    assert json.loads(two.describe_execution(executionArn=broken)["output"]) == [1, 2, 3]
    run = two.list_map_runs(executionArn=broken)["mapRuns"][0]["mapRunArn"]
    assert two.describe_map_run(mapRunArn=run)["itemCounts"]["succeeded"] == 3
    children = [
        one_of["executionArn"] for one_of in two.list_executions(mapRunArn=run, maxResults=10)["executions"]
    ]
    assert len(children) == 3
    for arn in children:  # no transition twice
        events = two.get_execution_history(executionArn=arn)["events"]
        assert [event["type"] for event in events] == [
            "ExecutionStarted",
            "TaskStateEntered",
            "ActivityScheduled",
            "ActivityStarted",
            "ActivitySucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]


def test_stopping_redriving_and_waiting_across_nodes(nodes: tuple[Server, Server]) -> None:
    one, two = states(nodes[0]), states(nodes[1])
    wait = create(one, "w", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": wait, "Input": {}},
        "End": True,
    }
    outer = create(one, "o", {"StartAt": "T", "States": {"T": task}})
    arn = one.start_execution(stateMachineArn=outer)["executionArn"]

    def inner() -> list[str]:
        found = two.list_executions(stateMachineArn=wait, statusFilter="RUNNING")["executions"]
        return [execution["executionArn"] for execution in found]

    (first,) = until_blocking(inner)
    two.stop_execution(executionArn=first)  # the first node, which watches it, hears of it
    until_blocking(lambda: two.describe_execution(executionArn=arn)["status"] == "FAILED", 5)
    two.redrive_execution(executionArn=arn)
    (second,) = until_blocking(inner)
    assert second != first
    one.stop_execution(executionArn=arn, error="E", cause="C")  # the second node is its owner now
    assert two.describe_execution(executionArn=arn)["error"] == "E"
    until_blocking(lambda: one.describe_execution(executionArn=second)["status"] == "ABORTED", 5)

    express = one.create_state_machine(
        name="x",
        type="EXPRESS",
        roleArn=ROLE,
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
    )["stateMachineArn"]
    assert two.start_sync_execution(stateMachineArn=express, input='{"a":1}')["output"] == '{"a":1}'
    one.update_state_machine(
        stateMachineArn=express,
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 2, "End": True}}}),
    )
    until_blocking(lambda: two.start_sync_execution(stateMachineArn=express)["output"] == "2", 5)


def test_one_answer_for_each_token(nodes: tuple[Server, Server]) -> None:
    """Both nodes are given the answer at once: one of them takes it."""
    clients = [states(node) for node in nodes]
    activity = clients[0].create_activity(name="a")["activityArn"]
    machine = create(
        clients[0],
        "m",
        {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": activity, "End": True}}},
    )
    for _ in range(5):
        arn = clients[0].start_execution(stateMachineArn=machine)["executionArn"]
        token = clients[1].get_activity_task(activityArn=activity)["taskToken"]
        said: list[str] = []

        def answer(client: Any, token: str = token, said: list[str] = said) -> None:
            try:
                client.send_task_success(taskToken=token, output="1")
                said.append("taken")
            except ClientError as error:
                said.append(error.response["Error"]["Code"])

        threads = [threading.Thread(target=answer, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["TaskTimedOut", "taken"]
        assert clients[0].describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
