"""Histories of Parallel and Map states that fail, as they were measured on AWS: which events there are, and what each follows.

The facts are those that others published of real executions in us-east-1: no recording of ours has a group that fails.
"""

from __future__ import annotations

from typing import Any

from fogbank.asl.outcomes import Failed
from tests.asl.test_step import TASK, mapped, one
from tests.support.machines import Stepped

BOOM = {"Type": "Fail", "Error": "Boom", "Cause": "why"}
UNDEFINED = {"Type": "Pass", "Output": {"v": "{% $states.input.missing %}"}, "End": True}
NO_PATH = {"Type": "Pass", "Parameters": {"m.$": "$.nope"}, "End": True}
ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]


def branch(state: dict[str, Any], name: str = "A") -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state}}


def parallel(*branches: dict[str, Any], jsonata: bool = False, **fields: Any) -> dict[str, Any]:
    definition = one({"Type": "Parallel", "Branches": list(branches), **fields})
    if "Catch" in fields:
        definition["States"]["Z"] = {"Type": "Pass", "End": True}
    return {"QueryLanguage": "JSONata", **definition} if jsonata else definition


def followed(run: Stepped, first: int = 3) -> list[tuple[int, str]]:
    """What each event follows, from one on."""
    return [(previous, kind) for number, previous, kind in run.links if number >= first]


def test_states_runtime_in_a_branch_ends_the_execution_and_nothing_else_is_told() -> None:
    waits = branch({"Type": "Wait", "Seconds": 9, "End": True}, "W")
    run = Stepped(parallel(waits, branch(NO_PATH), Catch=ALL))
    assert followed(run) == [
        (2, "ParallelStateStarted"),
        (3, "WaitStateEntered"),
        (3, "PassStateEntered"),
        (5, "ExecutionFailed"),
    ]
    details = run.events[-1].details
    assert details is not None and "the state 'A' (entered at the event id #5)" in details["cause"]


def test_states_runtime_in_an_iteration() -> None:
    run = Stepped(mapped({"P": NO_PATH}, "P", MaxConcurrency=1), [1, 2])
    assert followed(run, 4) == [(3, "MapIterationStarted"), (4, "PassStateEntered"), (5, "ExecutionFailed")]


def test_a_retried_parallel_fails_once() -> None:
    run = Stepped(parallel(branch(BOOM), Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]))
    run.wait(1000)
    assert followed(run) == [
        (2, "ParallelStateStarted"),
        (3, "FailStateEntered"),
        (4, "ParallelStateStarted"),
        (5, "FailStateEntered"),
        (6, "ParallelStateFailed"),
        (7, "ExecutionFailed"),
    ]


def test_a_task_that_ends_its_branch_is_told_as_aborted() -> None:
    run = Stepped(parallel(branch({**TASK, "End": True}), Catch=ALL))
    run.answer(Failed("Boom", "why"))
    kinds = [kind for _, _, kind in run.links]
    at = kinds.index("LambdaFunctionFailed") + 1
    assert run.links[at : at + 3] == [
        (at + 1, at, "TaskStateAborted"),
        (at + 2, at, "ParallelStateFailed"),
        (at + 3, at + 2, "ParallelStateExited"),
    ]


def test_what_a_failed_branch_cuts_is_told_before_the_parallels_end() -> None:
    waits = branch({"Type": "Wait", "Seconds": 9, "End": True}, "W")
    pause = {"StartAt": "P", "States": {"P": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": BOOM}}
    run = Stepped(parallel(pause, waits))
    run.wait(1000)
    (failed,) = [number for number, _, kind in run.links if kind == "FailStateEntered"]
    assert run.links[failed:] == [
        (failed + 1, failed, "WaitStateAborted"),
        (failed + 2, failed, "ParallelStateFailed"),
        (failed + 3, failed + 2, "ExecutionFailed"),
    ]


def test_jsonata_that_fails_in_an_iteration() -> None:
    items = {"Items": "{% $states.input.items %}", "MaxConcurrency": 1}
    run = Stepped({"QueryLanguage": "JSONata", **mapped({"U": UNDEFINED}, "U", **items)}, {"items": [1, 2]})
    assert followed(run, 4) == [
        (3, "MapIterationStarted"),
        (4, "PassStateEntered"),
        (5, "EvaluationFailed"),
        (6, "MapIterationFailed"),
        (6, "MapStateFailed"),
        (8, "ExecutionFailed"),
    ]


def test_a_selector_that_fails_comes_before_its_iteration() -> None:
    selector = {"v": "{% $states.context.Map.Item.Value.v %}"}
    run = Stepped(
        {
            "QueryLanguage": "JSONata",
            **mapped({"W": {"Type": "Wait", "Seconds": 9, "End": True}}, "W", ItemSelector=selector),
        },
        [{"v": 1}, {}],
    )
    kinds = [kind for _, kind in followed(run, 4)]
    assert kinds.count("MapIterationStarted") == 1 and "MapIterationFailed" not in kinds
    at = kinds.index("MapStateFailed")
    assert kinds[at - 2 : at] == ["MapIterationAborted", "WaitStateAborted"]


def test_a_catch_whose_output_fails_fails_the_state_once_more() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Output": {"v": "{% $states.input.missing %}"}, "Next": "Z"}]
    run = Stepped(parallel(branch(BOOM), jsonata=True, Catch=catch))
    assert followed(run, 4) == [
        (3, "FailStateEntered"),
        (4, "ParallelStateFailed"),
        (4, "EvaluationFailed"),
        (6, "ParallelStateFailed"),
        (7, "ExecutionFailed"),
    ]


def test_a_result_that_cannot_be_shaped_follows_the_success() -> None:
    run = Stepped(parallel(branch({"Type": "Pass", "End": True}), ResultSelector={"m.$": "$.nope"}))
    assert followed(run, 5) == [(4, "PassStateExited"), (5, "ParallelStateSucceeded"), (6, "ExecutionFailed")]


def test_a_selector_that_fails_is_caught_and_retried_like_anything_else() -> None:
    selector = {"v": "{% $states.context.Map.Item.Value.v %}"}
    waits = {"W": {"Type": "Wait", "Seconds": 9, "End": True}}
    retry = [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}]
    definition = mapped(waits, "W", ItemSelector=selector, Catch=ALL, Retry=retry)
    definition["States"]["Z"] = {"Type": "Pass", "End": True}
    run = Stepped({"QueryLanguage": "JSONata", **definition}, [{"v": 1}, {}])
    assert set(run.execution.frames) == {()}
    run.wait(1000)
    kinds = [kind for _, kind in followed(run)]
    assert kinds.count("MapStateStarted") == 2 and kinds.count("MapStateFailed") == 1
    assert kinds[-4:] == ["MapStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert set(run.execution.frames) == {()} and run.execution.next_due_ms() is None
