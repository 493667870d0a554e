"""How far each state is, from a history."""

from __future__ import annotations

from typing import Any

from fogbank.console.progress import Progress


def entered(number: int, name: str, kind: str = "Task", previous: int = 0) -> dict[str, Any]:
    return {
        "id": number,
        "previousEventId": previous,
        "type": f"{kind}StateEntered",
        "stateEnteredEventDetails": {"name": name},
    }


def exited(number: int, name: str, previous: int) -> dict[str, Any]:
    return {
        "id": number,
        "previousEventId": previous,
        "type": "TaskStateExited",
        "stateExitedEventDetails": {"name": name},
    }


def event(number: int, kind: str, previous: int = 0) -> dict[str, Any]:
    return {"id": number, "previousEventId": previous, "type": kind}


def progress(*events: dict[str, Any]) -> dict[str, str]:
    found = Progress()
    found.fold(events)
    return {name: state["status"] for name, state in found.by_state().items()}


def test_running_then_succeeded() -> None:
    events = [event(1, "ExecutionStarted"), entered(2, "a"), event(3, "TaskScheduled", 2)]
    assert progress(*events) == {"a": "running"}
    assert progress(*events, event(4, "TaskSucceeded", 3), exited(5, "a", 4)) == {"a": "succeeded"}


def test_a_failure_is_running_again_when_it_is_retried_and_caught_when_it_is_left() -> None:
    failed = [entered(2, "a"), event(3, "TaskScheduled", 2), event(4, "TaskFailed", 3)]
    assert progress(*failed) == {"a": "failed"}
    assert progress(*failed, event(5, "TaskScheduled", 4)) == {"a": "running"}
    assert progress(*failed, exited(5, "a", 4)) == {"a": "caught"}


def test_what_had_not_ended_ends_with_the_execution() -> None:
    assert progress(entered(2, "a"), event(3, "ExecutionAborted")) == {"a": "aborted"}
    assert progress(entered(2, "x", "Fail"), event(3, "ExecutionFailed")) == {"x": "failed"}


def test_every_entry_counts() -> None:
    found = Progress()
    found.fold([entered(2, "a"), exited(3, "a", 2), entered(4, "a"), exited(5, "a", 4)])
    assert found.by_state() == {"a": {"status": "succeeded", "entered": 2}}
