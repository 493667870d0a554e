from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank.asl.resources import parse_resource
from fogbank.core.config import AuthMode
from fogbank.gateway.http_client import HttpClient
from fogbank.services.stepfunctions.engine.api import Outcome, Pattern, TaskCall
from fogbank.services.stepfunctions.tasks import Tasks
from fogbank.testing.server import Fogbank

ROLE = "arn:aws:iam::111111111111:role/machine"
CODE = """
import time

class OrderError(Exception): pass

def handler(event, context):
    match event:
        case {"raise": message}:
            raise OrderError(message)
        case {"big": size}:
            return "x" * size
    return event
"""


@pytest.fixture(scope="package")
def server() -> Iterator[Fogbank]:
    with Fogbank() as running:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("index.py", CODE)
        functions = running.client("lambda")
        functions.create_function(
            FunctionName="f",
            Runtime="python3.12",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": buffer.getvalue()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.1})
        yield running


@pytest.fixture(scope="package")
def tasks(server: Fogbank) -> Tasks:
    async def never(*_: Any) -> Any:
        raise AssertionError("not part of this")

    activities: Any = None
    app = server.app
    return Tasks(
        calls=app.house.calls,
        clock=app.clock,
        ids=app.ids,
        mode=AuthMode.OPEN,
        activities=activities,
        ended=never,
        fetch=app.house.apis.fetch,
        sessions=app.house.sessions,
        client=HttpClient(app.house.lanes),
    )


Run = Callable[..., Outcome]


def call_of(resource: str, parameters: Any, **more: Any) -> TaskCall:
    parsed = parse_resource(resource if resource.startswith("arn:") else f"arn:aws:states:::{resource}")
    assert parsed is not None
    wanted = {
        "id": "1",
        "resource": parsed,
        "parameters": parameters,
        "token": "token" if parsed.pattern is Pattern.CALLBACK else "",
        "timeout_s": None,
        "heartbeat_s": None,
        "credentials_role_arn": None,
        "execution_arn": "arn:aws:states:us-east-1:000000000000:execution:m:e",
        "execution_name": "e",
        "state_machine_arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m",
        "state_name": "S",
        "role_arn": ROLE,
        "account": "000000000000",
        "region": "us-east-1",
        "partition": "aws",
    }
    return TaskCall(**wanted | more)


@pytest.fixture
def run(server: Fogbank, tasks: Tasks) -> Run:
    """Run one attempt of a task."""

    def run(resource: str, parameters: Any, **more: Any) -> Outcome:
        return server.run(tasks.run(call_of(resource, parameters, **more)))

    return run
