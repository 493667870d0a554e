"""Executions leave the history that AWS recorded, over boto3 and with real functions.

One row of a table for each test: where its definition is, and how its placeholders are filled. The input is the recorded one.
Scenarios that need a service that this fogbank lacks wait for it visibly (`needs`), and run by themselves once it is there.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.testing.server import Fogbank
from tests.support.stepfunctions import Replay, client, ids_of, parameter, template
from tests.support.waiting import until_blocking

Make = Callable[[str, str], Replay]
States = dict[str, dict[str, Any]]


def needs(server: Fogbank, *services: str) -> None:
    """Wait, visibly, for services that are not there yet."""
    if missing := sorted(set(services) - set(server.app.house.calls.services)):
        pytest.xfail(f"waits for {', '.join(missing)}")


def machine(states: States, start: str | None = None, **more: Any) -> dict[str, Any]:
    return {"StartAt": start or next(iter(states)), "States": states} | more


def named(folder: str) -> Callable[[Replay, str], Any]:
    """The definition is a template that has the name of the test's parameter."""
    return lambda it, what: template(f"{folder}/statemachines/{what.lower()}")


def fixed(path: str) -> Callable[[Replay, str], Any]:
    return lambda it, what: template(path)


def filled(
    path: str, state: str, kind: str, word: str = "<lambda_function_name>"
) -> Callable[[Replay, str], Any]:
    """A template whose state invokes a function."""

    def build(it: Replay, what: str) -> Any:
        definition = template(path)
        definition["States"][state]["Resource"] = it.function(kind, word)
        return definition

    return build


def replaced(definition: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(definition).replace(old, new))


PASS_RESULT = machine({"State_1": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}})
RAISE_FAILURE = machine(
    {
        "FailState": {
            "Type": "Fail",
            "Error": "SomeFailure",
            "Cause": "This state machines raises a 'SomeFailure' failure.",
        }
    }
)
QUERIED = {
    "context_object": "$$",
    "execution": "$$.Execution",
    "execution_id": "$$.Execution.Id",
    "execution_input": "$$.Execution.Input",
    "execution_name": "$$.Execution.Name",
    "execution_rolearn": "$$.Execution.RoleArn",
    "execution_starttime": "$$.Execution.StartTime",
    "state": "$$.State",
    "state_enteredtime": "$$.State.EnteredTime",
    "state_name": "$$.State.Name",
    "statemachine": "$$.StateMachine",
    "statemachine_id": "$$.StateMachine.Id",
    "statemachine_name": "$$.StateMachine.Name",
}
QUERY_CONTEXT = machine(
    {
        "QueryValues1": {
            "Type": "Pass",
            "Next": "QueryValues2",
            "ResultPath": "$.query_values_1",
            "Parameters": {f"{key}.$": path for key, path in QUERIED.items()},
        },
        "QueryValues2": {
            "Type": "Pass",
            "End": True,
            "ResultPath": "$.query_values_2",
            "Parameters": {"context_object.$": "$$"},
        },
    }
)
PLACEHOLDER = "%CONTEXT_OBJECT_LITERAL_PLACEHOLDER%"
MERGE = machine(
    {
        "Start": {
            "Type": "Pass",
            "Output": "{% $merge([$states.input.part1, $states.input.part2]) %}",
            "End": True,
        }
    },
    QueryLanguage="JSONata",
)
ONE = "{% $variable := 1 %}"
FROM_INPUT = "{% $states.input.input_value %}"
CONTAINS = {
    "BASE": r'{% $contains("hello$world", /^hello\$/) %}',
    "BASE_FALSE": r'{% $contains("hello$world", /^hello\ /) %}',
    "BASE_SINGLE_QUOTE": r"{% $contains('hello$world', /^hello\$/) %}",
    "BASE_SINGLE_QUOTE_FALSE": r"{% $contains('hello$world', /^hello\ /) %}",
}
ITEMS = {"ITEMS": [1, '{% $number("2") %}', 3], "ITEMS_DOUBLE_QUOTES": [1, "{% $number('2') %}", 3]}
FIELDS = {
    "TIMEOUT_SECONDS": "TimeoutSeconds",
    "HEARTBEAT_SECONDS": "HeartbeatSeconds",
    "ITEMS": "Items",
    "ITEMS_DOUBLE_QUOTES": "Items",
    "MAX_CONCURRENCY": "MaxConcurrency",
    "TOLERATED_FAILURE_PERCENTAGE": "ToleratedFailurePercentage",
    "TOLERATED_FAILURE_COUNT": "ToleratedFailureCount",
}
OUTPUTS = {
    "NULL": None,
    "INT": 0,
    "FLOAT": 0.1,
    "BOOL": True,
    "STR_LIT": "string literal",
    "JSONATA_EXPR": "{% $states.input %}",
    "LIST_EMPY": [],
    "LIST_RICH": [
        None,
        0,
        0.1,
        True,
        "string",
        [],
        "$nosuchvar",
        "$.no.such.path",
        "{% $states.input %}",
        {"key": "{% true %}"},
    ],
}


def jsonpaths(it: Replay, what: str) -> Any:
    return machine(
        {
            "State_1": {
                "Type": "Pass",
                "Result": {"unsupported1.$": "$.jsonpath", "unsupported2.$": "$$"},
                "End": True,
            }
        }
    )


def array_access(it: Replay, what: str) -> Any:
    return replaced(template("base/statemachines/json_path_array_access"), "$.items[0]", what)


def context_path(field: str) -> Callable[[Replay, str], Any]:
    def build(it: Replay, what: str) -> Any:
        if field == "OutputPath":
            return replaced(
                template("context_object/statemachines/context_object_output_path"), PLACEHOLDER, what
            )
        return machine({"TestState": {"Type": "Pass", field: what, "End": True}})

    return build


def context_variable(it: Replay, what: str) -> Any:
    definition = template("context_object/statemachines/context_object_variable")
    return replaced(definition, PLACEHOLDER, "$$.Execution.Input.input-value")


def context_items(it: Replay, what: str) -> Any:
    processor = machine({"HandleItem": {"Type": "Pass", "End": True}})
    state = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
    return machine({"TestState": state | {"ItemsPath": "$$.Execution.Input.input-values"}})


def context_selector(it: Replay, what: str) -> Any:
    it.function("id")
    return machine(
        {
            "TestState": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName.$": "$.FunctionName", "Payload": {"Input.$": "$"}},
                "ResultSelector": {"LambdaOutput.$": "$", "ContextObjectValue.$": "$$.Execution.Input"},
                "End": True,
            }
        }
    )


def evaluated(base: str, *, from_input: bool) -> Callable[[Replay, str], Any]:
    def build(it: Replay, what: str) -> Any:
        arn = it.function("id", "<lambda-function-name>")
        definition = template(f"evaluatejsonata/statemachines/{base}")
        value: Any = FROM_INPUT if from_input else ITEMS.get(what, ONE)
        definition["States"]["Start"][FIELDS[what]] = value
        return replaced(definition, "%LAMBDA_FUNCTION_ARN_LITERAL_PLACEHOLDER%", arn)

    return build


def contains(it: Replay, what: str) -> Any:
    definition = template("evaluatejsonata/statemachines/base_pass")
    definition["States"]["Start"]["Output"] = CONTAINS[what]
    return definition


def any_output(it: Replay, what: str) -> Any:
    definition = template("outputdecl/statemachines/base_output_any")
    definition["States"]["State0"]["Output"] = OUTPUTS[what]
    return definition


def output_task(it: Replay, what: str) -> Any:
    it.function("id", "lambda_function_name")
    return template("outputdecl/statemachines/base_task_lambda")


def language(it: Replay, what: str) -> Any:
    return template(f"querylanguage/statemachines/base_pass_{what.lower().replace('json_path', 'jsonpath')}")


def invoking(kind: str) -> Callable[[Replay, str], Any]:
    def build(it: Replay, what: str) -> Any:
        resource = it.function(kind, "<lambda_function_1_name>")
        return machine({"step1": {"Type": "Task", "Resource": resource, "End": True}})

    return build


def pipe(it: Replay, what: str) -> Any:
    definition = template("services/statemachines/lambda_invoke_pipe")
    for n, kind in ((1, "hello"), (2, "hello")):
        definition["States"][f"step{n}"]["Resource"] = it.function(kind, f"<lambda_function_{n}_name>")
    return definition


def commented(it: Replay, what: str) -> Any:
    definition = template("comment/statemachines/comments_as_per_docs")
    definition["States"]["TaskStateCatchRetry"]["Resource"] = it.function("id", "lambda_function_1_name")
    return definition


PASSED = {"Type": "Pass", "End": True}


def large(*, service: bool, limit: bool) -> Callable[[Replay, str], Any]:
    """A function that answers too much; the definition catches that by name or not."""

    def build(it: Replay, what: str) -> Any:
        arn = it.function("large")
        definition = template(
            "errorhandling/statemachines/task_service_lambda_invoke_catch_data_limit_exceeded"
        )
        state = definition["States"]["InvokeLambda"]
        if not limit:
            del state["Catch"][0], definition["States"]["HandleDataLimitExceeded"]
        if not service:
            state["Resource"] = arn
            if "loaded" in what:
                del state["Parameters"]
        return definition

    return build


def large_result(it: Replay, what: str) -> Any:
    return machine({"State_1": {"Type": "Pass", "Result": {"Arg1": "a" * (257 * 1024)}, "End": True}})


def catching(kind: str, name: str) -> Callable[[Replay, str], Any]:
    return filled(f"errorhandling/statemachines/task_lambda_invoke_catch_{name}", "Start", kind)


def custom_error(it: Replay, what: str) -> Any:
    definition = template("errorhandling/statemachines/task_lambda_invoke_catch_tbd")
    state = definition["States"]["InvokeLambda"]
    state["Resource"] = it.function("raise_custom")
    state["Catch"][0]["ErrorEquals"] = ["CustomException"]
    return definition


Build = Callable[[Replay, str], Any]

#: file: {test: how its definition is made}
EXECUTIONS: dict[str, dict[str, Build]] = {
    "base/test_base": {
        "test_state_fail_path": fixed("base/statemachines/raise_failure_path"),
        "test_state_fail_intrinsic": fixed("base/statemachines/raise_failure_path_intrinsic"),
        "test_state_pass_result": lambda it, what: PASS_RESULT,
        "test_state_pass_result_jsonpaths": jsonpaths,
        "test_decl_version_1_0": fixed("base/statemachines/decl_version_1_0"),
        "test_query_context_object_values": lambda it, what: QUERY_CONTEXT,
        "test_state_pass_result_null_input_output_paths": fixed(
            "base/statemachines/pass_result_null_input_output_paths"
        ),
        "test_state_pass_regex_json_path_base": fixed("base/statemachines/pass_result_regex_json_path_base"),
        "test_json_path_array_access": array_access,
        "test_json_path_array_wildcard_or_slice_with_no_input": array_access,
    },
    "assign/test_assign_base": {
        "test_base_cases": named("assign"),
        "test_assign_in_choice": fixed("assign/statemachines/choice_condition_jsonata"),
    },
    "comments/test_comments": {
        "test_comments_as_per_docs": commented,
        "test_comment_in_parameters": fixed("comment/statemachines/comment_in_parameters"),
    },
    "context_object/test_context_object": {
        "test_input_path": context_path("InputPath"),
        "test_output_path": context_path("OutputPath"),
        "test_result_selector": context_selector,
        "test_variable": context_variable,
        "test_items_path": context_items,
        "test_error_cause_path": fixed("context_object/statemachines/context_object_error_cause_path"),
    },
    "error_handling/test_states_errors": {
        "test_service_task_lambada_data_limit_exceeded_on_large_utf8_response": large(
            service=True, limit=True
        ),
        "test_service_task_lambada_catch_state_all_data_limit_exceeded_on_large_utf8_response": large(
            service=True, limit=False
        ),
        "test_task_lambda_data_limit_exceeded_on_large_utf8_response": large(service=False, limit=True),
        "test_task_lambda_catch_state_all_data_limit_exceeded_on_large_utf8_response": large(
            service=False, limit=False
        ),
        "test_start_large_input": large_result,
    },
    "error_handling/test_task_lambda": {
        "test_raise_exception": catching("raise", "unknown"),
        "test_raise_exception_catch": catching("raise", "relevant"),
        "test_no_such_function": catching("raise", "unknown"),
        "test_no_such_function_catch": catching("raise", "relevant"),
        "test_raise_custom_exception": custom_error,
    },
    "evaluate_jsonata/test_base_evaluate_expressions": {
        "test_base_task": evaluated("base_task", from_input=False),
        "test_base_task_from_input": evaluated("base_task", from_input=True),
        "test_base_map": evaluated("base_map", from_input=False),
        "test_base_map_from_input": evaluated("base_map", from_input=True),
        "test_base_jsonata_regular_expressions": contains,
        "test_merge_with_dynamic_args": lambda it, what: MERGE,
    },
    "outputdecl/test_output": {
        "test_base_cases": named("outputdecl"),
        "test_base_lambda": filled(
            "outputdecl/statemachines/base_lambda", "State0", "id", "lambda_function_name"
        ),
        "test_base_task_lambda": output_task,
        "test_base_output_any_non_dict": any_output,
        "test_output_in_choice": fixed("outputdecl/statemachines/choice_condition_jsonata"),
    },
    "query_language/test_base_query_language": {
        "test_base_query_language_field": language,
        "test_query_language_field_override": language,
    },
    "services/test_lambda_task": {
        "test_invoke_bytes_payload": invoking("bytes"),
        "test_invoke_string_payload": invoking("id"),
        "test_invoke_json_values": invoking("id"),
        "test_invoke_pipe": pipe,
        "test_lambda_task_filter_parameters_input": filled(
            "services/statemachines/lambda_input_parameters_filter",
            "CheckComplete",
            "id",
            "lambda_function_name",
        ),
    },
}


def rows() -> list[Any]:
    return [
        pytest.param(file, test, build, id=f"{file}::{test}")
        for file, builds in EXECUTIONS.items()
        for name, build in builds.items()
        for test in ids_of(f"{file}.snapshot.json", name)
    ]


@pytest.mark.parametrize(("file", "test", "build"), rows())
def test_execution(replay: Make, file: str, test: str, build: Build) -> None:
    it = replay(f"{file}.snapshot.json", test)
    # Waits and pauses between retries pass at once; activities and the like are not here.
    it.runs(build(it, parameter(test)), advance_s=5 if file.startswith("comments") else 0)


@pytest.mark.parametrize("test", ["test_state_fail", "test_state_fail_empty"])
def test_failed_execution(replay: Make, test: str) -> None:
    it = replay("base/test_base.snapshot.json", f"TestSnfBase::{test}")
    empty = test.endswith("empty")
    arn = it.runs(template("base/statemachines/raise_empty_failure") if empty else RAISE_FAILURE)
    it.matches("describe_execution", it.client.describe_execution(executionArn=arn))


def test_parallel_scopes(replay: Make) -> None:
    """The branches' events come in whichever order; the first and the last are compared in theirs."""
    it = replay(
        "assign/test_assign_base.snapshot.json",
        "TestAssignBase::test_base_parallel_cases[BASE_SCOPE_PARALLEL]",
    )
    definition = template("assign/statemachines/base_scope_parallel")
    arn = it.start(it.machine(definition)["stateMachineArn"], it.recorded_input())
    it.ended(arn)
    happened, was = it.history(arn)["events"], it.was["get_execution_history"]["events"]
    # The recording left event 12 out, as its gap shows: branches end with 11, the state exits with 13.
    happened = [event for event in happened if event["type"] != "ParallelStateSucceeded"]

    def bare(event: dict[str, Any]) -> str:
        details = {
            key: value for key, value in event.items() if key not in ("id", "previousEventId", "timestamp")
        }
        return json.dumps(it.meant(details), sort_keys=True, default=str)

    def parsed(event: Any) -> Any:
        if isinstance(event, dict):
            return {key: parsed(value) for key, value in event.items()}
        try:
            value = json.loads(event) if isinstance(event, str) else event
        except ValueError:
            return event
        return value if isinstance(value, dict | list) else event

    assert sorted(bare(parsed(each)) for each in happened) == sorted(bare(parsed(each)) for each in was)


# --- choices ----------------------------------------------------------------------------------------------------------

CHOICES = ("test_boolean_equals", "test_is_operators", "test_numeric")


def choice_rows() -> list[Any]:
    files = [f"choice_operators/{name}.snapshot.json" for name in CHOICES]
    return [pytest.param(file, test, id=test) for file in files for test in ids_of(file)]


@pytest.mark.parametrize(("file", "test"), choice_rows())
def test_choice(replay: Make, file: str, test: str) -> None:
    """Every case in one machine with a branch for each comparison value: the operator is in the test's name."""
    it = replay(file, test)
    operator = "".join(word.capitalize() for word in test.split("::test_")[1].split("_"))
    machines: dict[str, str] = {}
    started = []
    for case in it.was["cases"]:
        given = case["input"] if isinstance(case["input"], dict) else json.loads(case["input"])
        value = "$.Value" if operator.endswith("Path") else given["Value"]
        key = json.dumps(value)
        if key not in machines:
            machines[key] = it.machine(comparing(operator, value))["stateMachineArn"]
        started.append(it.start(machines[key], json.dumps(given)))
    for arn, case in zip(started, it.was["cases"], strict=True):
        assert json.loads(it.ended(arn)["output"]) == case["output"], case["input"]


def comparing(operator: str, value: Any) -> Any:
    def result(text: str) -> dict[str, Any]:
        return {"Type": "Pass", "Result": {"TestResult.$": text}, "End": True}

    rule = {"Variable": "$.Variable", operator: value, "Next": "ConditionTrue"}
    return machine(
        {
            "CheckValues": {"Type": "Choice", "Choices": [rule], "Default": "ConditionFalse"},
            "ConditionTrue": result("ConditionTrue"),
            "ConditionFalse": result("ConditionFalse"),
        }
    )


# --- intrinsic functions ----------------------------------------------------------------------------------------------

INTRINSICS = {
    "test_array": "array/{}",
    "test_encode_decode": "encode_decode/{}",
    "test_json_manipulation_jsonata": "json_manipulation/{}",
    "test_math_operations": "math_operations/{}",
}
#: Tests whose template has another name. What is called unique tested the length on AWS as well.
RENAMED = {
    "array_unique": "array_length",
    "base_64_encode": "base64encode",
    "base_64_decode": "base64decode",
    "parse": "parse_jsonata",
}


def intrinsic_rows() -> list[Any]:
    files = [(f"intrinsic_functions/{name}.snapshot.json", path) for name, path in INTRINSICS.items()]
    return [pytest.param(file, path, test, id=test) for file, path in files for test in ids_of(file)]


@pytest.mark.parametrize(("file", "path", "test"), intrinsic_rows())
def test_intrinsic_function(replay: Make, file: str, path: str, test: str) -> None:
    it = replay(file, test)
    name = test.split("::test_")[1]
    definition = template("intrinsicfunctions/statemachines/" + path.format(RENAMED.get(name, name)))
    machine_arn = it.machine(definition)["stateMachineArn"]
    started = {key: it.start(machine_arn, it.recorded_input(key)) for key in it.was}
    for key, arn in started.items():
        it.ended(arn)
        it.matches(key, it.history(arn))


# --- Express ----------------------------------------------------------------------------------------------------------

RETRYING = {
    "Type": "Task",
    "Parameters": {"ThisContextObject.$": "$$", "ThisState.$": "$"},
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "HandleError"}],
    "ResultPath": "$.state_output",
    "ResultSelector": {"FinalRetryCount.$": "$$.State.RetryCount"},
    "End": True,
}


def express_definition(it: Replay, test: str) -> Any:
    if test.endswith("[BASE_RAISE_FAILURE]"):
        return RAISE_FAILURE
    if "test_base" in test:
        return PASS_RESULT
    if "runtime_memory" in test:
        return QUERY_CONTEXT
    arn = it.function("raise", "lambda_function_name")
    if "retry" in test:
        return machine({"InvokeLambdaWithRetry": RETRYING | {"Resource": arn}, "HandleError": PASSED})
    return machine(
        {
            "InvokeLambda": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName.$": "$.FunctionName", "Payload.$": "$.Payload"},
                "Next": "ProcessResult",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "HandleGeneralError"}],
            },
            "ProcessResult": PASSED,
            "HandleGeneralError": PASSED,
        }
    )


@pytest.mark.parametrize("test", ids_of("express/test_express_sync.snapshot.json"))
def test_express_sync(replay: Make, test: str) -> None:
    it = replay("express/test_express_sync.snapshot.json", test)
    created = it.machine(express_definition(it, test), type="EXPRESS")
    it.matches("creation_response", created)
    given = it.text_of(it.was["start_execution_sync_response"]["input"])
    stop = threading.Event()
    ticking = threading.Thread(target=tick, args=(it.server, stop), daemon=True)
    if test.endswith("test_retry"):
        ticking.start()
    try:
        answer = it.client.start_sync_execution(stateMachineArn=created["stateMachineArn"], input=given)
    finally:
        stop.set()
    billed = answer["billingDetails"]
    assert billed["billedDurationInMilliseconds"] % 100 == 0
    assert billed["billedMemoryUsedInMB"] == 64
    was = it.was["start_execution_sync_response"].get("output")
    if isinstance(was, dict) and "Cause" in was:
        # The recorder cut the request's id out of a text that has spaces or not, as it came.
        was["Cause"] = re.sub(r":( ?)\"?<request-id>", r':\1"<request-id>', was["Cause"])
        output = json.loads(answer["output"])
        output["Cause"] = re.sub(r'("requestId": ?")[^"]+', r"\1<request-id>", output["Cause"])
        answer["output"] = json.dumps(output)
    it.matches("start_execution_sync_response", answer, ignore={"billedDurationInMilliseconds"})


def tick(server: Fogbank, stop: threading.Event) -> None:
    """Let the seconds between retries pass at once."""
    while not stop.wait(0.02):
        server.advance(1)


# --- activities -------------------------------------------------------------------------------------------------------

ACTIVITIES = "activities/test_activities.snapshot.json"


@pytest.mark.parametrize("test", ids_of(ACTIVITIES))
def test_activity(replay: Make, test: str) -> None:
    """A worker of the test's own in the place of the state machine that was one on AWS."""
    it = replay(ACTIVITIES, test)
    name = it.name()
    created = it.client.create_activity(name=name)
    it.words |= {"activity_arn": created["activityArn"], "activity_name": name}
    it.matches("create_activity_output", created)
    arn = created["activityArn"]
    if test.endswith("on_deleted"):
        it.client.delete_activity(activityArn=arn)
    definition = machine({"ActivityTask": {"Type": "Task", "Resource": arn, "End": True}})
    for kind in ("heartbeat", "timeout"):
        if test.endswith(kind):
            definition = template(f"activities/statemachines/base_activity_task_{kind}")
            definition["States"]["ActivityTask"]["Resource"] = arn
    execution = it.start(it.machine(definition)["stateMachineArn"], it.recorded_input())
    if not test.endswith("on_deleted"):
        named = {} if test.endswith("no_worker_name") else {"workerName": "BASE_ID_ACTIVITY_CONSUMER"}
        work(it, test, it.client.get_activity_task(activityArn=arn, **named))
    it.ended(execution)
    it.matches("get_execution_history", it.history(execution))


def work(it: Replay, test: str, task: dict[str, Any]) -> None:
    """What the worker of each test did with its task."""
    token = task["taskToken"]
    if test.endswith("failure"):
        it.client.send_task_failure(taskToken=token, error="Programmatic Error", cause=task["input"])
        return
    if test.endswith("timeout"):
        it.server.advance(6)
        return
    if test.endswith("heartbeat"):
        for _ in range(2):  # twice 8 s is more than the 10 s that are allowed without a sign
            it.server.advance(8)
            it.client.send_task_heartbeat(taskToken=token)
    it.client.send_task_success(taskToken=token, output=task["input"])


# --- credentials ------------------------------------------------------------------------------------------------------

CREDENTIALS = "credentials/test_credentials_base.snapshot.json"
OTHER = "499999999999"


@pytest.mark.parametrize("test", ids_of(CREDENTIALS, "test_invalid_credentials_field"))
def test_invalid_credentials(replay: Make, test: str) -> None:
    it = replay(CREDENTIALS, test)
    definition = template(f"credentials/statemachines/{parameter(test).lower()}")
    it.fails("invalid_definition", it.machine, definition=definition)


@pytest.mark.parametrize("test", ids_of(CREDENTIALS, "test_cross_account_states_start_sync_execution"))
def test_cross_account_execution(replay: Make, test: str) -> None:
    it = replay(CREDENTIALS, test)
    trusting = client(it.server, "stepfunctions", OTHER)
    name = it.name()
    target = trusting.create_state_machine(
        name=name, definition=json.dumps(PASS_RESULT), roleArn=f"arn:aws:iam::{OTHER}:role/runner"
    )["stateMachineArn"]
    recorded = it.was["get_execution_history"]["events"][0]["executionStartedEventDetails"]["input"]
    it.words |= {
        "<trusted_role_arn>": f"arn:aws:iam::{OTHER}:role/trusting",
        "<test_aws_account_id>": it.account,
        "<secondary_test_aws_account_id>": OTHER,
        recorded["StateMachineArn"]: target,
        "<ArnPart_0idx>": name,
        "<partition>": "aws",
        "<region>": "us-east-1",
    }
    it.runs(template(f"credentials/statemachines/{parameter(test).lower()}"))


@pytest.mark.parametrize(
    ("test", "kind", "path"),
    [
        ("test_cross_account_service_lambda_invoke", "id", "service_lambda_invoke"),
        ("test_cross_account_service_lambda_invoke_retry", "raise", "service_lambda_invoke_retry"),
        ("test_cross_account_lambda_task", "id", "lambda_task"),
    ],
)
def test_cross_account_function(replay: Make, test: str, kind: str, path: str) -> None:
    """The function is in the account that all share, the machine in another one."""
    it = replay(CREDENTIALS, f"TestCredentialsBase::{test}")
    arn = it.function(kind)
    it.words |= {
        "<trusted_role_arn>": f"arn:aws:iam::{it.account}:role/trusting",
        "<test_aws_account_id>": it.account,
        "<secondary_test_aws_account_id>": OTHER,
    }
    definition = template(f"credentials/statemachines/{path}")
    if path == "lambda_task":
        definition["States"]["LambdaTask"]["Resource"] = arn
    it.client = client(it.server, "stepfunctions", OTHER)
    it.runs(definition, advance_s=1 if kind == "raise" else 0)


# --- services that come later -----------------------------------------------------------------------------------------

PUBLISH = machine(
    {
        "Publish": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn.$": "$.TopicArn", "Message.$": "$.Message"},
            "End": True,
        }
    }
)
SEND = machine(
    {
        "SendSQS": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl.$": "$.QueueUrl", "MessageBody.$": "$.MessageBody"},
            "End": True,
        }
    }
)
PUT_GET = machine(
    {
        "PutItem": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName.$": "$.TableName", "Item.$": "$.Item"},
            "ResultPath": "$.putItemOutput",
            "Next": "GetItem",
        },
        "GetItem": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "ResultPath": "$.getItemOutput",
            "Parameters": {"TableName.$": "$.TableName", "Key.$": "$.Key"},
            "End": True,
        },
    }
)
DYNAMODB = "services/test_dynamodb_task_service.snapshot.json"
DYNAMODB_ERRORS = "error_handling/test_task_service_dynamodb.snapshot.json"
SNS = "services/test_sns_task_service.snapshot.json"
SQS = "services/test_sqs_task_service.snapshot.json"
HEARTBEATS = "timeouts/test_heartbeats.snapshot.json"


@pytest.mark.parametrize("test", ids_of(DYNAMODB, "test_base_integrations"))
def test_dynamodb_task(replay: Make, states_server: Fogbank, test: str) -> None:
    needs(states_server, "dynamodb")
    it = replay(DYNAMODB, test)
    it.words["table-name"] = table = it.name()
    tables = client(states_server, "dynamodb", it.account)
    tables.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    what = parameter(test).lower()
    it.runs(PUT_GET if what == "dynamodb_put_get_item" else template(f"services/statemachines/{what}"))


def test_invalid_dynamodb_integration(replay: Make) -> None:
    it = replay(DYNAMODB, "TestTaskServiceDynamoDB::test_invalid_integration")
    it.words["<partition>"] = "aws"
    it.fails(
        "exception",
        it.machine,
        definition=template("services/statemachines/invalid_integration_dynamodb_query"),
    )


@pytest.mark.parametrize("test", ids_of(DYNAMODB_ERRORS))
def test_dynamodb_error(replay: Make, states_server: Fogbank, test: str) -> None:
    needs(states_server, "dynamodb")
    it = replay(DYNAMODB_ERRORS, test)
    given = it.was["get_execution_history"]["events"][0]["executionStartedEventDetails"]["input"]
    it.words[given["TableName"]] = ("/" if "invalid_table" in test else "") + it.name()
    it.runs(template("errorhandling/statemachines/task_service_dynamodb_put_item"))


@pytest.mark.parametrize("test", ids_of(SNS))
def test_sns_task(replay: Make, states_server: Fogbank, test: str) -> None:
    needs(states_server, "sns", "sqs")
    it = replay(SNS, test)
    topics = client(states_server, "sns", it.account)
    if "fifo" in test:
        arn = topics.create_topic(Name=it.name() + ".fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
        good = parameter(test).endswith("True")
        definition = template(f"services/statemachines/sns_fifo_publish{'' if good else '_fail'}")
    else:
        arn = topics.create_topic(Name=it.name())["TopicArn"]
        attributes = "message_attributes" in test
        definition = (
            template("services/statemachines/sns_publish_message_attributes") if attributes else PUBLISH
        )
    given = it.was["get_execution_history"]["events"][0]["executionStartedEventDetails"]["input"]
    it.words[given["TopicArn"]] = arn
    if "error_topic" in test:
        topics.delete_topic(TopicArn=arn)
    it.runs(definition)


@pytest.mark.parametrize("test", ids_of(SQS) + ids_of(HEARTBEATS))
def test_sqs_task(replay: Make, states_server: Fogbank, test: str) -> None:
    needs(states_server, "sqs")
    it = replay(HEARTBEATS if "heartbeat" in test else SQS, test)
    name = it.name()
    url = client(states_server, "sqs", it.account).create_queue(QueueName=name)["QueueUrl"]
    it.words |= {"<sqs_queue_url>": url, "<sqs_queue_name>": name}
    if "heartbeat" in test:
        it.runs(heartbeat(test), advance_s=1)
    else:
        attributes = test.endswith("attributes")
        it.runs(template("services/statemachines/sqs_send_msg_attributes") if attributes else SEND)


def heartbeat(test: str) -> Any:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "TimeoutSeconds": 600,
        "Parameters": {
            "QueueUrl.$": "$.QueueUrl",
            "MessageBody": {"Message.$": "$.Message", "TaskToken.$": "$$.Task.Token"},
        },
        "End": True,
    }
    if "path" in test:
        state["HeartbeatSecondsPath"] = "$.HeartbeatSecondsPath"
    else:
        state["HeartbeatSeconds"] = 5
    if "no_timeout" in test:
        del state["TimeoutSeconds"]
    return machine({"SendMessageWithWait": state})


def test_status_change_events(states_server: Fogbank, replay: Make) -> None:
    needs(states_server, "events", "sqs")
    it = replay("base/test_base.snapshot.json", "TestSnfBase::test_event_bridge_events_base")
    events, sqs = (client(states_server, name, it.account) for name in ("events", "sqs"))
    machine_arn = it.machine(PASS_RESULT)["stateMachineArn"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine_arn]}}
    events.put_rule(Name="status", EventPattern=json.dumps(pattern))
    url = sqs.create_queue(QueueName="status")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{it.account}:status"
    events.put_targets(Rule="status", Targets=[{"Id": "q", "Arn": queue}])
    name = "test_event_bridge_events"
    it.client.start_execution(stateMachineArn=machine_arn, input="{}", name=name)
    found: dict[str, Any] = {}

    def look() -> bool:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            event = json.loads(message["Body"])
            found[event["detail"]["status"]] = event
        return len(found) == 2

    until_blocking(look)
    for event in found.values():  # a text in the event, JSON in the recording
        event["detail"] |= {
            key: json.loads(event["detail"][key]) for key in ("input", "output") if event["detail"][key]
        }
    it.words["test_event_bridge_events-{short_uid()}"] = name
    answer = [found["RUNNING"], found["SUCCEEDED"]]
    it.matches("stepfunctions_events", answer, ignore={"startDate", "stopDate"})
    assert found["RUNNING"]["detail"]["stopDate"] is None
    assert found["SUCCEEDED"]["detail"]["stopDate"] >= found["RUNNING"]["detail"]["startDate"]
