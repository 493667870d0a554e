from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.services.stepfunctions.engine.api import Failed, Stage, Submitted, Succeeded
from tests.services.stepfunctions.tasks.conftest import Run

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.mark.parametrize("value", [None, "HelloWorld", 0.0, 0, True, [], {}, {"a": ["ü", 1.5]}])
def test_a_function_s_arn(run: Run, value: Any) -> None:
    outcome = run(ARN, value)
    assert isinstance(outcome, Succeeded)
    assert json.loads(outcome.output) == value
    if value == 0.0 and isinstance(value, float):
        assert outcome.output == "0.0"


def test_a_function_s_error(run: Run) -> None:
    for outcome in (
        run(ARN, {"raise": "no stock"}),
        run("lambda:invoke", {"FunctionName": "f", "Payload": {"raise": "no stock"}}),
    ):
        assert isinstance(outcome, Failed) and outcome.error == "OrderError" and outcome.cause is not None
        cause = json.loads(outcome.cause)
        assert (cause["errorMessage"], cause["errorType"]) == ("no stock", "OrderError")
        assert cause["stackTrace"] and cause["requestId"]
        assert outcome.stage is Stage.RUN


def test_a_function_that_is_not_there(run: Run) -> None:
    outcome = run(ARN + "none", {})
    assert isinstance(outcome, Failed) and outcome.error == "Lambda.ResourceNotFoundException"
    assert outcome.cause is not None and outcome.cause.startswith(f"Function not found: {ARN}none")
    assert (
        " (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Req" in outcome.cause
    )
    assert outcome.cause.endswith("; Proxy: null)")


def test_invoke(run: Run) -> None:
    outcome = run("lambda:invoke", {"FunctionName": ARN, "Payload": {"a": 1}})
    assert isinstance(outcome, Succeeded)
    shown = json.loads(outcome.output)
    assert (shown["ExecutedVersion"], shown["Payload"], shown["StatusCode"]) == ("$LATEST", {"a": 1}, 200)
    headers = shown["SdkHttpMetadata"]["HttpHeaders"]
    assert headers["Content-Length"] == "8" and headers["Content-Type"] == "application/json"
    assert shown["SdkHttpMetadata"]["AllHttpHeaders"]["X-Amz-Executed-Version"] == ["$LATEST"]
    assert shown["SdkResponseMetadata"]["RequestId"] == headers["x-amzn-RequestId"]


def test_invoke_without_a_payload_and_as_an_event(run: Run) -> None:
    for parameters in ({"FunctionName": "f"}, {"FunctionName": "f", "Payload": None}):
        outcome = run("lambda:invoke", parameters)
        assert isinstance(outcome, Succeeded) and json.loads(outcome.output)["Payload"] == {}
    event = run("lambda:invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": {}})
    assert isinstance(event, Succeeded) and json.loads(event.output)["StatusCode"] == 202


def test_a_callback_is_submitted(run: Run) -> None:
    outcome = run("lambda:invoke.waitForTaskToken", {"FunctionName": "f", "Payload": {"token": "t"}})
    assert isinstance(outcome, Submitted) and json.loads(outcome.output)["Payload"] == {"token": "t"}
    refused = run("lambda:invoke.waitForTaskToken", {"FunctionName": "none"})
    assert isinstance(refused, Failed) and refused.stage is Stage.SUBMIT


def test_parameters_that_are_none(run: Run) -> None:
    outcome = run("lambda:invoke", {"FunctionName": 1})
    assert isinstance(outcome, Failed) and outcome.error == "States.Runtime"
    assert outcome.cause == (
        "The Parameters '{\"FunctionName\":1}' could not be used to start the Task: "
        "[The value for the field 'FunctionName' must be a STRING]"
    )
