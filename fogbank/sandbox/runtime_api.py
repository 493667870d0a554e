"""The Runtime API (2018-06-01) of one environment: what a `bootstrap`, or any official runtime client, speaks.

One `RuntimeApi` belongs to one environment and to nobody else: it answers on a listening socket that was opened inside
the environment's network namespace, or, on a shared network, on a port of its own whose callers are checked
(runtime_api_peer.py). What is read from and written to connections lives in runtime_api_http.py; here are the routes and
the runtime's states, with the answers that AWS's own Runtime API gives:

    STARTED ── next ──> READY ── invocation ──> RUNNING ── response | error ──> SENT ── next ──> READY
       └── init/error ──> INIT_ERROR

The Extensions and Telemetry APIs are refused by name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import orjson

from fogbank.core.limits import RESPONSE_PAYLOAD_BYTES_MAX
from fogbank.sandbox.api import Invocation
from fogbank.sandbox.runtime_api_http import Exchange, Reply

_ROOT = "/2018-06-01/runtime/"
_REFUSED = {
    "/2020-01-01/extension/": "the Lambda Extensions API",
    "/2020-08-15/logs": "the Lambda Logs API",
    "/2022-07-01/telemetry": "the Lambda Telemetry API",
    "/2018-06-01/runtime/restore/": "SnapStart",
}
_ERROR_TYPE_HEADER = "lambda-runtime-function-error-type"
_ERROR_BODY_TRAILER = "lambda-runtime-function-error-body"
_MODE_HEADER = "lambda-runtime-function-response-mode"
_CAUSE_CONTENT_TYPE = "application/vnd.aws.lambda.error.cause+json"
_STREAM_CONTENT_TYPE = "application/octet-stream"
_TRUNCATED = "Runtime.TruncatedResponse"
_STATE_NOT_ALLOWED = "State transition is not allowed"

ACCEPTED = Reply(202, b'{"status":"OK"}\n')


class State(Enum):
    """Where the runtime is; the values are the names AWS uses in its error messages."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    SENT = "ResponseSent"
    INIT_ERROR = "InitError"


class Runtime(Protocol):
    """The environment, as its Runtime API sees it. Each is called at most once for each invocation, READY once."""

    def runtime_ready(self) -> None:
        """The runtime asked for work for the first time: init is complete."""

    def runtime_asks(self) -> None:
        """The runtime answered before and asks for more: it can be given an invocation."""

    def runtime_result(self, payload: bytes) -> None:
        """The current invocation succeeded."""

    def runtime_stream(self, content_type: str) -> None:
        """The runtime begins to answer piece by piece; `runtime_stream_end` or `runtime_error` follows."""

    def runtime_chunk(self, data: bytes, resume: Callable[[], None]) -> bool:
        """A piece of the answer. False: no more until `resume` is called."""

    def runtime_stream_end(self) -> None:
        """The streamed answer is whole."""

    def runtime_error(self, document: bytes, error_type: str | None) -> None:
        """The current invocation failed; the document is what the runtime posted."""

    def runtime_init_error(self, document: bytes, error_type: str | None) -> None:
        """Init failed; the process usually ends right after."""


class RuntimeApi:
    """Routes and states. `deliver` hands an invocation over; the environment hears of its end by `Runtime`."""

    def __init__(self, runtime: Runtime, now_ms: Callable[[], int]) -> None:
        self._runtime = runtime
        self._now_ms = now_ms
        self._state = State.STARTED
        self._waiting: list[Exchange] = []
        self._current: tuple[str, Reply] | None = None  # request id, and what `next` answers
        self._streaming: Exchange | None = None  # whose body is the answer, piece by piece

    @property
    def state(self) -> State:
        return self._state

    def deliver(self, invocation: Invocation, timeout_ms: int) -> None:
        """Give the runtime its next invocation: at once if it waits for one, else when it asks."""
        reply = Reply(200, invocation.payload, _invocation_headers(invocation, self._now_ms() + timeout_ms))
        self._current = (invocation.request_id, reply)
        if self._waiting:
            self._state = State.RUNNING
            self._waiting.pop(0).answer(reply)

    def handle(self, exchange: Exchange) -> None:
        """Answer one request now, or keep it until there is an invocation."""
        path = exchange.path
        match exchange.method, path.removeprefix(_ROOT).split("/") if path.startswith(_ROOT) else []:
            case "GET", ["invocation", "next"]:
                self._next(exchange)
            case "POST", ["invocation", request_id, "response"] if exchange is self._streaming:
                exchange.answer(self._stream_ends(exchange))
            case "POST", ["invocation", request_id, "response"]:
                exchange.answer(self._response(exchange, request_id))
            case "POST", ["invocation", request_id, "error"]:
                exchange.answer(self._error(exchange, request_id))
            case "POST", ["init", "error"]:
                exchange.answer(self._init_error(exchange))
            case _:
                exchange.answer(_unknown(path))

    def begins(self, exchange: Exchange) -> bool:
        """The head of a request has come. Whether its body is to go to `piece` as it comes, and not to be gathered."""
        path = exchange.path
        match exchange.method, path.removeprefix(_ROOT).split("/") if path.startswith(_ROOT) else []:
            case "POST", ["invocation", request_id, "response"]:
                if exchange.headers.get(_MODE_HEADER) != "streaming":
                    return False
                if self._refusal(request_id, "InvocationResponse") is not None:
                    return False  # it is refused when it has come
                self._streaming = exchange
                self._runtime.runtime_stream(exchange.headers.get("content-type", _STREAM_CONTENT_TYPE))
                return True
        return False

    def piece(self, exchange: Exchange, data: bytes, resume: Callable[[], None]) -> bool:
        return exchange is not self._streaming or self._runtime.runtime_chunk(data, resume)

    def dropped(self, exchange: Exchange) -> None:
        """The connection of a request closed that waits, or whose body is still coming."""
        if exchange is self._streaming:
            self._streaming = None
            self._sent()
            # The name is that of AWS's runtime interface emulator; the message is a guess.
            document = {"errorType": _TRUNCATED, "errorMessage": "The response was cut short"}
            self._runtime.runtime_error(orjson.dumps(document), _TRUNCATED)
        if exchange in self._waiting:
            self._waiting.remove(exchange)

    def _next(self, exchange: Exchange) -> None:
        if self._state is State.INIT_ERROR:
            exchange.answer(_forbidden(self._state.value, "Ready"))
            return
        before = self._state
        if self._state is not State.RUNNING:
            self._state = State.READY
        if self._current is not None:  # delivered before it was asked for, or asked for again
            self._state = State.RUNNING
            exchange.answer(self._current[1])
        else:
            self._waiting.append(exchange)
        if before is State.STARTED:
            self._runtime.runtime_ready()
        elif before is State.SENT:
            self._runtime.runtime_asks()

    def _response(self, exchange: Exchange, request_id: str) -> Reply:
        refused = self._refusal(request_id, "InvocationResponse")
        if refused is not None:
            return refused
        mode = exchange.headers.get(_MODE_HEADER, "")
        if mode not in ("", "streaming"):
            return _error_reply(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        if mode:  # its connection was told to gather it: it has no body
            return _forbidden(self._state.value, "InvocationResponse")
        self._sent()
        if exchange.truncated:
            self._runtime.runtime_error(_too_large(), "Function.ResponseSizeTooLarge")
            message = f"Exceeded maximum allowed payload size ({RESPONSE_PAYLOAD_BYTES_MAX} bytes)."
            return _error_reply(413, "RequestEntityTooLarge", message)
        self._runtime.runtime_result(exchange.body)
        return ACCEPTED

    def _stream_ends(self, exchange: Exchange) -> Reply:
        self._streaming = None
        self._sent()
        failure = exchange.trailers.get(_ERROR_TYPE_HEADER)
        if failure is not None:
            self._runtime.runtime_error(_trailing_document(exchange, failure), failure)
        else:
            self._runtime.runtime_stream_end()
        return ACCEPTED

    def _error(self, exchange: Exchange, request_id: str) -> Reply:
        refused = self._refusal(request_id, "InvocationErrorResponse")
        if refused is not None:
            return refused
        self._sent()
        document = exchange.body
        if exchange.headers.get("content-type", "") == _CAUSE_CONTENT_TYPE:
            document = _without_cause(document)
        self._runtime.runtime_error(document, exchange.headers.get(_ERROR_TYPE_HEADER))
        return ACCEPTED

    def _init_error(self, exchange: Exchange) -> Reply:
        if self._state is not State.STARTED:
            return _forbidden(self._state.value, "InitError")
        self._state = State.INIT_ERROR
        self._runtime.runtime_init_error(exchange.body, exchange.headers.get(_ERROR_TYPE_HEADER))
        return ACCEPTED

    def _refusal(self, request_id: str, wanted: str) -> Reply | None:
        """Only the current invocation can be answered, and only once."""
        if self._current is None or request_id != self._current[0]:
            return _error_reply(400, "InvalidRequestID", "Invalid request ID")
        if self._state is not State.RUNNING or self._streaming is not None:
            return _forbidden(self._state.value, wanted)
        return None

    def _sent(self) -> None:
        self._state = State.SENT
        self._current = None


def _invocation_headers(invocation: Invocation, deadline_ms: int) -> tuple[tuple[str, str], ...]:
    headers = [
        ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
        ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
        ("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn),
    ]
    optional = (
        ("Lambda-Runtime-Trace-Id", invocation.trace_id),
        ("Lambda-Runtime-Client-Context", invocation.client_context),
        ("Lambda-Runtime-Cognito-Identity", invocation.cognito_identity),
    )
    headers.extend((name, value) for name, value in optional if value)
    return tuple(headers)


def _error_reply(status: int, error_type: str, message: str) -> Reply:
    return Reply(status, orjson.dumps({"errorMessage": message, "errorType": error_type}) + b"\n")


def _forbidden(state: str, wanted: str) -> Reply:
    message = f"State transition from {state} to {wanted} failed for runtime. Error: {_STATE_NOT_ALLOWED}"
    return _error_reply(403, "InvalidStateTransition", message)


def _unknown(path: str) -> Reply:
    for prefix, name in _REFUSED.items():
        if path.startswith(prefix):
            return _error_reply(404, "NotImplemented", f"fogbank does not support {name} yet")
    return Reply(404, b"404 page not found\n", (("Content-Type", "text/plain; charset=utf-8"),))


def _too_large() -> bytes:
    message = (
        f"Response payload size exceeded maximum allowed payload size ({RESPONSE_PAYLOAD_BYTES_MAX} bytes)."
    )
    return orjson.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})


def _trailing_document(exchange: Exchange, error_type: str) -> bytes:
    """The error a streaming runtime met after it had begun to answer: base64 in a trailer."""
    try:
        return base64.b64decode(exchange.trailers.get(_ERROR_BODY_TRAILER, ""), validate=True)
    except binascii.Error:
        return orjson.dumps({"errorType": error_type, "errorMessage": "Invalid error body"})


def _without_cause(document: bytes) -> bytes:
    """Of an error with its X-Ray cause, what the caller gets."""
    try:
        fields = orjson.loads(document)
    except orjson.JSONDecodeError:
        return b'"Invalid error body"'
    if not isinstance(fields, dict):
        return b'"Invalid error body"'
    return orjson.dumps(
        {name: fields[name] for name in ("errorMessage", "errorType", "stackTrace") if name in fields}
    )
