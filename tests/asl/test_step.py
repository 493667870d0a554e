"""The pure step: what each state does to the history, to the data and to the frames."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.asl.effects import (
    Abort,
    Beat,
    CancelTask,
    Redrive,
    Reported,
    RunTask,
    SlotFree,
    WaitForSlot,
    WorkerStarted,
)
from fogbank.asl.execution import Status
from fogbank.asl.outcomes import Failed, Queued, Stage, Submitted, Succeeded
from tests.support.machines import FUNCTION, Stepped

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:a"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def one(state: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": {"End": True, **state}}, **machine}


def mapped(states: dict[str, Any], start: str, **fields: Any) -> dict[str, Any]:
    return one({"Type": "Map", "ItemProcessor": {"StartAt": start, "States": states}, **fields})


TASK = {"Type": "Task", "Resource": FUNCTION}


def test_sequential_map_links_its_events_as_aws_does() -> None:
    run = Stepped(
        mapped({"P": {"Type": "Pass", "End": True}}, "P", MaxConcurrency=1, ItemsPath="$.i"), {"i": [1, 2]}
    )
    assert run.links == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "MapStateEntered"),
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "PassStateEntered"),
        (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"),
        (8, 6, "MapIterationStarted"),
        (9, 8, "PassStateEntered"),
        (10, 9, "PassStateExited"),
        (11, 10, "MapIterationSucceeded"),
        (12, 11, "MapStateSucceeded"),
        (13, 11, "MapStateExited"),
        (14, 13, "ExecutionSucceeded"),
    ]
    assert run.output == [1, 2]


def test_iterations_side_by_side_follow_the_start_of_their_map() -> None:
    processed = mapped({"P": {"Type": "Pass", "End": True}}, "P", MaxConcurrency=2)
    run = Stepped(processed, [1, 2, 3])
    starts = [(number, previous) for number, previous, kind in run.links if kind == "MapIterationStarted"]
    assert starts == [(4, 3), (8, 3), (12, 10)]
    assert run.output == [1, 2, 3]


def test_an_empty_map_succeeds_at_once() -> None:
    run = Stepped(mapped({"P": {"Type": "Pass", "End": True}}, "P"), [])
    assert run.types[-4:] == ["MapStateStarted", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]
    assert run.output == []


def test_map_runs_no_more_than_its_concurrency() -> None:
    run = Stepped(mapped({"T": {**TASK, "End": True}}, "T", MaxConcurrency=2), [1, 2, 3])
    assert [effect.path for effect in run.effects if isinstance(effect, RunTask)] == [(0,), (1,)]
    run.answer(Succeeded('"a"'))
    assert [effect.path for effect in run.effects if isinstance(effect, RunTask)] == [(1,), (2,)]
    run.answer(Succeeded('"b"'))
    run.answer(Succeeded('"c"'))
    assert run.output == ["a", "b", "c"]
    assert not run.execution.frames.keys() - {()}


def test_item_selector_sees_item_and_input() -> None:
    run = Stepped(
        mapped(
            {"P": {"Type": "Pass", "End": True}},
            "P",
            ItemsPath="$.items",
            ItemSelector={
                "n.$": "$$.Map.Item.Index",
                "v.$": "$$.Map.Item.Value",
                "s.$": "$$.Map.Item.Source",
                "k.$": "$.k",
            },
        ),
        {"items": ["a", "b"], "k": 1},
    )
    assert run.output == [
        {"n": 0, "v": "a", "s": "STATE_DATA", "k": 1},
        {"n": 1, "v": "b", "s": "STATE_DATA", "k": 1},
    ]


def test_one_failed_iteration_fails_the_map_and_aborts_the_others() -> None:
    run = Stepped(mapped({"T": {**TASK, "End": True}}, "T"), [1, 2])
    run.answer(Failed("Boom", "why"))
    failed = next(event.id for event in run.events if event.type == "LambdaFunctionFailed")
    assert run.links[-6:] == [
        (failed + 1, failed, "TaskStateAborted"),
        (failed + 2, failed, "MapIterationAborted"),
        (failed + 3, failed, "TaskStateAborted"),
        (failed + 4, failed, "MapIterationFailed"),
        (failed + 5, failed, "MapStateFailed"),
        (failed + 6, failed + 5, "ExecutionFailed"),
    ]
    assert [effect.path for effect in run.effects if isinstance(effect, CancelTask)] == [(1,)]
    assert run.events[-1].details == {"error": "Boom", "cause": "why"}


def test_parallel_gives_results_in_the_order_of_branches() -> None:
    branches = [
        {"StartAt": "A", "States": {"A": {**TASK, "End": True}}},
        {"StartAt": "B", "States": {"B": {**TASK, "End": True}}},
    ]
    run = Stepped(one({"Type": "Parallel", "Branches": branches}), 1)
    first, second = run.task(), run.task()
    run.step(Reported(second.path, second.number, Succeeded("2")))
    run.step(Reported(first.path, first.number, Succeeded("1")))
    assert run.output == [1, 2]
    first_end = next(event.id for event in run.events if event.details == {"name": "A", "output": "1"})
    assert run.links[-3:] == [
        (first_end + 1, first_end, "ParallelStateSucceeded"),
        (first_end + 2, first_end, "ParallelStateExited"),
        (first_end + 3, first_end + 2, "ExecutionSucceeded"),
    ]


def test_inner_scopes_read_the_outer_variables_and_never_write_them() -> None:
    inner = {"I": {"Type": "Pass", "Assign": {"x": 2, "seen.$": "$x"}, "Next": "J"}, "J": {"Type": "Pass", "Parameters": {"x.$": "$x", "seen.$": "$seen"}, "End": True}}  # fmt: skip
    run = Stepped(
        {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
                "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": inner}, "Next": "Z"},
                "Z": {"Type": "Pass", "Parameters": {"x.$": "$x", "was.$": "$"}, "End": True},
            },
        },
        [0, 0],
    )
    assert run.output == {"x": 1, "was": [{"x": 2, "seen": 1}] * 2}
    assert run.events[2].details["assignedVariables"] == {"x": "1"}  # type: ignore[index]


def test_retry_waits_as_long_as_it_says_and_gives_up() -> None:
    retry = [
        {
            "ErrorEquals": ["Boom"],
            "IntervalSeconds": 2,
            "BackoffRate": 3,
            "MaxAttempts": 3,
            "MaxDelaySeconds": 10,
        }
    ]
    run = Stepped(one({**TASK, "Retry": retry}))
    for delay_ms in (2000, 6000, 10_000):
        run.answer(Failed("Boom", None))
        assert run.execution.next_due_ms() == run.now_ms + delay_ms
        run.wait(delay_ms)
    run.answer(Failed("Boom", None))
    assert run.status is Status.FAILED
    assert run.types.count("LambdaFunctionScheduled") == 4
    assert run.events[-1].details == {"error": "Boom"}


def test_full_jitter_draws_from_ids() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "JitterStrategy": "FULL"}]
    delays = set()
    for seed in range(8):
        run = Stepped(one({**TASK, "Retry": retry}), seed=seed)
        run.answer(Failed("Boom", None))
        due_ms = run.execution.next_due_ms()
        assert due_ms is not None and 0 <= due_ms - run.now_ms <= 10_000
        delays.add(due_ms)
    assert len(delays) > 4


@pytest.mark.parametrize(
    ("error", "equals", "caught"),
    [
        ("Boom", ["States.ALL"], True),
        ("Boom", ["States.TaskFailed"], True),
        ("Boom", ["Other", "Boom"], True),
        ("Boom", ["Other"], False),
        ("States.Runtime", ["States.ALL"], False),
    ],
)
def test_catch_takes_what_it_names(error: str, equals: list[str], caught: bool) -> None:
    definition = one({**TASK, "Catch": [{"ErrorEquals": equals, "ResultPath": "$.e", "Next": "C"}]})
    definition["States"]["C"] = {"Type": "Pass", "End": True}
    run = Stepped(definition, {"a": 1})
    run.answer(Failed(error, "why"))
    assert run.status is (Status.SUCCEEDED if caught else Status.FAILED)
    if caught:
        assert run.output == {"a": 1, "e": {"Error": error, "Cause": "why"}}


def test_retry_comes_before_catch_and_counts_anew_after_a_visit() -> None:
    definition = one(
        {
            **TASK,
            "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["Boom"], "Next": "S"}],
        }
    )
    run = Stepped(definition)
    for _ in range(2):
        run.answer(Failed("Boom", None))
        run.wait(1000)
        run.answer(Failed("Boom", None))
    assert run.types.count("TaskStateEntered") == 3


def test_timeout_of_a_task_cancels_it() -> None:
    run = Stepped(one({**TASK, "TimeoutSeconds": 5}))
    run.wait(4999)
    assert run.status is Status.RUNNING
    task = run.task()
    run.wait(1)
    assert run.types[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]
    assert run.events[-1].details == {"error": "States.Timeout"}
    assert [type(effect) for effect in run.effects] == [CancelTask]
    assert not run.step(Reported(task.path, task.number, Succeeded("1")))


def test_callback_waits_for_its_token_and_its_heartbeats() -> None:
    run = Stepped(
        one(
            {
                "Type": "Task",
                "Resource": CALLBACK,
                "HeartbeatSeconds": 5,
                "Parameters": {"T.$": "$$.Task.Token"},
            }
        )
    )
    task = run.task()
    assert task.secret and len(task.parameters["T"]) > 40
    run.step(Reported(task.path, task.number, Submitted('{"MessageId":"1"}')))
    run.wait(4000)
    run.step(Beat(task.path, task.number))
    run.wait(4000)
    assert run.status is Status.RUNNING
    run.wait(1000)
    assert run.types[-4:] == ["TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]


def test_heartbeat_timeout_is_caught_by_its_own_name() -> None:
    definition = one(
        {
            "Type": "Task",
            "Resource": CALLBACK,
            "HeartbeatSeconds": 5,
            "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}],
        }
    )
    definition["States"]["C"] = {"Type": "Pass", "End": True}
    run = Stepped(definition)
    run.wait(5000)
    assert run.status is Status.SUCCEEDED


def test_activity_is_scheduled_when_its_queue_has_it() -> None:
    run = Stepped(one({"Type": "Task", "Resource": ACTIVITY}), {"a": 1})
    task = run.task()
    assert run.types[-1] == "TaskStateEntered"
    run.step(Reported(task.path, task.number, Queued()))
    run.step(WorkerStarted(task.path, task.number, "w"))
    run.step(Reported(task.path, task.number, Succeeded("2")))
    assert run.types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert run.output == 2


def test_activity_that_does_not_exist_leaves_no_task_in_the_history() -> None:
    run = Stepped(one({"Type": "Task", "Resource": ACTIVITY}))
    run.answer(Failed("States.Runtime", f"The activity {ACTIVITY} does not exist.", Stage.SCHEDULE))
    assert run.types[1:] == ["TaskStateEntered", "ExecutionFailed"]
    assert run.events[-1].details == {
        "error": "States.Runtime",
        "cause": "An error occurred while executing the state 'S' (entered at the event id #2). "
        f"The activity {ACTIVITY} does not exist.",
    }


def test_a_task_without_a_slot_is_scheduled_and_begins_later() -> None:
    definition = one({"Type": "Wait", "Seconds": 1})
    definition["States"]["S"] = {"Type": "Wait", "Seconds": 1, "Next": "T"}
    definition["States"]["T"] = {**TASK, "End": True}
    run = Stepped(definition)
    run.now_ms += 1000
    run.step(slots=0)
    assert run.types[-1] == "LambdaFunctionScheduled"
    assert [type(effect) for effect in run.effects] == [WaitForSlot]
    run.effects.clear()
    run.step(SlotFree((), 1))
    assert run.types[-1] == "LambdaFunctionStarted" and isinstance(run.effects[0], RunTask)


def test_sync_task_is_watched_after_it_was_submitted() -> None:
    run = Stepped(one({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}))
    task = run.task()
    run.step(Reported(task.path, task.number, Submitted('{"ExecutionArn":"x"}')))
    watched = run.task()
    assert watched.submitted == '{"ExecutionArn":"x"}' and watched.number == task.number
    run.step(Reported(task.path, task.number, Succeeded('{"done":true}')))
    assert run.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert run.output == {"done": True}


def test_too_much_data_is_caught_from_a_task_and_fatal_in_a_pass() -> None:
    big = json.dumps("x" * 262_143)
    definition = one({**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]})
    definition["States"]["C"] = {"Type": "Pass", "End": True}
    run = Stepped(definition)
    run.answer(Succeeded(big))
    assert run.output == {
        "Error": "States.DataLimitExceeded",
        "Cause": f"The state/task '{FUNCTION}' returned a result with a size exceeding the maximum number of bytes "
        "service limit.",
    }
    run = Stepped(one({"Type": "Pass"}), "x" * 262_143)
    assert run.types[1:] == ["PassStateEntered", "ExecutionFailed"]
    assert run.events[-1].details == {
        "error": "States.DataLimitExceeded",
        "cause": "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.",
    }


def test_history_ends_with_event_25000() -> None:
    run = Stepped({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}})
    assert run.status is Status.FAILED
    assert run.events[-1].id == len(run.events) == 25_000
    assert run.events[-1].type == "ExecutionFailed"


def test_stop_is_the_last_word() -> None:
    run = Stepped(one(dict(TASK)))
    task = run.task()
    run.step(Abort("E", None))
    assert run.links[-1] == (5, 0, "ExecutionAborted")
    assert isinstance(run.effects[0], CancelTask)
    assert not run.step(Reported(task.path, task.number, Succeeded("1")))
    assert run.status is Status.ABORTED


def test_timeout_of_the_machine() -> None:
    run = Stepped(one({"Type": "Wait", "Seconds": 100}, TimeoutSeconds=10))
    run.wait(10_000)
    assert run.status is Status.TIMED_OUT
    assert run.links[-1] == (3, 0, "ExecutionTimedOut")


def test_redrive_goes_on_where_it_failed() -> None:
    run = Stepped(mapped({"T": {**TASK, "End": True}}, "T", MaxConcurrency=2), [1, 2, 3])
    run.answer(Succeeded("1"))
    run.answer(Failed("Boom", None))
    assert run.status is Status.FAILED
    run.effects.clear()
    run.step(Redrive())
    assert run.status is Status.RUNNING and "ExecutionRedriven" in run.types
    run.answer(Succeeded("2"))
    run.answer(Succeeded("3"))
    assert run.output == [1, 2, 3]


def test_jsonata_failure_has_its_own_event() -> None:
    run = Stepped(one({"Type": "Pass", "Output": "{% $missing.x %}"}, QueryLanguage="JSONata"))
    assert run.types[1:] == ["PassStateEntered", "EvaluationFailed", "ExecutionFailed"]
    details = run.events[2].details
    assert details is not None and details["location"] == "Output" and details["state"] == "S"
    assert details["error"] == "States.QueryEvaluationError"
    assert run.events[3].details == {"error": details["error"], "cause": details["cause"]}


def test_jsonata_task_arguments_result_and_error_output() -> None:
    definition = one(
        {
            **TASK,
            "Arguments": {"n": "{% $states.input.n + 1 %}"},
            "Output": "{% $states.result.m %}",
            "Assign": {"m": "{% $states.result.m %}"},
            "Catch": [{"ErrorEquals": ["Boom"], "Output": "{% $states.errorOutput.Cause %}", "Next": "C"}],
        },
        QueryLanguage="JSONata",
    )
    definition["States"]["C"] = {"Type": "Succeed"}
    run = Stepped(definition, {"n": 1})
    assert run.effects[0].parameters == {"n": 2}  # type: ignore[union-attr]
    run.answer(Succeeded('{"m":5}'))
    assert run.output == 5
    run = Stepped(definition, {"n": 1})
    run.answer(Failed("Boom", "why"))
    assert run.output == "why"


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (-1, "Expected non-negative integer for MaxConcurrency, got '-1' instead."),
        ("x", 'The MaxConcurrencyPath field refers to value "x" which is not a valid integer: $.n'),
        (1.5, 'The MaxConcurrencyPath field refers to value "1.5" which is not a valid integer: $.n'),
    ],
)
def test_a_number_found_by_a_path_must_fit(value: Any, cause: str) -> None:
    run = Stepped(
        mapped({"P": {"Type": "Pass", "End": True}}, "P", ItemsPath="$.i", MaxConcurrencyPath="$.n"),
        {"i": [], "n": value},
    )
    assert run.events[-1].details == {
        "error": "States.Runtime",
        "cause": f"An error occurred while executing the state 'S' (entered at the event id #2). {cause}",
    }


def test_items_must_be_an_array() -> None:
    run = Stepped(mapped({"P": {"Type": "Pass", "End": True}}, "P", ItemsPath="$.i"), {"i": 1})
    assert run.events[-1].details is not None
    assert run.events[-1].details["cause"].endswith('Reference path "$.i" must point to array.')


def test_wait_until_a_timestamp_and_a_past_one_at_once() -> None:
    definition = one({"Type": "Wait", "TimestampPath": "$.t"})
    run = Stepped(definition, {"t": "1970-01-01T00:20:00+00:00"})
    assert run.execution.next_due_ms() == 1_200_000
    run.wait(200_000)
    assert run.status is Status.SUCCEEDED
    assert Stepped(definition, {"t": "1970-01-01T00:00:00Z"}).status is Status.SUCCEEDED
    run = Stepped(definition, {"t": "tomorrow"})
    assert run.events[-1].details is not None and run.events[-1].details["error"] == "States.Runtime"


def test_choice_without_a_match_or_a_default() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "S"}]}
    run = Stepped({"StartAt": "S", "States": {"S": choice}}, {"a": 2})
    assert run.types[1:] == ["ChoiceStateEntered", "ExecutionFailed"]
    assert run.events[-1].details is not None and run.events[-1].details["error"] == "States.NoChoiceMatched"


def test_a_checkpoint_holds_everything() -> None:
    """Restored between any two steps, an execution goes on as if nothing had been."""
    definition = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
            "M": {
                "Type": "Map",
                "ItemsPath": "$.i",
                "MaxConcurrency": 2,
                "ItemProcessor": {
                    "StartAt": "T",
                    "States": {
                        "T": {**TASK, "Parameters": {"i.$": "$$.Map.Item.Value", "x.$": "$x"}, "TimeoutSeconds": 9,
                              "Retry": [{"ErrorEquals": ["Boom"]}], "Next": "W"},
                        "W": {"Type": "Wait", "Seconds": 2, "Assign": {"y.$": "$x"}, "End": True},
                    },
                },
                "End": True,
            },
        },
    }  # fmt: skip

    def drive(*, restores: bool) -> tuple[Any, list[Any]]:
        run = Stepped(definition, {"i": [1, 2, 3]})
        failures = 1
        while run.status is Status.RUNNING:
            if restores:
                run.restore()
            task = next((effect for effect in run.effects if isinstance(effect, RunTask)), None)
            if task is None:
                run.wait(1000)
            elif failures:
                failures -= 1
                run.answer(Failed("Boom", None))
            else:
                run.answer(Succeeded(json.dumps(task.parameters)))
        return run.output, [(event.id, event.previous_id, event.type, event.time_ms) for event in run.events]

    assert drive(restores=True) == drive(restores=False)
    assert drive(restores=True)[0] == [{"i": 1, "x": 1}, {"i": 2, "x": 1}, {"i": 3, "x": 1}]


def test_express_has_no_bound_of_events() -> None:
    definition = mapped({"P": {"Type": "Pass", "End": True}}, "P")
    run = Stepped(definition, list(range(8_000)), express=True)
    assert run.output == list(range(8_000)) and len(run.events) == 8_000 * 4 + 6
    assert Stepped(definition, list(range(8_000))).status is Status.FAILED


def test_jsonata_map_and_parallel() -> None:
    run = Stepped(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "M",
            "States": {
                "M": {
                    "Type": "Map",
                    "Items": "{% $states.input.items %}",
                    "MaxConcurrency": "{% $states.input.n %}",
                    "ItemSelector": {
                        "v": "{% $states.context.Map.Item.Value %}",
                        "i": "{% $states.context.Map.Item.Index %}",
                    },
                    "ItemProcessor": {
                        "StartAt": "P",
                        "States": {"P": {"Type": "Pass", "Output": "{% $states.input.v + $states.input.i %}", "End": True}},
                    },
                    "Output": {"sum": "{% $sum($states.result) %}"},
                    "Assign": {"all": "{% $states.result %}"},
                    "Next": "B",
                },
                "B": {
                    "Type": "Parallel",
                    "Arguments": {"x": "{% $states.input.sum %}"},
                    "Branches": [
                        {"StartAt": "X", "States": {"X": {"Type": "Pass", "Output": "{% $states.input.x %}", "End": True}}},
                        {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Output": "{% $all %}", "End": True}}},
                    ],
                    "End": True,
                },
            },
        },
        {"items": [1, 2, 3], "n": 1},
    )  # fmt: skip
    assert run.output == [9, [1, 3, 5]]


def test_jsonata_items_that_are_none_fail_with_their_field() -> None:
    run = Stepped(
        {
            "QueryLanguage": "JSONata",
            **mapped({"P": {"Type": "Pass", "End": True}}, "P", Items="{% $states.input.x %}"),
        },
        {"x": "no"},
    )
    assert run.types[1:] == ["MapStateEntered", "EvaluationFailed", "MapStateFailed", "ExecutionFailed"]
    details = run.events[2].details
    assert details is not None and details["location"] == "Items"


def test_an_item_that_cannot_be_shaped_fails_the_execution() -> None:
    run = Stepped(
        mapped({"P": {"Type": "Pass", "End": True}}, "P", ItemSelector={"x.$": "$.none"}, ItemsPath="$.a"),
        {"a": [1, 2]},
    )
    assert run.types[1:] == ["MapStateEntered", "MapStateStarted", "ExecutionFailed"]


def test_parameters_with_a_problem_are_not_scheduled() -> None:
    state = {**TASK, "Parameters": {"n.$": "$.n"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}]}
    run = Stepped(one(state), {"n": 1}, problem=lambda resource, given: f"{given['n']} is odd")
    assert run.types[1:] == ["TaskStateEntered", "ExecutionFailed"]
    assert run.events[-1].details == {
        "error": "States.Runtime",
        "cause": "An error occurred while executing the state 'S' (entered at the event id #2). "
        "The Parameters '{\"n\":1}' could not be used to start the Task: [1 is odd]",
    }


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("ToleratedFailureCount", -1, "ToleratedFailureCount cannot be negative."),
        ("ToleratedFailureCount", "x", 'The ToleratedFailureCountPath field refers to value "x" which is not a valid integer: $.v'),
        ("MaxConcurrency", -1, "Expected non-negative integer for MaxConcurrency, got '-1' instead."),
    ],
)  # fmt: skip
def test_numbers_of_a_map_by_paths(field: str, value: Any, cause: str) -> None:
    run = Stepped(
        mapped({"P": {"Type": "Pass", "End": True}}, "P", ItemsPath="$.a", **{f"{field}Path": "$.v"}),
        {"a": [], "v": value},
    )
    details = run.events[-1].details
    assert details is not None and details["cause"].partition("). ")[2] == cause


def test_a_failed_branch_is_caught_by_its_parallel() -> None:
    branches = [
        {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}},
    ]
    definition = one(
        {
            "Type": "Parallel",
            "Branches": branches,
            "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "C"}],
        }
    )
    definition["States"]["C"] = {"Type": "Pass", "End": True}
    run = Stepped(definition, {"a": 1})
    assert run.output == {"a": 1, "e": {"Error": "E", "Cause": "c"}}
    assert run.types[1:9] == [
        "ParallelStateEntered",
        "ParallelStateStarted",
        "FailStateEntered",
        "WaitStateEntered",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ParallelStateExited",
        "PassStateEntered",
    ]
    assert run.execution.next_due_ms() is None and set(run.execution.frames) == {()}


def test_a_parallel_is_retried_as_a_whole() -> None:
    branches = [{"StartAt": "T", "States": {"T": {**TASK, "End": True}}}]
    run = Stepped(one({"Type": "Parallel", "Branches": branches, "Retry": [{"ErrorEquals": ["Boom"]}]}))
    run.answer(Failed("Boom", None))
    assert run.status is Status.RUNNING
    run.wait(1000)
    run.answer(Succeeded("1"))
    assert run.output == [1]
    assert run.types.count("ParallelStateStarted") == 2 and run.types.count("ParallelStateEntered") == 1


def test_a_catch_that_jsonata_cannot_evaluate_is_told() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "P", "Output": "{% $states.errorOutput.None %}"}]
    states = {"S": {**TASK, "Catch": catch, "End": True}, "P": {"Type": "Pass", "End": True}}
    run = Stepped({"QueryLanguage": "JSONata", "StartAt": "S", "States": states})
    run.answer(Failed("E", "C", Stage.RUN))
    assert run.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]
    details = run.events[-2].details
    assert details is not None and details["location"] == "Catch[0]/Output"


@pytest.mark.parametrize(
    ("caught", "status"),
    [
        ("States.ALL", Status.FAILED),
        ("States.TaskFailed", Status.FAILED),
        ("States.Runtime", Status.SUCCEEDED),
    ],
)
def test_states_runtime_is_caught_by_its_name_alone(caught: str, status: Status) -> None:
    state = {
        **TASK,
        "InputPath": "$.none",
        "Retry": [{"ErrorEquals": [caught]}],
        "Catch": [{"ErrorEquals": [caught], "Next": "P"}],
        "End": True,
    }
    run = Stepped({"StartAt": "S", "States": {"S": state, "P": {"Type": "Pass", "End": True}}})
    assert run.status is status


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (-1, "The SecondsPath parameter references a negative value: $.s == -1"),
        ("x", "The SecondsPath parameter cannot be parsed as a long value: $.s == x"),
        (1.5, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        (None, "The SecondsPath parameter cannot be parsed as a long value: $.s == null"),
    ],
)
def test_seconds_that_no_wait_can_take(value: Any, cause: str) -> None:
    run = Stepped(one({"Type": "Wait", "SecondsPath": "$.s"}), {"s": value})
    details = run.events[-1].details
    assert run.status is Status.FAILED and details is not None and details["cause"].endswith(f"). {cause}")
