"""Responses that are read while they are written: Node.js, custom runtimes, and who reads slowly or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fogbank.core.limits import STREAM_BUFFER_BYTES_MAX
from fogbank.sandbox import environment, streamed
from fogbank.sandbox.api import FunctionConfig, Invocation, InvocationResult, Status
from fogbank.sandbox.channel import SCRATCH_BYTES
from fogbank.sandbox.nodes import find_nodes
from fogbank.sandbox.response_stream import ResponseStream
from tests.sandbox.attacks.arena import Arena
from tests.sandbox.harness import Log
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
HAS_NODE = bool({18, 20, 22} & set(find_nodes()))
NEWEST = f"nodejs{max({18, 20, 22} & set(find_nodes()), default=20)}.x"
HELD_BYTES_MAX = STREAM_BUFFER_BYTES_MAX + SCRATCH_BYTES


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with Arena(tmp_path_factory.mktemp("streams") / "arena") as made:
        yield made


class Reading:
    """One invocation whose response is read."""

    def __init__(self, arena: Arena, config: FunctionConfig, event: Any) -> None:
        self.stream, self.log = ResponseStream(), Log()
        self._arena, self._config = arena, config
        self._invocation = Invocation("r-1", json.dumps(event).encode(), "arn", self.log, stream=self.stream)
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> InvocationResult:
        result = await self._arena.pool.invoke(self._config, self._invocation)
        self.stream.end(result)
        return result

    @property
    def held_bytes(self) -> int:
        return sum(map(len, self.stream._pieces))

    async def result(self) -> InvocationResult:
        async with asyncio.timeout(20):
            return await self._task

    async def rest(self) -> bytes:
        async with asyncio.timeout(20):
            return b"".join([piece async for piece in self.stream])


def node(arena: Arena, body: str, **more: Any) -> FunctionConfig:
    if not HAS_NODE:
        pytest.xfail("no Node.js 18, 20 or 22 here")
    source = f"exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {{ {body} }});"
    return arena.function({"index.js": source}, runtime=NEWEST, **more)


LONG = """
    stream.setContentType('text/plain');
    stream.write('first');
    let ticks = 0;
    const timer = setInterval(() => { if (++ticks === 3) console.log('ticking'); }, 1);
    for (let i = 0; i < 64; i++) {
      if (!stream.write(Buffer.alloc(65536, 97))) await new Promise((go) => stream.once('drain', go));
    }
    clearInterval(timer);
    stream.end();
"""


async def test_a_slow_reader_holds_the_function_back_and_memory_does_not_grow(arena: Arena) -> None:
    reading = Reading(arena, node(arena, LONG), None)
    await reading.stream.opened()
    assert reading.stream.content_type == "text/plain"
    assert (await anext(reading.stream))[:5] == b"first"
    # Nobody reads on: 4 MiB cannot all be on their way, so the function waits, and holds what it has.
    await until(lambda: reading.stream._resume is not None)
    assert reading.stream.result is None and reading.held_bytes <= HELD_BYTES_MAX
    rest = await reading.rest()
    assert len(rest) == 64 * 65536 and set(rest) == {97}
    result = await reading.result()
    assert (result.status, result.payload) == (Status.SUCCESS, b"")
    assert result.streamed_bytes == 5 + 64 * 65536


async def test_the_function_s_own_event_loop_goes_on_while_its_reader_is_slow(arena: Arena) -> None:
    body = """
        for (let i = 0; i < 64; i++) stream.write(Buffer.alloc(65536));
        require('node:net').connect(event, '127.0.0.1').on('error', () => {});
        stream.end();
    """
    called = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        reading = Reading(arena, node(arena, body), server.sockets[0].getsockname()[1])
        await called.wait()  # nothing was read yet, and most of it cannot have been written
        assert reading.stream.result is None
        assert len(await reading.rest()) == 64 * 65536


async def test_a_reader_that_goes_away_does_not_stop_the_function(arena: Arena) -> None:
    reading = Reading(arena, node(arena, LONG + "console.log('done');"), None)
    await reading.stream.opened()
    await until(lambda: reading.stream._resume is not None)
    await reading.stream.aclose()
    assert (await reading.result()).status is Status.SUCCESS
    assert "done" in "".join(reading.log.lines) and reading.held_bytes == 0


async def test_an_error_in_the_middle_comes_after_what_was_written(arena: Arena) -> None:
    body = "stream.write('one'); stream.write('two'); throw new TypeError('late');"
    config = node(arena, body)
    for _ in range(2):
        reading = Reading(arena, config, None)
        assert await reading.rest() == b"onetwo"
        result = await reading.result()
        assert (result.status, result.error_type) == (Status.ERROR, "TypeError")
        assert json.loads(result.payload)["errorMessage"] == "late"


async def test_a_crash_in_the_middle(arena: Arena) -> None:
    body = "await new Promise((go) => stream.write('one', go)); process.exit(3);"
    reading = Reading(arena, node(arena, body), None)
    assert await reading.rest() == b"one"
    result = await reading.result()
    assert (result.status, result.error_type) == (Status.CRASHED, "Runtime.ExitError")
    assert b"exit status 3" in result.payload


async def test_a_rejection_that_nobody_handles_in_the_middle(arena: Arena) -> None:
    body = """
        stream.write('one');
        Promise.reject(new Error('lost'));
        await new Promise(() => setInterval(() => {}, 1000));
    """
    reading = Reading(arena, node(arena, body), None)
    assert await reading.rest() == b"one"
    result = await reading.result()
    assert (result.status, result.error_type) == (Status.ERROR, "Runtime.UnhandledPromiseRejection")


@pytest.mark.parametrize("read", [True, False])
async def test_a_timeout_in_the_middle(arena: Arena, read: bool) -> None:
    """`read` or not: a reader that takes nothing does not keep the function alive either."""
    body = "for (;;) await new Promise((go) => stream.write(Buffer.alloc(65536), () => setTimeout(go, 1)));"
    reading = Reading(arena, node(arena, body, timeout_ms=700), None)
    await reading.stream.opened()
    if read:
        await reading.rest()
    result = await reading.result()
    assert (result.status, result.error_type) == (Status.TIMEOUT, "Sandbox.Timedout")
    assert reading.held_bytes <= HELD_BYTES_MAX


async def test_more_than_a_stream_may_have(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (streamed, environment):
        monkeypatch.setattr(module, "STREAMED_RESPONSE_BYTES_MAX", 1024 * 1024)
    body = "for (;;) await new Promise((go) => stream.write(Buffer.alloc(65536), go));"
    reading = Reading(arena, node(arena, body), None)
    assert len(await reading.rest()) == 1024 * 1024
    result = await reading.result()
    assert result.error_type == "Function.ResponseSizeTooLarge" and b"1048576 bytes" in result.payload


async def test_an_ordinary_handler_answers_as_a_whole(arena: Arena) -> None:
    config = arena.function({"index.py": "def handler(event, context):\n    return event\n"})
    reading = Reading(arena, config, {"a": 1})
    assert await reading.rest() == b""
    assert (reading.stream.content_type, (await reading.result()).payload) == (None, b'{"a": 1}')


BOOTSTRAP = """\
#!/usr/bin/python3
import base64, http.client, json, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
root = "/2018-06-01/runtime/invocation/"
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", root + "next")
    response = connection.getresponse()
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(response.read())
    connection.putrequest("POST", root + request_id + "/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Content-Type", "text/event-stream")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(event["pieces"]):
        connection.send(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
    if event.get("crash"):
        os._exit(7)
    trailers = b""
    if event.get("fail"):
        document = base64.b64encode(json.dumps({"errorType": "Late", "errorMessage": "m"}).encode())
        trailers = b"Lambda-Runtime-Function-Error-Type: Late\\r\\nLambda-Runtime-Function-Error-Body: " + document + b"\\r\\n"
    connection.send(b"0\\r\\n" + trailers + b"\\r\\n")
    connection.getresponse().read()
""".replace("\\\\", "\\")


def custom(arena: Arena, **more: Any) -> FunctionConfig:
    if not Path("/usr/bin/python3").exists():
        pytest.xfail("the bootstrap needs /usr/bin/python3")
    return arena.function({"bootstrap": BOOTSTRAP}, runtime="provided.al2023", **more)


async def test_a_custom_runtime_streams_and_waits_for_its_reader(arena: Arena) -> None:
    config = custom(arena)
    for _ in range(2):
        await _read_slowly(Reading(arena, config, {"pieces": 200}))


async def _read_slowly(reading: Reading) -> None:
    await reading.stream.opened()
    assert reading.stream.content_type == "text/event-stream"
    await until(lambda: reading.stream._resume is not None)
    assert reading.stream.result is None and reading.held_bytes <= HELD_BYTES_MAX
    assert len(await reading.rest()) == 200 * 65536
    assert (await reading.result()).status is Status.SUCCESS


async def test_a_custom_runtime_fails_by_trailers(arena: Arena) -> None:
    reading = Reading(arena, custom(arena), {"pieces": 1, "fail": True})
    assert len(await reading.rest()) == 65536
    result = await reading.result()
    assert (result.status, result.error_type) == (Status.ERROR, "Late")
    assert json.loads(result.payload) == {"errorType": "Late", "errorMessage": "m"}


async def test_a_custom_runtime_crashes_in_the_middle(arena: Arena) -> None:
    reading = Reading(arena, custom(arena), {"pieces": 1, "crash": True})
    assert len(await reading.rest()) == 65536
    assert (await reading.result()).status in (Status.CRASHED, Status.ERROR)
