"""TestState answers what AWS answered, with every inspection level, mocks, and the models that mocks are held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.model.shapes import model_of
from tests.support.stepfunctions import Replay, ids_of, parameter, template

Make = Callable[[str, str], Replay]

SCENARIOS = "test_state/test_test_state_scenarios.snapshot.json"
PRESENT = "test_state/test_field_validation_mode_present.snapshot.json"

HELLO = {"Value": "HelloWorld"}
NESTED = {
    "initialData": {"fieldFromInput": "value from input", "otherField": "other"},
    "unrelatedData": {"someOtherField": 1234},
}
INPUTS = {
    "IO_PASS_STATE": NESTED,
    "IO_RESULT_PASS_STATE": NESTED,
    "BASE_CHOICE_STATE": {"type": "Private", "value": 22},
}
STATES: dict[str, dict[str, Any]] = {
    "BASE_PASS_STATE": {"Type": "Pass", "End": True},
    "BASE_FAIL_STATE": {
        "Type": "Fail",
        "Error": "SomeFailure",
        "Cause": "This state machines raises a 'SomeFailure' failure.",
    },
    "BASE_SUCCEED_STATE": {"Type": "Succeed"},
}
INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName.$": "$.FunctionName", "Payload.$": "$.Payload"},
    "End": True,
}
MAP = {
    "Type": "Map",
    "QueryLanguage": "JSONata",
    "Items": "{% $states.input.Values %}",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "TestState",
        "States": {
            "TestState": {
                "Type": "Task",
                "QueryLanguage": "JSONata",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "foo", "Payload": "bar"},
                "End": True,
            }
        },
    },
    "Output": "{% $states %}",
    "End": True,
}
BOUNDS = {
    "MAX_CONCURRENCY": "MaxConcurrency",
    "TOLERATED_FAILURE_PERCENTAGE": "ToleratedFailurePercentage",
    "TOLERATED_FAILURE_COUNT": "ToleratedFailureCount",
}


def tried(it: Replay, definition: Any, given: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = it.client.test_state(
        definition=json.dumps(definition), input=json.dumps(given), **more
    )
    return answer


def levelled() -> list[str]:
    return [
        test
        for level in ("info", "debug", "trace")
        for test in ids_of(SCENARIOS, f"test_base_inspection_level_{level}")
        if not test.endswith("[BASE_MAP_STATE]")  # recorded without an answer
    ]


@pytest.mark.parametrize("test", levelled())
def test_inspection_level(replay: Make, test: str) -> None:
    it, what = replay(SCENARIOS, test), parameter(test)
    level = test.split("[")[0].rpartition("_")[2].upper()
    definition = STATES.get(what) or template(f"test_state/statemachines/{what.lower()}")
    given = INPUTS.get(what, HELLO)
    it.matches("test_case_response", tried(it, definition, given, roleArn=it.role, inspectionLevel=level))


@pytest.mark.parametrize("test", ids_of(SCENARIOS, "test_base_lambda_task_state"))
def test_function(replay: Make, test: str) -> None:
    it = replay(SCENARIOS, test)
    definition = template("test_state/statemachines/base_lambda_task_state") | {
        "Resource": it.function("bytes")
    }
    given = {"inputData": "HelloWorld"}
    answer = tried(it, definition, given, roleArn=it.role, inspectionLevel=parameter(test))
    it.matches("test_case_response", answer)


@pytest.mark.parametrize("test", ids_of(SCENARIOS, "test_base_lambda_service_task_state"))
def test_function_by_its_service(replay: Make, test: str) -> None:
    it = replay(SCENARIOS, test)
    it.function("id")
    given = {"FunctionName": it.words["<lambda_function_name>"], "Payload": None}
    answer = tried(it, INVOKE, given, roleArn=it.role, inspectionLevel=parameter(test))
    it.matches("test_case_response", answer)


def test_no_role(replay: Make) -> None:
    it = replay(
        SCENARIOS, "TestStateCaseScenarios::test_base_lambda_service_task_state_no_role_arn_validation"
    )
    it.fails("validation_exception", it.client.test_state, definition=json.dumps(INVOKE), input="{}")


@pytest.mark.parametrize(
    "test",
    ids_of(SCENARIOS, "test_base_map_state_inspect") + ids_of(SCENARIOS, "test_base_map_state_inspect_trace"),
)
def test_map(replay: Make, test: str) -> None:
    it = replay(SCENARIOS, test)
    bound, _, level = parameter(test).partition("-")
    answer = tried(
        it,
        MAP | {BOUNDS[bound]: "{% $variable := 1 %}"},
        {"Values": [1, 2, 3]},
        roleArn=it.role,
        inspectionLevel=level or "TRACE",
        mock={"result": "[1, 1, 1]"},
    )
    it.matches("test_case_response", answer)


@pytest.mark.parametrize("test", ids_of(SCENARIOS, "test_state_task_catch_error"))
def test_caught_error(replay: Make, test: str) -> None:
    it = replay(SCENARIOS, test)
    definition = template("test_state/statemachines/base_task_state_catch")
    for key, error, cause in (
        ("test_catch_mock_exception_response", "MockException", "Mock the cause of the error."),
        ("catch_task_failed_response", "States.TaskFailed", "The task failed."),
    ):
        mock = {"errorOutput": {"error": error, "cause": cause}}
        answer = tried(it, definition, HELLO, roleArn=it.role, inspectionLevel=parameter(test), mock=mock)
        it.matches(key, answer)


def test_states_of_a_machine(replay: Make) -> None:
    it = replay(SCENARIOS, "TestStateCaseScenarios::test_localstack_blogpost_scenario")
    definition = template("test_state/statemachines/localstack_blogpost_scenario_state_machine")
    arguments = definition["States"]["Ask for Approval"]["Arguments"]
    arguments["ApiEndpoint"] = "example.execute-api.us-east-1.amazonaws.com"
    granted = {"approval": True, "approval_code": "2387462", "approved_by": "Mary"}
    approval = {"mock": {"result": '{"approval": true }'}}
    for key, state, given, more in (
        ("small_purchase_approval_required_response", "Approval Required", {"cost": 9}, {}),
        ("large_purchase_approval_required_response", "Approval Required", {"cost": 10}, {}),
        ("large_purchase_ask_for_approval_response", "Ask for Approval", {"cost": 10}, approval),
        ("check_approval_granted_response", "Check Approval", granted, {}),
        ("check_approval_denied_response", "Check Approval", {"approval": False}, {}),
    ):
        it.matches(key, tried(it, definition, given, stateName=state, inspectionLevel="TRACE", **more))


@pytest.mark.parametrize("test", ids_of(SCENARIOS, "test_state_with_variables"))
def test_variables(replay: Make, test: str) -> None:
    it = replay(SCENARIOS, test)
    given = {"input_values": [1, 2, 3]}
    if parameter(test) == "base_expressions":
        more = {"variables": json.dumps({"var_input_value": "test_value", "var_constant_1": 10})}
        name = "base_expr"
    else:
        more, name = {"variables": "{}"}, "base_literals"
    definition = template(f"outputdecl/statemachines/{name}")
    answer = tried(it, definition, given, stateName="State0", inspectionLevel="TRACE", **more)
    it.matches("test_case_response", answer)


# --- mocks against the models -----------------------------------------------------------------------------------------


def task(resource: str, *parameters: str) -> dict[str, Any]:
    given = {f"{name}.$": f"$.{name}" for name in parameters}
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": given, "End": True}


START = {
    "Type": "Task",
    "QueryLanguage": "JSONata",
    "Resource": "arn:aws:states:::states:startExecution",
    "Arguments": {
        "Input": "{% $states.input.targetInput %}",
        "StateMachineArn": "{% $states.input.stateMachineArn %}",
        "Name": "{% $states.input.name %}",
    },
    "Output": {"targetExecutionResult": "{% $states.result %}"},
    "End": True,
}
ENTRIES = [{"Detail": "detail", "DetailType": "detail_type", "Source": "source"}]
ITEM = {"data": {"S": "HelloWorld"}, "id": {"S": "id1"}}
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:TargetStateMachine"
#: test: what is tried, and its input
TASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "test_present_mode_mock_result_field_not_in_api_spec": (
        task("events:putEvents", "Entries"),
        {"Entries": ENTRIES},
    ),
    "test_present_mode_eventbridge_task": (task("events:putEvents", "Entries"), {"Entries": ENTRIES}),
    "test_present_mode_sfn_task_validation_pass": (
        START,
        {"stateMachineArn": MACHINE, "targetInput": None, "name": "TestStartTarget"},
    ),
    "test_present_mode_sfn_task_validation_fail": (
        START,
        {"stateMachineArn": MACHINE, "targetInput": None, "name": "TestStartTarget"},
    ),
    "test_present_mode_lambda_task": (INVOKE, {"FunctionName": "function_name", "Payload": None}),
    "test_present_mode_dynamodb_task": (
        task("dynamodb:putItem", "TableName", "Item"),
        {"TableName": "table_name", "Item": ITEM},
    ),
    "test_present_mode_aws_sdk_s3_task": (
        task("aws-sdk:s3:getObject", "Bucket", "Key"),
        {"Bucket": "bucket_name", "Key": "file_key"},
    ),
    "test_present_mode_aws_sdk_kms_task": (
        task("aws-sdk:kms:encrypt", "KeyId", "Plaintext"),
        {"KeyId": "key_id", "Plaintext": "plain_text"},
    ),
    "test_present_mode_aws_sdk_lambda_get_function_task": (
        task("aws-sdk:lambda:getFunction", "FunctionName"),
        {"FunctionName": "function_name"},
    ),
}
RESULTS: dict[str, Any] = {
    "field_not_part_of_api_spec": {"random": "json"},
    "empty_json": {},
    "wrong_type_top_level_field": {"Entries": "a string"},
    "wrong_type_nested_field": {"Entries": [{"EventId": ["a list"]}]},
    "wrong_type_2nd_array_element": {"Entries": [{"EventId": "a string"}, {"EventId": ["a list"]}]},
    "missing_required_fields": {},
    "field_name_not_in_sfn_case": {
        "executionArn": "stringValueExecutionArn",
        "startDate": "stringValueStartDate",
    },
    "wrong_timestamp_type_bool": {"StartDate": True},
    "wrong_string_type_number": {"ExecutionArn": 1764103483},
    "wrong_integer_type_string": {"StatusCode": "200"},
    "wrong_float_type_string": {"ConsumedCapacity": {"CapacityUnits": "123.45"}},
    "wrong_long_type_string": {"ContentLength": "9000"},
    "non_existent_enum_value": {"StorageClass": "Papyrus"},
    "wrong_blob_type_number": {"CiphertextBlob": 123},
    "wrong_blob_length_less_than_minimum": {"CiphertextBlob": ""},
    "integer_less_than_minimum_allowed": {"Configuration": {"MemorySize": 127}},
    "integer_more_than_maximum_allowed": {"Configuration": {"MemorySize": 10241}},
}


@pytest.mark.parametrize("test", ids_of(PRESENT))
def test_mock(replay: Make, test: str) -> None:
    it = replay(PRESENT, test)
    if test.endswith("[integer_more_than_maximum_allowed]"):
        maximum = model_of("lambda").shape("MemorySize").trait("max")
        if maximum > 10_240:
            pytest.xfail(f"functions may have {maximum} MB since")
    definition, given = TASKS[test.split("::")[1].split("[")[0]]
    mock = {"result": json.dumps(RESULTS[parameter(test)]), "fieldValidationMode": "PRESENT"}
    more = {"roleArn": it.role, "inspectionLevel": "INFO", "mock": mock}
    key = next(iter(it.was))
    if "exception" in key:
        call = {"definition": json.dumps(definition), "input": json.dumps(given)}
        it.fails(key, it.client.test_state, **call, **more)
    else:
        it.matches(key, tried(it, definition, given, **more))
