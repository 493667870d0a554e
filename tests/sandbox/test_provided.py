"""Custom runtimes: a `bootstrap` of the function's own, and wrappers, over the HTTP Runtime API inside the sandbox."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fogbank.sandbox.api import FunctionConfig, FunctionNetwork, Status
from fogbank.sandbox.lifecycle import GONE, State
from tests.sandbox.attacks.arena import Arena
from tests.sandbox.harness import Reply

RUNTIME = "provided.al2023"
NETWORKS = [FunctionNetwork.HOST, FunctionNetwork.NONE]

# A runtime in Python's standard library alone, with the system's interpreter: what a bootstrap in any language does.
BOOTSTRAP = """\
#!/usr/bin/python3
import http.client, json, os, sys
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
root = "/2018-06-01/runtime/"
connection = http.client.HTTPConnection(api)

def call(method, path, body=None, headers={}):
    connection.request(method, root + path, body, headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()

%s
calls = 0
while True:
    _, headers, event = call("GET", "invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
    calls += 1
    try:
        result = handle(event, headers)
    except Exception as error:
        document = {"errorMessage": str(error), "errorType": type(error).__name__}
        call("POST", "invocation/%%s/error" %% request_id, json.dumps(document), {"Lambda-Runtime-Function-Error-Type": "x"})
    else:
        call("POST", "invocation/%%s/response" %% request_id, json.dumps(result))
"""
ECHO = "def handle(event, headers): return event"

needs_python = pytest.mark.skipif(
    not Path("/usr/bin/python3").exists(), reason="the bootstrap needs /usr/bin/python3"
)
pytestmark = [needs_python, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=NETWORKS, ids=lambda network: network.value
)
async def arena(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Arena]:
    async with Arena(tmp_path_factory.mktemp("provided") / "arena", request.param) as made:
        yield made


def function(arena: Arena, body: str | bytes = ECHO, *, raw: bool = False, **more: Any) -> FunctionConfig:
    text = body if raw or isinstance(body, bytes) else BOOTSTRAP % body
    more.setdefault("runtime", RUNTIME)
    return arena.function({"bootstrap": text, **more.pop("files", {})}, handler="function.handler", **more)


def words(outcome: Reply) -> str:
    """The error message behind the request id."""
    found = re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: (.*)", outcome.payload["errorMessage"])
    assert found is not None, outcome.payload
    return found[1]


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
async def test_a_bootstrap_serves_many_invocations(arena: Arena, runtime: str) -> None:
    config = function(arena, "def handle(event, headers): return [event, calls]", runtime=runtime)
    first = await arena.invoke(config, {"a": "ü"})
    assert (first.status, first.payload) == (Status.SUCCESS, [{"a": "ü"}, 1])
    assert first.result.init_duration_ms is not None
    assert first.result.max_memory_mb > 0
    assert (await arena.invoke(config, 2)).payload == [2, 2]


async def test_headers_of_an_invocation(arena: Arena) -> None:
    config = function(
        arena, "def handle(event, headers): return headers", name=f"h-{arena.settings.network.value}"
    )
    outcome = await arena.invoke(
        config, None, client_context='{"k":1}', cognito_identity='{"c":2}', trace_id="Root=1"
    )
    headers = outcome.payload
    assert headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(f":function:{config.name}")
    assert int(headers["Lambda-Runtime-Deadline-Ms"]) > 1_700_000_000_000
    assert headers["Lambda-Runtime-Client-Context"] == '{"k":1}'
    assert headers["Lambda-Runtime-Cognito-Identity"] == '{"c":2}'
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1"


async def test_variables(arena: Arena) -> None:
    config = function(arena, "def handle(event, headers): return dict(os.environ)", environment={"MINE": "1"})
    seen = (await arena.invoke(config)).payload
    assert (seen["MINE"], seen["_HANDLER"], seen["LAMBDA_TASK_ROOT"]) == (
        "1",
        "function.handler",
        "/var/task",
    )
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen["AWS_LAMBDA_RUNTIME_API"])
    assert "AWS_EXECUTION_ENV" not in seen
    assert not [name for name in seen if "FOGBANK" in name.upper()]


async def test_errors_are_the_bootstraps_own(arena: Arena) -> None:
    """As recorded of Go: {"errorMessage", "errorType"} just as they were posted."""
    config = function(arena, "def handle(event, headers): raise KeyError('some_error_msg')")
    outcome = await arena.invoke(config)
    assert outcome.status is Status.ERROR
    assert outcome.payload == {"errorMessage": "'some_error_msg'", "errorType": "KeyError"}
    assert outcome.result.error_type == "KeyError"


async def test_output_is_the_log(arena: Arena) -> None:
    body = "def handle(event, headers):\n    print('out', flush=True); print('err', file=sys.stderr, flush=True); os.system('echo child')"
    outcome = await arena.invoke(function(arena, "print('init', flush=True)\n" + body))
    assert outcome.log.lines == ["init", "out", "err", "child"]


async def test_a_post_that_fails_leaves_the_environment_usable(arena: Arena) -> None:
    body = """
def handle(event, headers):
    if event == "wrong":
        return [call("POST", "invocation/%s/response" % id, "1")[0] for id in ("x", "00000000-0000-4000-8000-000000000001")] + \\
               [call("POST", "init/error", "{}")[0], call("GET", "nowhere")[0]]
    return "fine"
"""
    config = function(arena, body)
    assert (await arena.invoke(config, "wrong")).payload == [400, 400, 403, 404]
    assert (await arena.invoke(config)).payload == "fine"


async def test_timeout_replaces_the_environment(arena: Arena) -> None:
    config = function(
        arena, "import time\ndef handle(event, headers): time.sleep(event); return calls", timeout_ms=700
    )
    outcome = await arena.invoke(config, 60)
    assert outcome.status is Status.TIMEOUT
    assert words(outcome) == "Task timed out after 0.70 seconds"
    assert (await arena.invoke(config, 0)).payload == 1


async def test_exit_in_the_middle(arena: Arena) -> None:
    outcome = await arena.invoke(function(arena, "def handle(event, headers): os._exit(3)"))
    assert (outcome.status, outcome.payload["errorType"]) == (Status.CRASHED, "Runtime.ExitError")
    assert words(outcome) == "Runtime exited with error: exit status 3"


async def test_exit_after_the_answer_costs_nobody_an_invocation(arena: Arena) -> None:
    """The runtime answers, and ends instead of asking for more: the next invocation must not be given to it."""
    body = """
def handle(event, headers):
    call("POST", "invocation/%s/response" % headers["Lambda-Runtime-Aws-Request-Id"], json.dumps(os.getpid() and "answered"))
    os._exit(1)
"""
    config = function(arena, body)
    for _ in range(4):
        outcome = await arena.invoke(config)
        assert (outcome.status, outcome.payload) == (Status.SUCCESS, "answered")


async def test_work_after_the_answer_does_not_delay_it(arena: Arena) -> None:
    body = """
import time
def handle(event, headers):
    call("POST", "invocation/%s/response" % headers["Lambda-Runtime-Aws-Request-Id"], json.dumps("early"))
    time.sleep(2)
    return "late"
"""
    outcome = await arena.invoke(function(arena, body))
    assert outcome.payload == "early"
    assert outcome.result.duration_ms < 1500


async def test_an_environment_that_still_works_is_not_frozen(arena: Arena) -> None:
    """It answered, and asks for more only after longer than an idle environment keeps the CPU."""
    body = """
import time
def handle(event, headers):
    call("POST", "invocation/%s/response" % headers["Lambda-Runtime-Aws-Request-Id"], json.dumps(calls))
    time.sleep(0.05)
"""
    config = function(arena, body)
    for number in range(1, 5):
        outcome = await asyncio.wait_for(arena.invoke(config), 10)
        assert outcome.payload == number  # the same environment each time
        async with asyncio.timeout(10):
            await idle(arena, config)


async def idle(arena: Arena, config: FunctionConfig) -> None:
    """Return when the function's only environment has been frozen after it asked for more."""
    for pause_s in itertools.repeat(0.01):
        (environment,) = (
            one
            for one in arena.pool._keeper.environments.values()
            if one.config is config and one.state not in GONE
        )
        if environment.state is State.FROZEN and not environment.wrapping_up:
            return
        await asyncio.sleep(pause_s)


async def test_a_bootstrap_that_ends_at_once(arena: Arena) -> None:
    outcome = await arena.invoke(function(arena, "#!/bin/sh\nexit 0\n", raw=True))
    assert outcome.payload["errorType"] == "Runtime.ExitError"
    assert words(outcome) == "Runtime exited without providing a reason"


async def test_an_init_error_is_reported(arena: Arena) -> None:
    body = """
call("POST", "init/error", json.dumps({"errorMessage": "no", "errorType": "Mine"}), {"Lambda-Runtime-Function-Error-Type": "Mine"})
sys.exit(1)
"""
    outcome = await arena.invoke(function(arena, body))
    assert (outcome.status, outcome.result.init_error) == (Status.ERROR, True)
    assert outcome.payload == {"errorMessage": "no", "errorType": "Mine"}


async def test_no_bootstrap(arena: Arena) -> None:
    outcome = await arena.invoke(arena.function({"other": "x"}, runtime=RUNTIME))
    assert outcome.payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert words(outcome) == "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    assert outcome.log.lines[-1].endswith("\nRuntime.InvalidEntrypoint")


async def test_a_bootstrap_that_may_not_be_executed(arena: Arena) -> None:
    config = function(arena)
    (config.code / "bootstrap").chmod(0o644)
    outcome = await arena.invoke(config)
    assert outcome.payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert words(outcome) == "fork/exec /var/task/bootstrap: permission denied"


async def test_a_bootstrap_that_is_no_program(arena: Arena) -> None:
    outcome = await arena.invoke(function(arena, b"\x7fELF but not really", raw=True))
    assert words(outcome) == "fork/exec /var/task/bootstrap: exec format error"


async def test_a_bootstrap_whose_interpreter_is_missing(arena: Arena) -> None:
    outcome = await arena.invoke(function(arena, "#!/nowhere/perl\n", raw=True))
    assert words(outcome) == "fork/exec /var/task/bootstrap: no such file or directory"


async def test_a_bootstrap_in_a_layer(arena: Arena) -> None:
    layer = function(arena, "def handle(event, headers): return __file__").code
    config = arena.function({"data": "x"}, runtime=RUNTIME, layers=(layer,))
    assert (await arena.invoke(config)).payload == "/opt/bootstrap"


async def test_a_shell_script_with_curl(arena: Arena) -> None:
    if shutil.which("curl") != "/usr/bin/curl":
        pytest.skip("no /usr/bin/curl")
    script = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "$api/next")
  id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -X POST "$api/$id/response" -d "{\\"echo\\": $event}" > /dev/null
done
"""
    config = function(arena, script, raw=True)
    for number in range(3):
        assert (await arena.invoke(config, number)).payload == {"echo": number}


C_BOOTSTRAP = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static int dial(void) {
    char host[64];
    strncpy(host, getenv("AWS_LAMBDA_RUNTIME_API"), sizeof host - 1);
    char *colon = strchr(host, ':');
    *colon = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
    inet_pton(AF_INET, host, &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) ? -1 : fd;
}

static void receive(int fd) {
    size_t used = 0;
    for (;;) {
        ssize_t count = read(fd, buffer + used, sizeof buffer - 1 - used);
        if (count <= 0) exit(9);
        buffer[used += count] = 0;
        char *body = strstr(buffer, "\r\n\r\n"), *length = strstr(buffer, "Content-Length: ");
        if (body && length && buffer + used >= body + 4 + atol(length + 16)) return;
    }
}

int main(void) {
    int fd = dial();
    if (fd < 0) return 8;
    for (;;) {
        dprintf(fd, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n");
        receive(fd);
        char id[64] = {0}, *body = strstr(buffer, "\r\n\r\n") + 4;
        sscanf(strstr(buffer, "Lambda-Runtime-Aws-Request-Id: ") + 31, "%63[^\r]", id);
        char answer[32768];
        int size = snprintf(answer, sizeof answer, "{\"from c\":%s}", body);
        dprintf(fd, "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s",
                id, size, answer);
        receive(fd);
    }
}
"""


async def test_a_static_executable(arena: Arena, tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "bootstrap.c").write_text(C_BOOTSTRAP)
    command = [compiler, "-static", "-O1", "-o", str(tmp_path / "bootstrap"), str(tmp_path / "bootstrap.c")]
    built = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    if built.returncode:
        pytest.skip(f"cannot link statically: {built.stderr.decode()[-200:]}")
    config = function(arena, (tmp_path / "bootstrap").read_bytes())
    for number in range(5):
        outcome = await arena.invoke(config, [number])
        assert (outcome.status, outcome.payload) == (Status.SUCCESS, {"from c": [number]}), outcome.result


def system_python() -> tuple[int, ...]:
    """The version of the interpreter that bootstraps here are written for."""
    command = ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


async def test_the_official_python_client_over_http(arena: Arena, tmp_path: Path) -> None:
    """awslambdaric with its own HTTP transport (a C extension), as a custom runtime: the API is what clients expect."""
    spec = importlib.util.find_spec("runtime_client")
    if spec is None or spec.origin is None or system_python() != sys.version_info[:2]:
        pytest.skip("the official client is not built for /usr/bin/python3")
    config = function(
        arena,
        "#!/bin/sh\nexec /usr/bin/python3 -m awslambdaric app.handler\n",
        raw=True,
        files={
            "app.py": "def handler(event, context):\n    if event == 'raise':\n        raise ValueError('bad')\n"
            "    print('said')\n    return [event, context.aws_request_id, context.get_remaining_time_in_millis() > 0]\n"
        },
    )
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py"):
        found = importlib.util.find_spec(name)
        assert found is not None and found.origin is not None
        origin = Path(found.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, config.code / name)
        else:
            shutil.copy(origin, config.code)
    shutil.copy(spec.origin, config.code)
    for number in range(3):
        outcome = await arena.invoke(config, number)
        assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.lines)
        assert (outcome.payload[0], outcome.payload[2]) == (number, True)
        assert outcome.log.lines[-1] == "said"
    failed = await arena.invoke(config, "raise")
    assert (failed.payload["errorType"], failed.payload["errorMessage"]) == ("ValueError", "bad")
    assert (await arena.invoke(config, 4)).payload[0] == 4


async def test_many_environments_at_once(arena: Arena) -> None:
    config = function(arena)
    outcomes = await asyncio.gather(*(arena.invoke(config, number) for number in range(20)))
    assert [outcome.payload for outcome in outcomes] == list(range(20))


async def test_large_payloads_both_ways(arena: Arena) -> None:
    event = "é" * 900_000
    assert (await arena.invoke(function(arena, memory_mb=512), event)).payload == event


@pytest.mark.parametrize("python", ["python3.11"])
async def test_exec_wrapper_of_a_python_function(arena: Arena, python: str) -> None:
    files = {
        "index.py": "import os, sys, extra\ndef handler(event, context):\n"
        "    print('hello')\n    return [os.environ['FROM_WRAPPER'], extra.VALUE, event, context.function_name, sys.flags.dont_write_bytecode]\n",
        "more/extra.py": "VALUE = 7\n",
        "wrapper": '#!/bin/bash\nexport FROM_WRAPPER=yes PYTHONPATH="$LAMBDA_TASK_ROOT/more:$PYTHONPATH"\n'
        'args=("$@")\nexec "${args[0]}" -B "${args[@]:1}"\n',
    }
    config = arena.function(
        files, runtime=python, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    )
    outcome = await arena.invoke(config, 5)
    assert outcome.payload == ["yes", 7, 5, config.name, 1], outcome.log.lines
    assert outcome.log.lines == ["hello"]
    assert (await arena.invoke(config, 6)).payload[2] == 6


async def test_exec_wrapper_that_is_missing(arena: Arena) -> None:
    config = arena.function(
        "def handler(e, c): return 1", environment={"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist"}
    )
    outcome = await arena.invoke(config)
    assert outcome.payload["errorType"] == "Runtime.ExitError"
    assert words(outcome) == "Runtime exited with error: exit status 127"


async def test_a_wrapper_is_not_lambdas_to_run_for_custom_runtimes(arena: Arena) -> None:
    """Lambda leaves it to the bootstrap: the variable is there, and nothing else happens."""
    config = function(
        arena,
        "def handle(event, headers): return os.environ['AWS_LAMBDA_EXEC_WRAPPER']",
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist"},
    )
    assert (await arena.invoke(config)).payload == "/idontexist"


@pytest.mark.parametrize("arena", [FunctionNetwork.HOST], indirect=True, scope="module")
async def test_a_strangers_call_to_the_runtime_api_is_cut(arena: Arena) -> None:
    """Another environment on the same network, and fogbank itself, are not the function: they hear nothing. (On a network
    of its own, nobody else can even connect.)"""
    victim = function(
        arena,
        "import time\ndef handle(event, headers): time.sleep(event); return os.environ['AWS_LAMBDA_RUNTIME_API']",
    )
    address = (await arena.invoke(victim, 0)).payload
    spy = arena.function(
        """
        import http.client
        def handler(event, context):
            connection = http.client.HTTPConnection(event, timeout=3)
            try:
                connection.request("GET", "/2018-06-01/runtime/invocation/next")
                return connection.getresponse().read().decode()
            except (ConnectionError, http.client.HTTPException) as error:
                return type(error).__name__
        """
    )
    running = asyncio.ensure_future(arena.invoke(victim, 0.5))
    heard = (await arena.invoke(spy, address)).payload
    assert heard in ("ConnectionResetError", "RemoteDisconnected", "BrokenPipeError")
    # Undisturbed; by another environment when the first had not asked for its next event yet.
    assert re.fullmatch(r"127\.0\.0\.1:\d+", (await running).payload)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        reader, writer = await asyncio.open_connection(*address.split(":"))
        try:
            writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
            await writer.drain()
            await reader.readexactly(1)
        finally:
            writer.close()


async def test_plain_processes_serve_where_nothing_isolates(tmp_path: Path) -> None:
    async with Arena(tmp_path / "plain", isolation="none") as plain:
        config = function(plain, "def handle(event, headers): return [event, calls]")
        assert (await plain.invoke(config, 1)).payload == [1, 1]
        assert (await plain.invoke(config, 2)).payload == [2, 2]
        missing = await plain.invoke(plain.function({"other": "x"}, runtime=RUNTIME))
        assert missing.payload["errorType"] == "Runtime.InvalidEntrypoint"
