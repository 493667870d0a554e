"""Lambda's words."""

from __future__ import annotations

import json

import pytest

from fogbank.sandbox.api import Status
from fogbank.sandbox.outcomes import Exit, exited, handler_error, signal_words, timed_out


@pytest.mark.parametrize(
    ("exit", "status", "error_type", "words"),
    [
        (
            Exit(0, None, False, 0),
            Status.CRASHED,
            "Runtime.ExitError",
            "Runtime exited without providing a reason",
        ),
        (
            Exit(127, None, False, 0),
            Status.CRASHED,
            "Runtime.ExitError",
            "Runtime exited with error: exit status 127",
        ),
        (
            Exit(None, 9, False, 0),
            Status.CRASHED,
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
        ),
        (
            Exit(None, 9, True, 0),
            Status.OUT_OF_MEMORY,
            "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed",
        ),
    ],
)
def test_exits(exit: Exit, status: Status, error_type: str, words: str) -> None:
    outcome = exited("r-1", exit)
    assert (outcome.status, outcome.error_type) == (status, error_type)
    assert json.loads(outcome.payload) == {
        "errorType": error_type,
        "errorMessage": f"RequestId: r-1 Error: {words}",
    }
    assert outcome.log_line == f"RequestId: r-1 Error: {words}\n{error_type}"


def test_timeout() -> None:
    outcome = timed_out("r-1", 3_000, 1_767_225_600_123)
    assert outcome.payload == (
        b'{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}'
    )
    assert outcome.log_line == "2026-01-01T00:00:00.123Z r-1 Task timed out after 3.00 seconds"


@pytest.mark.parametrize(
    ("document", "error_type"),
    [
        (b'{"errorType": "KeyError"}', "KeyError"),
        (b'{"errorType": 7}', "Unhandled"),
        (b"[]", "Unhandled"),
        (b"\xff", "Unhandled"),
        (b"[" * 100_000, "Unhandled"),
        (b'{"errorType": "' + b"x" * 5000 + b'"}', "x" * 512),
    ],
)
def test_error_type_of_whatever_the_runtime_sent(document: bytes, error_type: str) -> None:
    outcome = handler_error(document)
    assert (outcome.payload, outcome.error_type, outcome.status) == (document, error_type, Status.ERROR)


def test_signals() -> None:
    assert [signal_words(number) for number in (9, 11, 6, 40, 400)] == [
        "killed",
        "segmentation fault",
        "aborted",
        "signal 40",
        "signal 400",
    ]
