"""What AWS answers when a function does not: error documents and log lines, in Lambda's own words."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

from fogbank.core.clock import iso8601_z
from fogbank.core.limits import RESPONSE_PAYLOAD_BYTES_MAX
from fogbank.core.records import hot_record
from fogbank.sandbox.api import Status

_ERROR_TYPE_CHARS_MAX = 512

# strsignal(3) in Go's words, which is what Lambda's supervisor prints.
_SIGNAL_WORDS = {
    signal.SIGABRT: "aborted",
    signal.SIGALRM: "alarm clock",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGHUP: "hangup",
    signal.SIGILL: "illegal instruction",
    signal.SIGINT: "interrupt",
    signal.SIGKILL: "killed",
    signal.SIGPIPE: "broken pipe",
    signal.SIGQUIT: "quit",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGSYS: "bad system call",
    signal.SIGTERM: "terminated",
    signal.SIGTRAP: "trace/breakpoint trap",
}


@dataclass(frozen=True, slots=True)
class Exit:
    """How an environment's first process ended."""

    code: int | None  # None when a signal ended it
    signal: int | None
    out_of_memory: bool
    max_rss_kb: int


@hot_record
class Outcome:
    """How an invocation ended, before the figures around it are known."""

    status: Status
    payload: bytes
    error_type: str | None
    log_line: str | None = None  # what Lambda writes to the function's log about it


def handler_error(document: bytes, error_type: str | None = None) -> Outcome:
    """The handler raised: the runtime's own document is the payload. `error_type`: where the document names none."""
    return Outcome(Status.ERROR, document, _error_type(document, error_type or "Unhandled"))


def invalid_entrypoint(request_id: str, reason: str) -> Outcome:
    """The program that an environment should have become could not be started."""
    message = f"RequestId: {request_id} Error: {reason}"
    error_type = "Runtime.InvalidEntrypoint"
    return _platform_error(Status.ERROR, error_type, message, f"{message}\n{error_type}")


def success(payload: bytes) -> Outcome:
    return Outcome(Status.SUCCESS, payload, None)


def timed_out(request_id: str, timeout_ms: int, now_ms: int) -> Outcome:
    words = f"Task timed out after {timeout_ms / 1000:.2f} seconds"
    return _platform_error(
        Status.TIMEOUT,
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: {words}",
        f"{iso8601_z(now_ms)} {request_id} {words}",
    )


def exited(request_id: str, exit: Exit) -> Outcome:
    """The process ended while the invocation was its to answer."""
    if exit.out_of_memory:
        status, error_type = Status.OUT_OF_MEMORY, "Runtime.OutOfMemory"
        words = "Runtime exited with error: signal: killed"
    elif exit.signal is not None:
        status, error_type = Status.CRASHED, "Runtime.ExitError"
        words = f"Runtime exited with error: signal: {signal_words(exit.signal)}"
    elif exit.code:
        status, error_type = Status.CRASHED, "Runtime.ExitError"
        words = f"Runtime exited with error: exit status {exit.code}"
    else:
        status, error_type = Status.CRASHED, "Runtime.ExitError"
        words = "Runtime exited without providing a reason"
    message = f"RequestId: {request_id} Error: {words}"
    return _platform_error(status, error_type, message, f"{message}\n{error_type}")


def response_too_large(maximum_bytes: int = RESPONSE_PAYLOAD_BYTES_MAX) -> Outcome:
    message = f"Response payload size exceeded maximum allowed payload size ({maximum_bytes} bytes)."
    payload = json.dumps(
        {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}, separators=(",", ":")
    )
    return Outcome(Status.ERROR, payload.encode(), "Function.ResponseSizeTooLarge")


def signal_words(number: int) -> str:
    """A signal as Lambda names it: `killed`, `segmentation fault`, `signal 40`."""
    try:
        return _SIGNAL_WORDS[signal.Signals(number)]
    except (KeyError, ValueError):
        return f"signal {number}"


def _platform_error(status: Status, error_type: str, message: str, log_line: str) -> Outcome:
    payload = json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":"))
    return Outcome(status, payload.encode(), error_type, log_line)


def _error_type(document: bytes, default: str) -> str:
    try:
        fields = json.loads(document)
    except (ValueError, RecursionError):
        return default
    found = fields.get("errorType") if isinstance(fields, dict) else None
    return found[:_ERROR_TYPE_CHARS_MAX] if isinstance(found, str) and found else default
