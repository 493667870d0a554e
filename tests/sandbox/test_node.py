"""Node.js functions through the pool, as Lambda's runtimes run them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fogbank.core.errors import RuntimeUnavailable
from fogbank.sandbox.api import FunctionConfig, Status
from fogbank.sandbox.nodes import find_nodes
from tests.sandbox.attacks.arena import Arena
from tests.sandbox.harness import Reply

NODES = find_nodes()
RUNTIMES = [f"nodejs{major}.x" for major in (18, 20, 22) if major in NODES]
NEWEST = RUNTIMES[-1] if RUNTIMES else "nodejs20.x"
PROMISES_ONLY = "nodejs24.x"

pytestmark = pytest.mark.skipif(not NODES, reason="no Node.js 18 to 24 on PATH, in nvm, fnm or volta")
needs_callbacks = pytest.mark.skipif(not RUNTIMES, reason="no Node.js 18, 20 or 22 here")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with Arena(tmp_path_factory.mktemp("node") / "arena") as made:
        yield made


def function(
    arena: Arena, source: str | dict[str, str], handler: str = "index.handler", **more: Any
) -> FunctionConfig:
    files = {"index.js": source} if isinstance(source, str) else source
    more.setdefault("runtime", NEWEST)
    return arena.function(files, handler=handler, memory_mb=more.pop("memory_mb", 256), **more)


async def run(arena: Arena, source: str | dict[str, str], event: Any = None, **more: Any) -> Reply:
    return await arena.invoke(function(arena, source, **more), event)


pytestmark = [pytestmark, needs_callbacks, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_an_async_handler_echoes(arena: Arena, runtime: str) -> None:
    source = "exports.handler = async (event) => ({ event, version: process.version });"
    outcome = await run(arena, source, {"ключ": "значение", "n": [1, 2.5, None]}, runtime=runtime)
    assert outcome.status is Status.SUCCESS
    assert outcome.payload["event"] == {"ключ": "значение", "n": [1, 2.5, None]}
    assert outcome.payload["version"].startswith(f"v{runtime.removeprefix('nodejs').removesuffix('.x')}.")
    assert outcome.result.init_duration_ms is not None
    assert outcome.result.max_memory_mb > 10


@pytest.mark.parametrize("runtime", ["nodejs16.x", "nodejs26.x", "nodejs19.x"])
async def test_other_versions_are_refused_by_name(arena: Arena, runtime: str) -> None:
    with pytest.raises(RuntimeUnavailable, match=runtime):
        await run(arena, "exports.handler = async () => 1;", runtime=runtime)


WAYS = {
    "async": "exports.handler = async () => 'answer';",
    "promise": "exports.handler = () => Promise.resolve('answer');",
    "thenable": "exports.handler = () => ({ then(done) { done('answer'); } });",
    "callback": "exports.handler = (event, context, callback) => callback(null, 'answer');",
    "late callback": "exports.handler = (e, c, callback) => { setTimeout(() => callback(null, 'answer'), 5); };",
    "succeed": "exports.handler = (event, context) => context.succeed('answer');",
    "done": "exports.handler = (event, context) => context.done(null, 'answer');",
    "nested": "exports.handler = async () => { await new Promise((r) => setTimeout(r, 5)); return 'answer'; };",
}


@pytest.mark.parametrize("way", WAYS)
async def test_ways_to_answer(arena: Arena, way: str) -> None:
    config = function(arena, WAYS[way])
    for _ in range(3):
        outcome = await arena.invoke(config)
        assert (outcome.status, outcome.payload) == (Status.SUCCESS, "answer")


async def test_a_sync_handler_without_callback_answers_null(arena: Arena) -> None:
    """As recorded: a function that never calls back succeeds with null once nothing is left to do."""
    outcome = await run(arena, "exports.handler = (event) => { 'ignored'; };")
    assert (outcome.status, outcome.result.payload) == (Status.SUCCESS, b"null")


async def test_undefined_becomes_null(arena: Arena) -> None:
    assert (await run(arena, "exports.handler = async () => {};")).result.payload == b"null"


async def test_a_promise_that_never_settles(arena: Arena) -> None:
    outcome = await run(arena, "exports.handler = async () => new Promise(() => {});")
    assert outcome.status is Status.ERROR
    assert outcome.payload["errorType"] == "Runtime.NodeJsExit"


async def test_a_callback_waits_for_the_event_loop_unless_told_not_to(arena: Arena) -> None:
    source = """
    exports.handler = (event, context, callback) => {
      context.callbackWaitsForEmptyEventLoop = event.wait;
      setTimeout(() => console.log('late'), 100);
      callback(null, 'answer');
    };
    """
    waited = await run(arena, source, {"wait": True})
    assert [line.split("\t")[3] for line in waited.log.lines] == ["late"]
    at_once = await run(arena, source, {"wait": False})
    assert at_once.log.lines == []


HANDLERS: dict[str, tuple[dict[str, str], str]] = {
    "folder": ({"src/app.js": "exports.go = async () => 'found';"}, "src/app.go"),
    "nested export": ({"app.js": "exports.a = { b: { c: async () => 'found' } };"}, "app.a.b.c"),
    "cjs": ({"app.cjs": "exports.go = async () => 'found';"}, "app.go"),
    "mjs": ({"app.mjs": "export const go = async () => 'found';"}, "app.go"),
    "module package": (
        {"app.js": "import fs from 'node:fs'; export const go = async () => fs ? 'found' : '';", "package.json": '{"type": "module"}'},
        "app.go",
    ),
    "module package above": (
        {"src/app.js": "export const go = async () => 'found';", "package.json": '{"type": "module"}'},
        "src/app.go",
    ),
    "commonjs package": ({"app.js": "exports.go = async () => 'found';", "package.json": "{}"}, "app.go"),
    "top-level await": ({"app.mjs": "const x = await Promise.resolve('found'); export const go = async () => x;"}, "app.go"),
    "node_modules": (
        {"app.js": "exports.go = async () => require('dep');", "node_modules/dep/index.js": "module.exports = 'found';"},
        "app.go",
    ),
    "package as module": (
        {"node_modules/app/index.js": "exports.go = async () => 'found';"},
        "app.go",
    ),
    "js before mjs": ({"app.js": "exports.go = async () => 'found';", "app.mjs": "export const go = async () => 'mjs';"}, "app.go"),
    "strange name": ({"a#b%20c.mjs": "export const go = async () => 'found';"}, "a#b%20c.go"),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDLERS)
async def test_where_handlers_may_live(arena: Arena, name: str) -> None:
    files, handler = HANDLERS[name]
    outcome = await run(arena, files, handler=handler)
    assert outcome.result.payload == b'"found"', outcome.result


INIT_ERRORS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "missing module": ({"index.js": ""}, "nowhere.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'"),
    "missing dependency": (
        {"index.js": "require('nowhere');"},
        "index.handler",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'nowhere'\nRequire stack:\n- /var/task/index.js\n- /var/runtime/index.mjs",
    ),
    "missing export": ({"index.js": ""}, "index.handler", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
    "not a function": (
        {"index.js": "exports.handler = 1;"},
        "index.handler",
        "Runtime.HandlerNotFound",
        "index.handler is not a function",
    ),
    "syntax": ({"index.js": "let let = ;"}, "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
    "bad name": ({"index.js": ""}, "index", "Runtime.MalformedHandlerName", "Bad handler"),
    "dots": ({"index.js": ""}, "../index.handler", "Runtime.MalformedHandlerName", "'../index.handler' is not a valid handler name."),
    "thrown": ({"index.js": "throw new RangeError('no');"}, "index.handler", "RangeError", "no"),
    "rejected": (
        {"index.mjs": "await Promise.reject(new RangeError('no'));"},
        "index.handler",
        "RangeError",
        "no",
    ),
    "streaming marker": (
        {"index.js": "exports.handler = async () => 1; exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'x';"},
        "index.handler",
        "Runtime.MalformedStreamingHandler",
        "Only response streaming is supported.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INIT_ERRORS)
async def test_errors_of_init(arena: Arena, name: str) -> None:
    files, handler, error_type, message = INIT_ERRORS[name]
    outcome = await run(arena, files, handler=handler)
    assert (outcome.status, outcome.result.error_type, outcome.result.init_error) == (
        Status.ERROR,
        error_type,
        True,
    )
    assert set(outcome.payload) == {"errorType", "errorMessage", "trace"}
    assert outcome.payload["errorType"] == error_type
    assert outcome.payload["errorMessage"].startswith(message)
    line = outcome.log.lines[0]
    assert re.fullmatch(
        rf"\S+Z\tundefined\tERROR\tUncaught Exception \t\{{.*\"errorType\":\"{error_type}\".*\}}", line
    ), line


async def test_exit_during_init(arena: Arena) -> None:
    outcome = await run(arena, "process.exit(0);")
    assert outcome.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id(outcome)} Error: Runtime exited without providing a reason",
    }


def request_id(outcome: Reply) -> str:
    found = re.match(r"RequestId: (\S+) Error", outcome.payload["errorMessage"])
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("body", "error_type", "message"),
    [
        ("async () => { throw new TypeError('bad'); }", "TypeError", "bad"),
        ("() => { throw new TypeError('bad'); }", "TypeError", "bad"),
        ("(e, c, callback) => callback(new TypeError('bad'))", "TypeError", "bad"),
        ("(e, c) => c.fail(new TypeError('bad'))", "TypeError", "bad"),
        ("(e, c) => c.fail()", "string", "handled"),
        ("async () => { throw 'a string'; }", "string", "a string"),
        ("async () => { throw { toString() { return 'object'; } }; }", "object", "object"),
        ("async () => { throw null; }", "string", "handled"),
        ("async () => { const a = {}; a.a = a; return a; }", "Error", "Unable to stringify response body"),
        ("async () => 10n", "Error", "Unable to stringify response body"),
        (
            "async () => { class Mine extends Error { constructor() { super('own'); this.name = 'Mine'; } } throw new Mine(); }",
            "Mine",
            "own",
        ),
    ],
)
async def test_errors_of_handlers(arena: Arena, body: str, error_type: str, message: str) -> None:
    config = function(
        arena,
        f"let n = 0; const inner = {body}; exports.handler = (...a) => (n++ ? 'second' : 0, inner(...a));",
    )
    outcome = await arena.invoke(config)
    assert (outcome.status, outcome.result.error_type) == (Status.ERROR, error_type)
    assert outcome.payload["errorMessage"] == message
    assert isinstance(outcome.payload["trace"], list)
    assert outcome.log.lines[0].split("\t")[2:4] == ["ERROR", "Invoke Error "]
    again = await arena.invoke(config)
    assert again.result.stream == outcome.result.stream  # an error of a handler does not cost its environment


@pytest.mark.parametrize(
    ("body", "error_type", "message", "title", "status"),
    [
        ("setTimeout(() => { throw new TypeError('bad'); }, 1)", "TypeError", "bad", "Uncaught Exception ", 129),
        ("Promise.reject(new TypeError('bad'))", "Runtime.UnhandledPromiseRejection", "TypeError: bad", "Unhandled Promise Rejection ", 128),
        ("Promise.reject('text')", "Runtime.UnhandledPromiseRejection", "text", "Unhandled Promise Rejection ", 128),
    ],
)  # fmt: skip
async def test_errors_that_end_the_process(
    arena: Arena, body: str, error_type: str, message: str, title: str, status: int
) -> None:
    source = f"""
    exports.handler = async (event) => {{
      if (event === 'die') {{ {body}; await new Promise((resolve) => setTimeout(resolve, 5000)); }}
      return 'alive';
    }};
    """
    config = function(arena, source)
    first, others = await arena.invoke(config, "die"), [await arena.invoke(config) for _ in range(3)]
    assert (first.status, first.payload["errorType"], first.payload["errorMessage"]) == (
        Status.ERROR,
        error_type,
        message,
    )
    assert first.log.lines[0].split("\t")[2:4] == ["ERROR", title]
    assert re.fullmatch(
        rf"RequestId: \S+ Error: Runtime exited with error: exit status {status}\nRuntime.ExitError",
        first.log.lines[-1],
    )
    assert [other.payload for other in others] == ["alive"] * 3
    assert others[0].result.stream != first.result.stream


async def test_process_exit_in_a_handler(arena: Arena) -> None:
    outcome = await run(arena, "exports.handler = async () => process.exit(7);")
    assert outcome.status is Status.CRASHED
    assert outcome.payload["errorType"] == "Runtime.ExitError"
    assert outcome.payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")


async def test_timeout(arena: Arena) -> None:
    config = function(
        arena, "exports.handler = async (e) => { if (e) for (;;); return 'fresh'; };", timeout_ms=500
    )
    outcome = await arena.invoke(config, 1)
    assert outcome.status is Status.TIMEOUT
    assert (await arena.invoke(config, 0)).payload == "fresh"


async def test_out_of_memory(arena: Arena) -> None:
    source = "exports.handler = async () => { const a = []; for (;;) a.push(Buffer.alloc(4 << 20, 1)); };"
    outcome = await run(arena, source, memory_mb=128)
    assert outcome.status in (Status.OUT_OF_MEMORY, Status.CRASHED)


async def test_the_context(arena: Arena) -> None:
    source = """
    exports.handler = async (event, context) => {
      const { getRemainingTimeInMillis, succeed, fail, done, ...fields } = context;
      return { fields, keys: Object.keys(context), left: getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
    };
    """
    config = function(arena, source, name="ctx", timeout_ms=9000)
    outcome = await arena.invoke(
        config, None, client_context='{"client": {"app": "x"}}', cognito_identity='{"cognitoIdentityId": "i"}', trace_id="Root=1-2-3"
    )  # fmt: skip
    assert outcome.payload["keys"] == [
        "callbackWaitsForEmptyEventLoop", "succeed", "fail", "done", "functionVersion", "functionName", "memoryLimitInMB",
        "logGroupName", "logStreamName", "clientContext", "identity", "invokedFunctionArn", "awsRequestId", "getRemainingTimeInMillis",
    ]  # fmt: skip
    fields = outcome.payload["fields"]
    assert fields["awsRequestId"].startswith("00000000-0000-4000-8000-")
    assert fields["logStreamName"] == outcome.result.stream
    assert {key: fields[key] for key in fields if key not in ("awsRequestId", "logStreamName")} == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionVersion": "$LATEST",
        "functionName": "ctx",
        "memoryLimitInMB": "256",
        "logGroupName": "/aws/lambda/ctx",
        "clientContext": {"client": {"app": "x"}},
        "identity": {"cognitoIdentityId": "i"},
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:ctx",
    }
    assert 0 < outcome.payload["left"] <= 9000
    assert outcome.payload["trace"] == "Root=1-2-3"
    assert "trace" not in (await arena.invoke(config)).payload


async def test_packages_installed_beside_node_are_found_last(arena: Arena) -> None:
    """Where the AWS SDK may be installed: Lambda bundles it, this machine has it or not."""
    beside = "lib/node_modules/npm/package.json"
    major = next((major for major, node in NODES.items() if (node.prefix / beside).exists()), None)
    if major is None:
        pytest.skip("nothing is installed beside any Node.js here")
    runtime = f"nodejs{major}.x"
    source = "exports.handler = async () => require('npm/package.json').name;"
    assert (await run(arena, source, runtime=runtime)).payload == "npm"
    own = {"index.js": source, "node_modules/npm/package.json": '{"name": "mine"}'}
    assert (await run(arena, own, runtime=runtime)).payload == "mine"


async def test_environment_variables(arena: Arena) -> None:
    outcome = await run(
        arena, "exports.handler = async () => process.env;", environment={"MINE": "yes"}, name="env"
    )
    seen = outcome.payload
    assert seen["MINE"] == "yes"
    assert seen["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{NEWEST}"
    assert seen["AWS_ACCESS_KEY_ID"] == "ASIAenv"
    assert seen["LAMBDA_TASK_ROOT"] == "/var/task"
    assert not [name for name in seen if "FOGBANK" in name.upper()]


TEXT_LOGS = {
    "console.log('a %s', 'b', { c: 1 })": ("INFO", "a b { c: 1 }"),
    "console.info('x')": ("INFO", "x"),
    "console.warn('x')": ("WARN", "x"),
    "console.error('x')": ("ERROR", "x"),
    "console.debug('x')": ("DEBUG", "x"),
    "console.trace('x')": ("TRACE", "x"),
    "console.fatal('x')": ("FATAL", "x"),
    "console.log()": ("INFO", "undefined"),
    "console.log('two\\nlines')": ("INFO", "two\nlines"),
    "console.log('ünïcödé 🌫')": ("INFO", "ünïcödé 🌫"),
}


async def test_console_in_text_is_one_event_for_each_call(arena: Arena) -> None:
    outcome = await run(arena, "exports.handler = async () => {" + ";".join(TEXT_LOGS) + "};")
    got = [tuple(line.split("\t", 3)) for line in outcome.log.lines]
    assert [(level, text) for _time, _id, level, text in got] == list(TEXT_LOGS.values())
    assert {request for _time, request, _level, _text in got} == {
        "00000000-0000-4000-8000-" + got[0][1][-12:]
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time, *_rest in got)


async def test_console_in_json(arena: Arena) -> None:
    source = """
    exports.handler = async () => {
      console.log('plain'); console.warn({ a: 1 }); console.error(new TypeError('bad')); console.info('a %d', 1, new RangeError('r'));
      const loop = {}; loop.loop = loop; console.log(loop);
    };
    """
    outcome = await run(arena, source, log_format="JSON")
    plain, mapping, error, mixed, loop = (json.loads(line) for line in outcome.log.lines)
    assert (plain["level"], plain["message"]) == ("INFO", "plain")
    assert set(plain) == {"timestamp", "level", "requestId", "message"}
    assert (mapping["level"], mapping["message"]) == ("WARN", {"a": 1})
    assert (error["message"]["errorType"], error["message"]["errorMessage"]) == ("TypeError", "bad")
    assert error["message"]["stackTrace"][0] == "TypeError: bad"
    assert (mixed["message"].splitlines()[0], mixed["errorType"], mixed["errorMessage"]) == (
        "a 1 RangeError: r",
        "RangeError",
        "r",
    )
    assert "[Circular" in loop["message"]


@pytest.mark.parametrize(
    ("level", "kept"),
    [("WARN", ["WARN", "ERROR", "FATAL"]), ("TRACE", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])],
)
async def test_log_levels(arena: Arena, level: str, kept: list[str]) -> None:
    source = "exports.handler = async () => { for (const m of ['trace','debug','info','warn','error','fatal']) console[m]('x'); };"
    outcome = await run(arena, source, log_format="JSON", application_log_level=level)
    assert [json.loads(line)["level"] for line in outcome.log.lines] == kept


async def test_raw_output_is_cut_into_lines_and_keeps_its_order(arena: Arena) -> None:
    source = """
    exports.handler = async () => {
      process.stdout.write('one\\ntw'); process.stdout.write('o\\n'); console.log('three'); process.stderr.write('four\\nfive');
      process.stdout.end('six');
    };
    """
    outcome = await run(arena, source)
    texts = [line.split("\t")[-1] for line in outcome.log.lines]
    assert texts == ["one", "two", "three", "four", "fivesix"]


async def test_output_of_child_processes_and_workers(arena: Arena) -> None:
    source = """
    const { Worker } = require('node:worker_threads');
    exports.handler = async () => {
      require('node:child_process').execFileSync('echo', ['child'], { stdio: 'inherit' });
      await new Promise((done) => new Worker("console.log('worker')", { eval: true }).on('exit', done));
      return 1;
    };
    """
    outcome = await run(arena, source, memory_mb=512)
    assert sorted(outcome.log.lines) == ["child", "worker"]


async def test_a_long_event_is_cut(arena: Arena) -> None:
    outcome = await run(arena, "exports.handler = async () => console.log('é'.repeat(300000));")
    assert len(outcome.log.lines) == 3
    assert sum(text.count("é") for text in outcome.log.lines) >= 299_990


async def test_state_survives_and_timers_go_on(arena: Arena) -> None:
    source = """
    let calls = 0, ticks = 0;
    exports.handler = async (event) => {
      if (event === 'start') setInterval(() => ticks++, 1);
      if (event === 'wait') await new Promise((resolve) => setTimeout(resolve, 50));
      return { calls: ++calls, ticks };
    };
    """
    config = function(arena, source)
    assert (await arena.invoke(config, "start")).payload["calls"] == 1
    final = (await arena.invoke(config, "wait")).payload
    assert final["calls"] == 2
    assert final["ticks"] > 5


async def test_large_payloads_both_ways(arena: Arena) -> None:
    event = {"text": "é" * 1_000_000}
    outcome = await run(arena, "exports.handler = async (event) => event;", event)
    assert outcome.payload == event


async def test_a_response_over_the_limit(arena: Arena) -> None:
    outcome = await run(arena, "exports.handler = async () => 'x'.repeat(7 << 20);")
    assert outcome.payload["errorType"] == "Function.ResponseSizeTooLarge"


STREAMS: dict[str, tuple[str, bytes]] = {
    "text": ("stream.write('Hello, '); stream.write('world!'); stream.end();", b"Hello, world!"),
    "end with data": ("stream.end('only');", b"only"),
    "nothing": ("stream.end();", b""),
    "objects": ("stream.write({ a: 1 }); stream.end();", b'{"a":1}'),
    "buffers": ("stream.write(Buffer.from([0, 255])); stream.end();", b"\x00\xff"),
    "content type": ("stream.setContentType('text/plain'); stream.end('x');", b"x"),
    "prelude": (
        "stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); stream.write('body'); stream.end();",
        b'{"statusCode":201}' + b"\0" * 8 + b"body",
    ),
    "prelude and end": (
        "awslambda.HttpResponseStream.from(stream, { statusCode: 204 }).end('x');",
        b'{"statusCode":204}' + b"\0" * 8 + b"x",
    ),
    "pipeline": (
        "await require('node:stream/promises').pipeline(require('node:stream').Readable.from(['a', 'b', 'c']), stream);",
        b"abc",
    ),
    "slow": ("for (const c of 'abc') { stream.write(c); await new Promise((r) => setTimeout(r, 2)); } stream.end();", b"abc"),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
async def test_streaming_handlers_answer_as_a_whole(arena: Arena, name: str) -> None:
    body, expected = STREAMS[name]
    source = f"exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {{ {body} }});"
    config = function(arena, source)
    for _ in range(2):
        outcome = await arena.invoke(config)
        assert (outcome.status, outcome.result.payload) == (Status.SUCCESS, expected)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("async (event, stream) => { stream.write('half'); throw new Error('late'); }", "late"),
        ("async (event, stream) => { stream.write('half'); }", "Response stream is not finished."),
        ("(event, stream) => { stream.end('x'); }", "Streaming does not support non-async handlers."),
        (
            "async (event, stream) => { stream.write('x'); stream.setContentType('a/b'); }",
            "Cannot set content-type, too late.",
        ),
    ],
)
async def test_streaming_errors(arena: Arena, body: str, message: str) -> None:
    config = function(arena, f"exports.handler = awslambda.streamifyResponse({body});")
    for _ in range(2):
        outcome = await arena.invoke(config)
        assert (outcome.status, outcome.payload["errorMessage"]) == (Status.ERROR, message)


async def test_exec_wrapper(arena: Arena) -> None:
    files = {
        "index.js": "exports.handler = async () => [process.env.FROM_WRAPPER, process.execArgv.includes('--no-warnings')];",
        "wrapper": '#!/bin/sh\nexport FROM_WRAPPER=yes\nprogram="$1"; shift\nexec "$program" --no-warnings "$@"\n',
    }
    outcome = await run(arena, files, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"})
    assert outcome.payload == ["yes", True]


async def test_exec_wrapper_that_is_missing(arena: Arena) -> None:
    outcome = await run(
        arena, "exports.handler = async () => 1;", environment={"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist"}
    )
    assert outcome.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id(outcome)} Error: Runtime exited with error: exit status 127",
    }


async def test_many_at_once(arena: Arena) -> None:
    config = function(arena, "let n = 0; exports.handler = async (event) => { n++; return event; };")
    outcomes = await asyncio.gather(*(arena.invoke(config, number) for number in range(40)))
    assert [outcome.payload for outcome in outcomes] == list(range(40))


async def test_typescript_types_are_stripped_by_node_24_only(arena: Arena) -> None:
    outcome = await run(arena, {"app.ts": "exports.go = async () => 1;"}, handler="app.go")
    assert outcome.payload["errorType"] == "Runtime.ImportModuleError"


async def test_plain_processes_serve_where_nothing_isolates(tmp_path: Path) -> None:
    async with Arena(tmp_path / "plain", isolation="none") as plain:
        config = function(plain, "exports.handler = async (event) => { console.log('said'); return event; };")
        outcome = await plain.invoke(config, {"a": 1})
        assert (outcome.payload, outcome.log.lines[0].split("\t")[3]) == ({"a": 1}, "said")
        failed = await run(plain, "exports.handler = 1;")
        assert failed.payload["errorType"] == "Runtime.HandlerNotFound"


@pytest.mark.skipif(24 not in NODES, reason="no Node.js 24 here")
class TestPromisesOnly:
    """Node.js 24: no callbacks."""

    async def test_a_callback_handler_is_refused_at_init(self, arena: Arena) -> None:
        outcome = await run(
            arena, "exports.handler = (e, c, callback) => callback(null, 1);", runtime=PROMISES_ONLY
        )
        assert outcome.payload["errorType"] == "Runtime.CallbackHandlerDeprecated"

    async def test_sync_values_are_answers(self, arena: Arena) -> None:
        assert (
            await run(arena, "exports.handler = () => 'answer';", runtime=PROMISES_ONLY)
        ).payload == "answer"

    async def test_the_context_has_no_callbacks(self, arena: Arena) -> None:
        outcome = await run(arena, "exports.handler = async (e, c) => Object.keys(c);", runtime=PROMISES_ONLY)
        assert not {"succeed", "fail", "done", "callbackWaitsForEmptyEventLoop"} & set(outcome.payload)
