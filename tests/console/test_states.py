"""The pages of Step Functions: what they show, live, and who may see them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from fogbank.core.config import Settings
from fogbank.testing import Fogbank

ROLE = "arn:aws:iam::000000000000:role/states"
WAITING = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Result": {"n": 1}, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 3600, "Next": "Last"},
        "Last": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings(port=0)) as running:
        yield running


@pytest.fixture
def execution(server: Fogbank) -> str:
    """The ARN of an execution that waits for an hour."""
    server.reset()
    states = server.client("stepfunctions")
    machine = states.create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(WAITING))
    return str(states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"])


@contextmanager
def opened(server: Fogbank, path: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def get(server: Fogbank, path: str, **headers: str) -> tuple[int, bytes, Any]:
    """Status, body, headers."""
    with opened(server, path, **headers) as response:
        return response.status, response.read(), response.headers


def page(arn: str, part: str = "") -> str:
    return f"/_fogbank/console/states/{quote(arn, safe='')}{part}"


def events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """Server-sent events as (name, data)."""
    name = ""
    while line := response.readline().decode().rstrip("\n"):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
            response.readline()


def test_the_page_and_its_files_are_served(server: Fogbank, execution: str) -> None:
    status, body, headers = get(server, page(execution))
    assert status == 200
    assert b"states.js" in body
    assert "default-src 'none'" in headers["content-security-policy"]
    for name in ("console.css", "states.js", "list.js"):
        assert get(server, f"/_fogbank/console/assets/{name}")[0] == 200
    assert get(server, "/_fogbank/console/assets/..%2Fstates.py")[0] == 404


def test_the_list_shows_the_machines_of_a_place(server: Fogbank, execution: str) -> None:
    path = "/_fogbank/console/states/?account=000000000000&region=us-east-1"
    assert [each["name"] for each in json.loads(get(server, path)[1])] == ["m"]
    assert json.loads(get(server, path.replace("us-east-1", "eu-west-1"))[1]) == []


def test_the_diagram_is_coloured_by_the_execution(server: Fogbank, execution: str) -> None:
    drawn = get(server, page(execution, "/diagram.svg"))[1].decode()
    assert 'data-state="First" data-progress="succeeded"' in drawn
    assert 'data-state="Pause" data-progress="running"' in drawn
    assert 'data-state="Last" transform' in drawn


def test_live_events_follow_the_execution_to_its_end(server: Fogbank, execution: str) -> None:
    with opened(server, page(execution, "/live")) as response:
        stream = events(response)
        name, machine = next(stream)
        assert (name, machine["name"]) == ("machine", "m")
        assert [each["executionArn"] for each in machine["executions"]] == [execution]
        name, history = next(stream)
        assert (name, history[0]["type"]) == ("history", "ExecutionStarted")
        name, running = next(stream)
        assert (name, running["status"]) == ("execution", "RUNNING")
        assert running["progress"]["Pause"]["status"] == "running"
        server.advance(3600)
        later = list(stream)
        assert later[-1][0] == "execution"
        assert later[-1][1]["status"] == "SUCCEEDED"
        assert later[-1][1]["progress"]["Last"]["status"] == "succeeded"
        ids = [
            each["id"]
            for each in history + [event for name, data in later if name == "history" for event in data]
        ]
        assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize(
    ("arn", "status"),
    [
        ("arn:aws:states:us-east-1:000000000000:stateMachine:none", 400),
        ("arn:aws:states:us-east-1:000000000000:execution:m:none", 400),
        ("arn:aws:sqs:us-east-1:000000000000:queue", 404),
        ("nonsense", 404),
    ],
)
def test_what_is_not_there_is_an_error(server: Fogbank, execution: str, arn: str, status: int) -> None:
    assert get(server, page(arn))[0] == status


def test_pages_of_other_sites_see_nothing(server: Fogbank, execution: str) -> None:
    assert get(server, page(execution, "/live"), origin="https://example.com")[0] == 403
