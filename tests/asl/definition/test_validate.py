"""What AWS refuses in a definition: recorded answers, answers of AWS that were quoted in public, and the rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.asl.definition import Severity, errors_of, refusal, validate, validate_state
from fogbank.asl.definition.states import QueryLanguage
from tests.support.recordings import ROOT, recorded

_FILE = "stepfunctions/v2/test_sfn_api_validation.snapshot.json"
_PASS = {"Type": "Pass", "End": True}


def _found(definition: Any, *, express: bool = False) -> list[tuple[str, str, str | None]]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [(each.code, each.message, each.location) for each in errors_of(validate(text, express=express))]


def _machine(states: dict[str, Any], start: str = "A", **others: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": states, **others}


def _schema(message: str, location: str) -> list[tuple[str, str, str | None]]:
    return [("SCHEMA_VALIDATION_FAILED", message, location)]


_TEMPLATES = ROOT / "stepfunctions" / "templates" / "validation" / "statemachines"
_ILLEGAL_WFTT = _machine(
    {
        "SendMessageWithWait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "https://example", "MessageBody": "x"},
            "End": True,
        }
    },
    "SendMessageWithWait",
)
_RECORDED = {
    "not_a_definition[EMPTY_STRING]": '""',
    "not_a_definition[NOT_A_DEF]": "not a definition",
    "not_a_definition[EMPTY_DICT]": "{}",
    "type_standard[VALID_BASE_PASS]": "valid_base_pass",
    "type_standard[INVALID_BASE_NO_STARTAT]": "invalid_base_no_startat",
    "type_express[VALID_BASE_PASS]": "valid_base_pass",
    "type_express[INVALID_BASE_NO_STARTAT]": "invalid_base_no_startat",
    "type_express[ILLEGAL_WFTT]": json.dumps(_ILLEGAL_WFTT),
    "type_standard[VALID_QUERY_LANGUAGE_PASS]": "valid_query_language_pass",
    "type_standard[INVALID_DOWNGRADE_QUERY_LANGUAGE]": "invalid_downgrade_query_language",
    "type_express[INVALID_DOWNGRADE_QUERY_LANGUAGE]": "invalid_downgrade_query_language",
    "type_express[VALID_QUERY_LANGUAGE_PASS]": "valid_query_language_pass",
}


@pytest.mark.parametrize("name", _RECORDED)
def test_recorded_diagnostics(name: str) -> None:
    answer = recorded(_FILE, f"test_validate_state_machine_definition_{name}")["validation_response"]
    text = _RECORDED[name]
    if (_TEMPLATES / f"{text}.json5").exists():
        text = (_TEMPLATES / f"{text}.json5").read_text()
    found = validate(text, express="express" in name)
    assert [
        {
            "severity": each.severity,
            "code": each.code,
            "message": each.message,
            **({} if each.location is None else {"location": each.location}),
        }
        for each in found
    ] == answer["diagnostics"]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            {"StartAt": "State_1"},
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (
            _machine(
                {
                    "State0": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Arguments": "{% $state.input %}",
                        "Credentials": {"InvalidField": "invalid"},
                        "End": True,
                    }
                },
                "State0",
                QueryLanguage="JSONata",
            ),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was "
            "missing at /States/State0/Credentials'",
        ),
        (
            _machine(
                {"Query": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:query", "End": True}},
                "Query",
            ),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided "
            "arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource "
            "is not available in this region. at /States/Query/Resource'",
        ),
        (
            _machine({"pass1": {"Type": "Pass", "Next": "pass3"}, "pass2": _PASS}, "pass1"),
            "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at "
            '/States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2\'',
        ),
        (
            _machine({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}),
            "Invalid State Machine Definition: 'MISSING_END_STATE: Workflow has no terminal state at null'",
        ),
    ],
)
def test_the_message_of_a_refusal(definition: Any, message: str) -> None:
    assert refusal(validate(json.dumps(definition))) == message


def test_json_errors_have_the_place_twice() -> None:
    [(code, message, location)] = _found('{"StartAt": "A",}')
    assert code == "INVALID_JSON_DESCRIPTION"
    assert location == '[Source: (String)"{"StartAt": "A",}"; line: 1, column: 18]'
    assert message == (
        "Unexpected character ('}' (code 125)): was expecting double-quote to start field name\n at "
        + location
    )


def test_a_field_that_is_there_twice_is_a_json_error() -> None:
    text = '{"StartAt":"A","States":{"A":{"Type":"Succeed"},"A":{"Type":"Succeed"}}}'
    [(code, message, _)] = _found(text)
    assert code == "INVALID_JSON_DESCRIPTION"
    assert message.startswith("Duplicate field 'A'\n at [Source: ")
    assert not _found('{"StartAt":"A:b","States":{"A:b":{"Type":"Succeed","Comment":"a: b"}}}')


_LOOP = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (_LOOP, [("MISSING_END_STATE", "Workflow has no terminal state", None)]),
        (
            {**_LOOP, "C": {"Type": "Pass", "Next": "A"}},
            [("MISSING_END_STATE", "Workflow has no terminal state", None)],
        ),
        ({**_LOOP, "C": _PASS}, [("MISSING_TRANSITION_TARGET", 'State "C" is not reachable.', "/States/C")]),
        (
            {"A": {"Type": "Pass", "Next": "NOPE"}},
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: NOPE", "/States/A/Next"),
                ("MISSING_END_STATE", "Workflow has no terminal state", None),
            ],
        ),
        (
            {
                "A": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "X"}],
                    "Default": "Y",
                },
                "B": _PASS,
            },
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", "/States/A/Choices[0]/Next"),
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: Y", "/States/A/Default"),
                ("MISSING_TRANSITION_TARGET", 'State "B" is not reachable.', "/States/B"),
            ],
        ),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "X"}],
                    "End": True,
                }
            },
            [("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", "/States/A/Catch[0]/Next")],
        ),
        (
            {
                "A": {"Type": "Parallel", "Branches": [_machine({"B": _PASS}, "C")], "Next": "D"},
                "D": {**_PASS, "End": True},
            },
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: C", "/States/A/Branches[0]/StartAt"),
                (
                    "MISSING_TRANSITION_TARGET",
                    'State "B" is not reachable.',
                    "/States/A/Branches[0]/States/B",
                ),
            ],
        ),
        (
            {"A": {"Type": "Map", "ItemProcessor": _machine({"A": _PASS}), "End": True}},
            [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/A/ItemProcessor/States/A")],
        ),
    ],
)
def test_where_states_lead(states: dict[str, Any], expected: list[Any]) -> None:
    assert _found(_machine(states)) == expected


def test_a_missing_start() -> None:
    assert _found(_machine({"A": _PASS}, "B")) == [
        ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: B", "/StartAt"),
        ("MISSING_TRANSITION_TARGET", 'State "A" is not reachable.', "/States/A"),
    ]


_TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": True}
_INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
_ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:a"
_GET_OBJECT = "arn:aws:states:::s3:getObject"
_MAP = {"Type": "Map", "ItemProcessor": _machine({"P": _PASS}, "P"), "End": True}
_DISTRIBUTED = {
    **_MAP,
    "ItemProcessor": _machine(
        {"P": _PASS}, "P", ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    ),
}


@pytest.mark.parametrize(
    ("state", "message", "field"),
    [
        (
            {"Type": "Nope"},
            "The field 'Type' should have one of these values: "
            "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
            "/Type",
        ),
        ({}, "These fields are required: [Type]", ""),
        ({"Type": "Task", "End": True}, "These fields are required: [Resource]", ""),
        ({**_PASS, "_comment": "x"}, "Field '_comment' is not supported", ""),
        ({**_MAP, "TimeoutSeconds": 1}, "Field 'TimeoutSeconds' is not supported", ""),
        (
            {**_PASS, "Parameters": {"a.$": "States.format('x')"}},
            "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
            "/Parameters",
        ),
        (
            {**_PASS, "Output": 1},
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
            "QueryLanguage",
            "",
        ),
        (
            {**_PASS, "QueryLanguage": "JSONata", "InputPath": "$.a"},
            "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' "
            "QueryLanguage",
            "",
        ),
        (
            {**_MAP, "ItemProcessor": _machine({"P": _PASS}, "P", QueryLanguage="JSONata")},
            "Field 'QueryLanguage' is not supported",
            "/ItemProcessor",
        ),
        (
            {
                **_MAP,
                "QueryLanguage": "JSONata",
                "ItemProcessor": _machine({"P": {**_PASS, "Output": 1}}, "P"),
            },
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
            "QueryLanguage",
            "/ItemProcessor/States/P",
        ),
        (
            {**_TASK, "Resource": "arn:aws:states:::nope:invoke"},
            "The resource provided arn:aws:states:::nope:invoke is not recognized. The value is not a valid resource "
            "ARN, or the resource is not available in this region.",
            "/Resource",
        ),
        (
            {**_DISTRIBUTED, "ItemReader": {"Resource": "arn:aws:states:::s3:deleteObject"}},
            "The field 'Resource' does not match any of the allowed values",
            "/ItemReader/Resource",
        ),
        (
            {**_INVOKE, "Parameters": {"Payload.$": "$"}},
            "The field 'FunctionName' is required but was missing",
            "/Parameters",
        ),
        (
            {**_INVOKE, "Parameters": {"FunctionName.$": "$.f", "payload": 1}},
            "The field 'payload' is not supported by Step Functions",
            "/Parameters",
        ),
        (_INVOKE, "Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke", ""),
        ({**_TASK, "Resource": "f"}, "Value is not a valid resource ARN", "/Resource"),
        (
            {**_TASK, "Resource": _ACTIVITY, "Credentials": {"RoleArn": "r"}},
            "The field 'Credentials' is not supported for activities",
            "/Credentials",
        ),
        ({"Type": "Pass"}, "This object should have only one of the following fields: [Next, End]", ""),
        (
            {"Type": "Pass", "End": False},
            "This object should have only one of the following fields: [Next, End]",
            "",
        ),
        ({**_PASS, "Next": "A"}, "There should only be one of the following fields: [Next, End]", ""),
        (
            {"Type": "Wait", "Seconds": 1, "TimestampPath": "$.t", "End": True},
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
            "",
        ),
        ({**_PASS, "OutputPath": "Test"}, "Value must be a valid JSONPath.", "/OutputPath"),
        ({**_PASS, "ResultPath": "$.a[*]"}, "Value is not a Reference Path", "/ResultPath"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "Test", "IsNull": True, "Next": "A"}]},
            "Value is not a Reference Path: Reference path didn't start with '$'",
            "/Choices[0]/Variable",
        ),
        (
            {"Type": "Choice", "Choices": [{"IsNull": True, "Next": "A"}]},
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
            "/Choices[0]",
        ),
        ({"Type": "Choice", "Choices": []}, "Value cannot be empty", "/Choices"),
        ({**_TASK, "TimeoutSeconds": 0}, "Minimum value is 1", "/TimeoutSeconds"),
        ({**_TASK, "TimeoutSeconds": 100000000}, "Maximum value is 99999999", "/TimeoutSeconds"),
        (
            {**_MAP, "ToleratedFailurePercentage": 101},
            "Maximum value is 100.0",
            "/ToleratedFailurePercentage",
        ),
        ({**_MAP, "MaxConcurrency": -1}, "Minimum value is 0", "/MaxConcurrency"),
        (
            {**_MAP, "MaxConcurrencyPath": "$$.Execution.Input.n"},
            "Value is not a Reference Path",
            "/MaxConcurrencyPath",
        ),
        (
            {**_DISTRIBUTED, "ItemBatcher": {"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n"}},
            "There should only be one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath]",
            "/ItemBatcher",
        ),
        ({**_TASK, "TimeoutSeconds": "5"}, "Expected value of type Integer", "/TimeoutSeconds"),
        (
            {**_TASK, "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]},
            "States.ALL must appear alone and at end of list",
            "/Retry[0]/ErrorEquals",
        ),
        (
            {**_TASK, "Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "HALF"}]},
            "Value should be one of the following: [NONE, FULL]",
            "/Retry[0]/JitterStrategy",
        ),
        (
            {"Type": "Wait", "Timestamp": "tomorrow", "End": True},
            "String does not match RFC3339 timestamp",
            "/Timestamp",
        ),
        (
            {**_DISTRIBUTED, "ItemReader": {"Resource": _GET_OBJECT, "ReaderConfig": {"InputType": "CSV"}}},
            "The field 'CSVHeaderLocation' is required",
            "/ItemReader/ReaderConfig",
        ),
        ({**_TASK, "Credentials": {}}, "The field 'RoleArn' is required but was missing", "/Credentials"),
    ],
)
def test_fields(state: dict[str, Any], message: str, field: str) -> None:
    assert _found(_machine({"A": state})) == _schema(message, f"/States/A{field}")


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Pass"}, "/States/A"),
        ({"Type": "Pass", "Next": "A", "End": True}, "/States/A"),
        ({**_PASS, "End": "yes"}, "/States/A/End"),
        ({**_PASS, "InputPath": "x"}, "/States/A/InputPath"),
        ({**_PASS, "ResultPath": "$.a[*]"}, "/States/A/ResultPath"),
        ({**_PASS, "ResultPath": "$$.a"}, "/States/A/ResultPath"),
        ({**_PASS, "Comment": 1}, "/States/A/Comment"),
        ({**_TASK, "TimeoutSeconds": 0}, "/States/A/TimeoutSeconds"),
        ({**_TASK, "TimeoutSeconds": 1, "TimeoutSecondsPath": "$.x"}, "/States/A"),
        ({**_TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "/States/A/HeartbeatSeconds"),
        ({**_TASK, "TimeoutSecondsPath": "$.x[*]"}, "/States/A/TimeoutSecondsPath"),
        ({**_TASK, "Retry": {}}, "/States/A/Retry"),
        ({**_TASK, "Retry": [{"ErrorEquals": []}]}, "/States/A/Retry[0]/ErrorEquals"),
        ({**_TASK, "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]}, "/States/A/Retry[0]/ErrorEquals"),
        (
            {**_TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]},
            "/States/A/Retry[0]/ErrorEquals",
        ),
        ({**_TASK, "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]}, "/States/A/Retry[0]/BackoffRate"),
        (
            {**_TASK, "Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "HALF"}]},
            "/States/A/Retry[0]/JitterStrategy",
        ),
        ({**_TASK, "Catch": [{"ErrorEquals": ["X"]}]}, "/States/A/Catch[0]"),
        ({"Type": "Wait", "End": True}, "/States/A"),
        ({"Type": "Wait", "Seconds": 1, "Timestamp": "2020-01-01T00:00:00Z", "End": True}, "/States/A"),
        ({"Type": "Wait", "Seconds": -1, "End": True}, "/States/A/Seconds"),
        ({"Type": "Wait", "Timestamp": "tomorrow", "End": True}, "/States/A/Timestamp"),
        ({"Type": "Fail", "Error": "a", "ErrorPath": "$.b"}, "/States/A"),
        ({"Type": "Fail", "ErrorPath": "b"}, "/States/A/ErrorPath"),
        ({"Type": "Choice", "Choices": []}, "/States/A/Choices"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "A"}]}, "/States/A/Choices[0]"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": 1, "Next": "A"}]},
            "/States/A/Choices[0]/StringEquals",
        ),
        (
            {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsNull": "x"}], "Next": "A"}]},
            "/States/A/Choices[0]/And[0]/IsNull",
        ),
        (
            {
                "Type": "Choice",
                "Choices": [{"Not": {"Variable": "$.a", "IsNull": True, "Next": "A"}, "Next": "A"}],
            },
            "/States/A/Choices[0]/Not",
        ),
        ({"Type": "Parallel", "Branches": [], "End": True}, "/States/A/Branches"),
        ({"Type": "Map", "End": True}, "/States/A"),
        ({**_MAP, "MaxConcurrency": -1}, "/States/A/MaxConcurrency"),
        ({**_MAP, "MaxConcurrencyPath": "$.limits[*]"}, "/States/A/MaxConcurrencyPath"),
        ({**_MAP, "Label": "x"}, "/States/A"),
        ({**_DISTRIBUTED, "Label": "a b"}, "/States/A/Label"),
        ({**_DISTRIBUTED, "ItemBatcher": {}}, "/States/A/ItemBatcher"),
        (
            {**_DISTRIBUTED, "ResultWriter": {"WriterConfig": {"Transformation": "NONE"}}},
            "/States/A/ResultWriter/WriterConfig",
        ),
        (
            {
                **_DISTRIBUTED,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "XML"},
                },
            },
            "/States/A/ItemReader/ReaderConfig/InputType",
        ),
        ("x", "/States/A"),
    ],
)
def test_refused(state: Any, location: str) -> None:
    found = _found(_machine({"A": state}))
    assert [(code, where) for code, _, where in found] in (
        [("SCHEMA_VALIDATION_FAILED", location)],
        [("INVALID_LABEL_NAME", location)],
    )


@pytest.mark.parametrize(
    "state",
    [
        {**_PASS, "InputPath": None, "OutputPath": None, "ResultPath": None},
        {**_PASS, "Result": None, "Parameters": {"a": [{"b.$": "$.x"}]}, "Comment": ""},
        {**_PASS, "Assign": {"a.$": "$.b", "ä_1": {"c.$": "$d.e"}}},
        {
            **_TASK,
            "Resource": "arn:aws:states:us-east-1:000000000000:activity:a",
            "HeartbeatSecondsPath": "$.h",
        },
        {**_TASK, "Resource": "arn:aws:states:::aws-sdk:dynamodb:listTables"},
        {
            **_TASK,
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "a"},
        },
        {**_TASK, "Credentials": {"RoleArn.$": "States.Format('{}', $.r)"}},
        {
            **_TASK,
            "Retry": [
                {"ErrorEquals": ["A"], "MaxAttempts": 0, "BackoffRate": 1},
                {"ErrorEquals": ["States.ALL"]},
            ],
        },
        {**_MAP, "MaxConcurrency": 9223372036854775807},
        {**_MAP, "ItemsPath": "$$.Execution.Input.items", "MaxConcurrencyPath": "$n"},
        {
            "Type": "Map",
            "Iterator": _machine({"P": _PASS}, "P"),
            "Parameters": {"x.$": "$$.Map.Item.Value"},
            "End": True,
        },
        {
            **_DISTRIBUTED,
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"},
                "Parameters": {"Bucket.$": "$.b"},
            },
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket": "b"},
                "ReaderConfig": {"MaxItemsPath": "$.n"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 3, "BatchInput": {"x.$": "$.y"}},
            "Label": "L",
        },
        {"Type": "Fail", "CausePath": "States.UUID()", "ErrorPath": "$.e"},
        {**_INVOKE, "Parameters": {"FunctionName": "f", "Payload.$": "$", "ClientContext": "e30="}},
        {
            **_TASK,
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Parameters": {"Cluster": "c"},
        },
        {**_TASK, "Resource": "arn:aws:states:::aws-sdk:lambda:invoke", "Parameters": {"Anything": 1}},
        {"Type": "Succeed", "Comment": "done"},
    ],
)
def test_accepted(state: dict[str, Any]) -> None:
    assert _found(_machine({"A": state})) == []


def _jsonata(fields: dict[str, Any], kind: dict[str, Any] = _PASS) -> list[tuple[str, str, str | None]]:
    return _found(_machine({"A": {**kind, **fields}}, QueryLanguage="JSONata"))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ("$x :=", "Unexpected end of expression"),
        ('$match("a", /abc', "No terminating / in regular expression"),
        ("phone %.other", 'The symbol "." cannot be used as a unary operator'),
        ("", "Unexpected end of expression"),
    ],
)
def test_jsonata_that_does_not_parse(expression: str, message: str) -> None:
    assert _jsonata({"Output": {"v": f"{{% {expression} %}}"}}) == [
        ("INVALID_JSONATA_EXPRESSION", message, "/States/A/Output/v")
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$$", "Reference to '$$' is not supported."),
        ("$states.errorOutput", "Field '$states.errorOutput' does not exist."),
        ("$states.result.x", "Field '$states.result' does not exist."),
    ],
)
def test_jsonata_that_reads_what_is_not_there(expression: str, message: str) -> None:
    assert _jsonata({"Output": f"{{% {expression} %}}"}) == [
        ("UNSUPPORTED_JSONATA_EXPRESSION", message, "/States/A/Output")
    ]


def test_jsonata_where_results_and_errors_are_there() -> None:
    error = "{% $states.errorOutput.Error %}"
    catcher = {"ErrorEquals": ["X"], "Next": "A", "Output": error, "Assign": {"e": error}}
    result = {"Output": "{% $states.result %}", "Assign": {"r": "{% $states.result.x %}"}}
    assert _jsonata({**result, "Catch": [catcher], "TimeoutSeconds": "{% 1 + $n %}"}, _TASK) == []
    assert _jsonata({"MaxConcurrency": "{% $states.input.n %}", "Items": "{% [1] %}"}, _MAP) == []
    assert _jsonata({"MaxConcurrency": "{% ) %}"}, _MAP)[0][2] == "/States/A/MaxConcurrency"


def test_a_condition() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $a > ( %}", "Next": "A"}, {"Condition": True, "Next": "A"}],
    }
    assert _jsonata({}, choice)[0][::2] == ("INVALID_JSONATA_EXPRESSION", "/States/A/Choices[0]/Condition")
    assert _jsonata({}, {"Type": "Choice", "Choices": [{"Next": "A"}]}) == _schema(
        "These fields are required: [Condition]", "/States/A/Choices[0]"
    )


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Express state machine does not support '.waitForTaskToken' service integration ",
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            "Express state machine does not support '.sync' service integration ",
        ),
        (
            "arn:aws:states:us-east-1:000000000000:activity:a",
            "Express state machine does not support Activity ARN",
        ),
    ],
)
def test_what_express_does_not_have(resource: str, message: str) -> None:
    nested = {**_MAP, "ItemProcessor": _machine({"T": {**_TASK, "Resource": resource}}, "T")}
    where = "/States/A/ItemProcessor/States/T/Resource"
    assert _found(_machine({"A": nested}), express=True) == _schema(message, where)
    assert message not in [found for _, found, _ in _found(_machine({"A": nested}))]
    child = {
        **nested,
        "ItemProcessor": {
            **nested["ItemProcessor"],
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        },
    }
    assert _found(_machine({"A": child})) == _schema(message, where)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("states", "RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'."),
        (
            "1a",
            "INVALID_VARIABLE_NAME",
            "Invalid variable name '1a': the variable name contains invalid characters.",
        ),
        (
            "_a",
            "INVALID_VARIABLE_NAME",
            "Invalid variable name '_a': the variable name contains invalid characters.",
        ),
    ],
)
def test_names_of_variables(name: str, code: str, message: str) -> None:
    expected = [(code, message, "/States/A/Assign")]
    assert _found(_machine({"A": {**_PASS, "Assign": {name: 1}}})) == expected
    assert _found(_machine({"A": {**_PASS, "Assign": {f"{name}.$": "$"}}})) == expected


def test_half_a_surrogate_pair_is_refused() -> None:
    [(code, message, _)] = _found('{"StartAt":"A","States":{"A":{"Type":"Succeed","Comment":"\\ud800"}}}')
    assert (code, message[:25]) == ("INVALID_JSON_DESCRIPTION", "Incomplete surrogate pair")


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> dict[str, Any]:
        machine = _machine({"S": {"Type": "Succeed"}}, "S")
        for level in range(depth):
            machine = _machine(
                {f"P{level}/x": {"Type": "Parallel", "Branches": [machine], "End": True}}, f"P{level}/x"
            )
        return machine

    assert _found(nested(31)) == []
    assert [code for code, *_ in _found(nested(32))] == ["TOO_DEEPLY_NESTED"]


def test_express_has_no_distributed_map() -> None:
    assert _found(_machine({"A": _DISTRIBUTED}), express=True) == _schema(
        "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
        "/States/A/ItemProcessor/ProcessorConfig/Mode",
    )


def test_what_looks_like_a_path_is_warned_of() -> None:
    found = validate(json.dumps(_machine({"A": {"Type": "Fail", "Error": "$.error", "Cause": "it cost $5"}})))
    assert [(each.severity, each.code, each.location) for each in found] == [
        (Severity.WARNING, "NO_PATH", "/States/A/Error")
    ]


def test_warnings_do_not_refuse() -> None:
    definition = _machine({"A": {**_PASS, "Parameters": {"a": "$.x", "price": "$5"}, "Result": "$.payload"}})
    found = validate(json.dumps(definition))
    assert not errors_of(found)
    assert [(each.severity, each.code, each.location) for each in found] == [
        (Severity.WARNING, "NO_DOLLAR", "/States/A/Parameters/a"),
        (Severity.WARNING, "PASS_RESULT_IS_STATIC", "/States/A/Result"),
    ]


def test_one_state_alone() -> None:
    assert validate_state({"Type": "Pass", "Next": "elsewhere"}) == []
    assert validate_state({**_PASS, "Output": "{% 1 %}"}, language=QueryLanguage.JSONATA) == []
    assert [each.message for each in validate_state({"Type": "Task", "End": True})] == [
        "These fields are required: [Resource]"
    ]


def test_recognises_is_asked() -> None:
    text = json.dumps(_machine({"A": {**_TASK, "Resource": "arn:aws:states:::aws-sdk:x:y"}}))
    assert validate(text) == []
    assert len(validate(text, recognises=lambda resource: resource.service != "x")) == 1


@pytest.mark.parametrize("depth", [50, 20_000])
def test_depth_is_bounded(depth: int) -> None:
    text = (
        '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Result":' + "[" * depth + "]" * depth + "}}}"
    )
    assert bool(errors_of(validate(text))) is (depth > 1_000)
