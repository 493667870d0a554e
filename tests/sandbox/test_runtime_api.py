"""The Runtime API on a real socket, as a runtime client speaks it."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.limits import RESPONSE_PAYLOAD_BYTES_MAX, RUNTIME_API_HEAD_BYTES_MAX
from fogbank.sandbox.api import Invocation
from fogbank.sandbox.runtime_api import RuntimeApi, State
from fogbank.sandbox.runtime_api_http import Reply, RuntimeApiServer
from tests.support.waiting import until

NOW_MS = 1_700_000_000_000
RESPONSE_PATH = "/2018-06-01/runtime/invocation/{}/response"
ERROR_PATH = "/2018-06-01/runtime/invocation/{}/error"
NEXT_PATH = "/2018-06-01/runtime/invocation/next"


class NoLog:
    def line(self, time_ms: int, text: str) -> None: ...

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None: ...

    def started(self, time_ms: int, stream: str) -> None: ...


def invocation(request_id: str = "r-1", payload: bytes = b'{"a":1}', **more: str) -> Invocation:
    return Invocation(
        request_id, payload, "arn:aws:lambda:us-east-1:000000000000:function:f", NoLog(), **more
    )


@dataclass
class Environment:
    """Stands for the environment: records what the API reports."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    asking: asyncio.Event = field(default_factory=asyncio.Event)
    room: bool = True  # for more pieces of a stream
    resume: Callable[[], None] | None = None

    def runtime_ready(self) -> None:
        self.events.append(("ready",))
        self.asking.set()

    def runtime_asks(self) -> None:
        self.events.append(("asks",))
        self.asking.set()

    def runtime_result(self, payload: bytes) -> None:
        self.events.append(("result", payload))

    def runtime_stream(self, content_type: str) -> None:
        self.events.append(("stream", content_type))

    def runtime_chunk(self, data: bytes, resume: Callable[[], None]) -> bool:
        self.events.append(("chunk", data))
        self.resume = resume
        return self.room

    def runtime_stream_end(self) -> None:
        self.events.append(("end",))

    def runtime_error(self, document: bytes, error_type: str | None) -> None:
        self.events.append(("error", document, error_type))

    def runtime_init_error(self, document: bytes, error_type: str | None) -> None:
        self.events.append(("init_error", document, error_type))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One keep-alive connection, with nothing hidden."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1:9001", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(head[0].split(" ")[1]), headers, body)

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        await self.send(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        return await self.answer()

    async def closed(self) -> bool:
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True


class Fixture:
    def __init__(
        self, environment: Environment, api: RuntimeApi, server: RuntimeApiServer, port: int
    ) -> None:
        self.environment, self.api, self.server, self.port = environment, api, server, port
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


async def serve(allowed: bool = True) -> Fixture:
    environment = Environment()
    api = RuntimeApi(environment, lambda: NOW_MS)
    server = RuntimeApiServer(api, lambda _transport: allowed)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await server.start(listener)
    return Fixture(environment, api, server, port)


@pytest_asyncio.fixture
async def runtime() -> AsyncIterator[Fixture]:
    fixture = await serve()
    yield fixture
    fixture.server.close()
    for client in fixture.clients:
        client.writer.close()


async def test_one_invocation_from_next_to_response(runtime: Fixture) -> None:
    client = await runtime.connect()
    await client.send("GET", NEXT_PATH)
    await runtime.environment.asking.wait()
    runtime.api.deliver(
        invocation(
            trace_id="Root=1", client_context='{"k": 1}', cognito_identity='{"cognitoIdentityId":"i"}'
        ),
        3000,
    )
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    assert answer.headers["content-type"] == "application/json"
    assert {name: value for name, value in answer.headers.items() if name.startswith("lambda-")} == {
        "lambda-runtime-aws-request-id": "r-1",
        "lambda-runtime-deadline-ms": str(NOW_MS + 3000),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "lambda-runtime-trace-id": "Root=1",
        "lambda-runtime-client-context": '{"k": 1}',
        "lambda-runtime-cognito-identity": '{"cognitoIdentityId":"i"}',
    }
    accepted = await client.call("POST", RESPONSE_PATH.format("r-1"), b'"done"')
    assert (accepted.status, json.loads(accepted.body)) == (202, {"status": "OK"})
    assert runtime.environment.events == [("ready",), ("result", b'"done"')]


async def test_an_invocation_delivered_early_waits_for_next(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    assert (await client.call("GET", NEXT_PATH)).body == b'{"a":1}'
    assert runtime.api.state is State.RUNNING


async def test_next_asked_again_while_running_gives_the_same_invocation(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    first = await client.call("GET", NEXT_PATH)
    second = await client.call("GET", NEXT_PATH)
    assert first.headers["lambda-runtime-aws-request-id"] == second.headers["lambda-runtime-aws-request-id"]


async def test_asking_for_more_is_told_apart_from_being_ready(runtime: Fixture) -> None:
    client = await running(runtime)
    await client.call("POST", RESPONSE_PATH.format("r-1"), b"1")
    assert ("asks",) not in runtime.environment.events
    runtime.environment.asking.clear()
    await client.send("GET", NEXT_PATH)
    await runtime.environment.asking.wait()
    assert runtime.environment.events == [("ready",), ("result", b"1"), ("asks",)]


async def test_ready_is_reported_once(runtime: Fixture) -> None:
    client = await runtime.connect()
    for number in range(3):
        runtime.api.deliver(invocation(f"r-{number}"), 1000)
        await client.call("GET", NEXT_PATH)
        await client.call("POST", RESPONSE_PATH.format(f"r-{number}"), b"1")
    assert runtime.environment.events.count(("ready",)) == 1


@pytest.mark.parametrize("path", [RESPONSE_PATH, ERROR_PATH])
async def test_another_request_id_is_refused(runtime: Fixture, path: str) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    answer = await client.call("POST", path.format("r-2"), b"1")
    assert answer.status == 400
    assert json.loads(answer.body) == {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
    assert runtime.environment.events == [("ready",)]


async def test_an_invocation_is_answered_once(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    assert (await client.call("POST", RESPONSE_PATH.format("r-1"), b"1")).status == 202
    assert (await client.call("POST", RESPONSE_PATH.format("r-1"), b"2")).status == 400
    assert runtime.environment.events[1:] == [("result", b"1")]


async def test_a_response_before_next_is_a_forbidden_transition(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    answer = await client.call("POST", RESPONSE_PATH.format("r-1"), b"1")
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "errorMessage": "State transition from Started to InvocationResponse failed for runtime. "
        "Error: State transition is not allowed",
        "errorType": "InvalidStateTransition",
    }


async def test_errors_are_handed_on_with_their_type(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    document = b'{"errorMessage":"Error: some_error_msg","errorType":"errorString"}'
    answer = await client.call(
        "POST", ERROR_PATH.format("r-1"), document, Lambda_Runtime_Function_Error_Type="errorString"
    )
    assert answer.status == 202
    assert runtime.environment.events[1:] == [("error", document, "errorString")]


async def test_an_error_with_its_cause_loses_the_cause(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    document = {"errorMessage": "m", "errorType": "T", "stackTrace": ["a"], "errorCause": {"exceptions": []}}
    await client.call(
        "POST",
        ERROR_PATH.format("r-1"),
        json.dumps(document).encode(),
        Content_Type="application/vnd.aws.lambda.error.cause+json",
    )
    (_kind, got, _type) = runtime.environment.events[1]
    assert isinstance(got, bytes)
    assert json.loads(got) == {"errorMessage": "m", "errorType": "T", "stackTrace": ["a"]}


async def test_init_error_then_nothing_is_allowed(runtime: Fixture) -> None:
    client = await runtime.connect()
    answer = await client.call(
        "POST", "/2018-06-01/runtime/init/error", b"{}", Lambda_Runtime_Function_Error_Type="E"
    )
    assert answer.status == 202
    assert runtime.environment.events == [("init_error", b"{}", "E")]
    assert (await client.call("GET", NEXT_PATH)).status == 403
    assert (await client.call("POST", "/2018-06-01/runtime/init/error", b"{}")).status == 403


async def test_init_error_after_init_is_forbidden(runtime: Fixture) -> None:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    assert (await client.call("POST", "/2018-06-01/runtime/init/error", b"{}")).status == 403
    assert runtime.environment.events == [("ready",)]


async def running(runtime: Fixture) -> Client:
    client = await runtime.connect()
    runtime.api.deliver(invocation(), 1000)
    await client.call("GET", NEXT_PATH)
    return client


def chunked(path: str, chunks: list[bytes], headers: str, trailers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    body = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return head + body + b"0\r\n" + trailers.encode() + b"\r\n"


async def test_a_streamed_response_comes_in_pieces(runtime: Fixture) -> None:
    client = await running(runtime)
    headers = "Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: text/plain\r\n"
    await client.raw(chunked(RESPONSE_PATH.format("r-1"), [b"Hello, ", b"world!"], headers))
    assert (await client.answer()).status == 202
    assert runtime.environment.events[1:] == [
        ("stream", "text/plain"),
        ("chunk", b"Hello, "),
        ("chunk", b"world!"),
        ("end",),
    ]


async def begun(runtime: Fixture) -> Client:
    """A client in the middle of a streamed response."""
    client = await running(runtime)
    whole = chunked(
        RESPONSE_PATH.format("r-1"), [b"a"], "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
    )
    await client.raw(whole.removesuffix(b"0\r\n\r\n"))
    await until(lambda: ("chunk", b"a") in runtime.environment.events)
    return client


async def test_a_stream_is_read_as_fast_as_it_is_taken(runtime: Fixture) -> None:
    runtime.environment.room = False
    client = await begun(runtime)
    (connection,) = [each for each in runtime.server._connections if each._streamed is not None]
    assert connection._transport is not None and not connection._transport.is_reading()
    await client.raw(b"1\r\nb\r\n0\r\n\r\n")
    assert ("chunk", b"b") not in runtime.environment.events
    runtime.environment.room = True
    assert runtime.environment.resume is not None
    runtime.environment.resume()
    assert (await client.answer()).status == 202
    assert runtime.environment.events[-2:] == [("chunk", b"b"), ("end",)]


async def test_a_stream_that_is_cut_is_an_error(runtime: Fixture) -> None:
    client = await begun(runtime)
    client.writer.transport.abort()
    await until(lambda: runtime.environment.events[-1][0] == "error")
    assert runtime.environment.events[-1][2] == "Runtime.TruncatedResponse"


async def test_nobody_else_answers_while_a_stream_does(runtime: Fixture) -> None:
    await begun(runtime)
    other = await runtime.connect()
    for path in (RESPONSE_PATH, ERROR_PATH):
        assert (await other.call("POST", path.format("r-1"), b"{}")).status == 403
    mode = {"Lambda_Runtime_Function_Response_Mode": "streaming"}
    assert (await other.call("POST", RESPONSE_PATH.format("r-1"), b"{}", **mode)).status == 403
    assert [event[0] for event in runtime.environment.events[1:]] == ["stream", "chunk"]


async def test_a_stream_that_fails_midway_is_an_error(runtime: Fixture) -> None:
    client = await running(runtime)
    document = b'{"errorType":"Late","errorMessage":"m"}'
    headers = (
        "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
        "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
    )
    trailers = (
        "Lambda-Runtime-Function-Error-Type: Late\r\n"
        f"Lambda-Runtime-Function-Error-Body: {base64.b64encode(document).decode()}\r\n"
    )
    await client.raw(chunked(RESPONSE_PATH.format("r-1"), [b"half"], headers, trailers))
    assert (await client.answer()).status == 202
    assert runtime.environment.events[2:] == [("chunk", b"half"), ("error", document, "Late")]


async def test_an_unknown_response_mode_is_refused(runtime: Fixture) -> None:
    client = await running(runtime)
    answer = await client.call(
        "POST", RESPONSE_PATH.format("r-1"), b"1", Lambda_Runtime_Function_Response_Mode="sideways"
    )
    assert (answer.status, json.loads(answer.body)["errorType"]) == (400, "InvalidFunctionResponseMode")
    assert runtime.environment.events == [("ready",)]


async def test_a_response_of_the_largest_size_passes(runtime: Fixture) -> None:
    client = await running(runtime)
    body = b"x" * RESPONSE_PAYLOAD_BYTES_MAX
    assert (await client.call("POST", RESPONSE_PATH.format("r-1"), body)).status == 202
    assert runtime.environment.events[1] == ("result", body)


async def test_a_response_over_the_largest_size_is_an_error_of_the_function(runtime: Fixture) -> None:
    client = await running(runtime)
    answer = await client.call("POST", RESPONSE_PATH.format("r-1"), b"x" * (RESPONSE_PAYLOAD_BYTES_MAX + 1))
    assert answer.status == 413
    assert json.loads(answer.body) == {
        "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "RequestEntityTooLarge",
    }
    (_kind, document, error_type) = runtime.environment.events[1]
    assert error_type == "Function.ResponseSizeTooLarge"
    assert isinstance(document, bytes)
    assert json.loads(document)["errorMessage"] == (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    )


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/2020-01-01/extension/register", "Extensions API"),
        ("/2022-07-01/telemetry", "Telemetry API"),
        ("/2020-08-15/logs", "Logs API"),
        ("/2018-06-01/runtime/restore/next", "SnapStart"),
    ],
)
async def test_what_is_missing_is_refused_by_name(runtime: Fixture, path: str, named: str) -> None:
    client = await runtime.connect()
    answer = await client.call("GET", path)
    assert answer.status == 404
    assert named in json.loads(answer.body)["errorMessage"]


async def test_an_unknown_path_is_not_found(runtime: Fixture) -> None:
    client = await runtime.connect()
    answer = await client.call("GET", "/2018-06-01/runtime/elsewhere")
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


async def test_strangers_are_turned_away_before_they_can_ask() -> None:
    fixture = await serve(allowed=False)
    try:
        client = await fixture.connect()
        fixture.api.deliver(invocation(), 1000)
        assert await client.closed()
        assert fixture.api.state is State.STARTED
        assert fixture.environment.events == []
    finally:
        fixture.server.close()
        client.writer.close()


async def test_garbage_ends_the_connection_and_nothing_else(runtime: Fixture) -> None:
    bad = await runtime.connect()
    await bad.raw(b"\x00\x01nonsense\r\n\r\n")
    assert (await bad.answer()).status == 400
    assert await bad.closed()
    good = await running(runtime)
    assert (await good.call("POST", RESPONSE_PATH.format("r-1"), b"1")).status == 202


async def test_endless_headers_end_the_connection(runtime: Fixture) -> None:
    client = await runtime.connect()
    await client.raw(b"GET / HTTP/1.1\r\n")
    line = b"X-Pad: " + b"x" * 8000 + b"\r\n"
    try:
        for _ in range(RUNTIME_API_HEAD_BYTES_MAX // len(line) + 2):
            await client.raw(line)
        said = await client.reader.read()
    except ConnectionError:
        said = b""  # cut while we were still writing
    assert said == b"" or said.startswith(b"HTTP/1.1 431")
    assert runtime.environment.events == []
    fresh = await runtime.connect()
    assert (await fresh.call("GET", "/nowhere")).status == 404


async def test_a_second_request_before_the_answer_closes_the_connection(runtime: Fixture) -> None:
    client = await runtime.connect()
    await client.send("GET", NEXT_PATH)
    await client.send("GET", NEXT_PATH)
    assert await client.closed()


async def test_a_waiting_connection_that_closed_is_not_given_the_invocation(runtime: Fixture) -> None:
    gone = await runtime.connect()
    await gone.send("GET", NEXT_PATH)
    await runtime.environment.asking.wait()
    gone.writer.close()
    await gone.writer.wait_closed()
    client = await runtime.connect()
    # By the time this is answered, the server has seen the other one close.
    assert (await client.call("GET", "/nowhere")).status == 404
    runtime.api.deliver(invocation(), 1000)
    assert (await client.call("GET", NEXT_PATH)).headers["lambda-runtime-aws-request-id"] == "r-1"


@given(value=st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_header_value_can_begin_another_header(value: str) -> None:
    head = (
        Reply(200, b"", (("Lambda-Runtime-Client-Context", value),))
        .encode(keep_alive=True)
        .split(b"\r\n\r\n")[0]
    )
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert names == [b"Content-Type", b"Lambda-Runtime-Client-Context", b"Content-Length"]
    assert b"\n" not in head.replace(b"\r\n", b"")
