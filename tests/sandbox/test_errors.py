"""What goes wrong in a function, and what Lambda says about it (wording: the recordings of test_lambda)."""

from __future__ import annotations

import pytest

from fogbank.sandbox.api import Bind, Status
from tests.sandbox.harness import Lab, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = "def handler(event, context):\n    return 'fine'"


def platform_error(reply: Reply) -> tuple[str, str]:
    """(error type, message without its request id) of an error that the platform words."""
    payload = reply.payload
    assert list(payload) == ["errorType", "errorMessage"]
    head, _, message = payload["errorMessage"].partition(" Error: ")
    assert head.startswith("RequestId: 00000000-0000-4000-8000-")
    assert payload["errorType"] == reply.result.error_type
    return payload["errorType"], message


async def test_handler_raises(lab: Lab) -> None:
    reply = await lab.run("def handler(event, context):\n    raise Exception('Handler fails')")
    assert reply.result.status is Status.ERROR
    assert reply.result.error_type == "Exception"
    payload = reply.payload
    assert payload.pop("requestId").startswith("00000000-")
    assert payload == {
        "errorMessage": "Handler fails",
        "errorType": "Exception",
        "stackTrace": [
            "  File \"/var/task/index.py\", line 2, in handler\n    raise Exception('Handler fails')\n"
        ],
    }
    (line,) = reply.log.lines
    assert line.startswith(
        "[ERROR] Exception: Handler fails\nTraceback (most recent call last):\n\u00a0\u00a0File"
    )
    assert not reply.result.init_error


async def test_the_environment_lives_on_after_a_handler_error(lab: Lab) -> None:
    config = lab.function(
        "n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    if n == 1: raise ValueError(n)\n    return n"
    )
    assert (await lab.invoke(config)).result.error_type == "ValueError"
    assert (await lab.invoke(config)).payload == 2


async def test_init_raises_with_the_stack_of_lambda(lab: Lab) -> None:
    reply = await lab.run("raise Exception('Runtime startup fails')")
    assert reply.result.init_error and reply.result.status is Status.ERROR
    payload = reply.payload
    assert payload["errorType"] == "Exception" and payload["requestId"] == ""
    assert payload["stackTrace"][0].startswith(
        '  File "/var/lang/lib/python3.11/importlib/__init__.py", line '
    )
    assert payload["stackTrace"][-1] == (
        "  File \"/var/task/index.py\", line 1, in <module>\n    raise Exception('Runtime startup fails')\n"
    )


@pytest.mark.parametrize(
    ("handler", "source", "error_type", "message"),
    [
        ("missing.handler", GOOD, "Runtime.ImportModuleError", "Unable to import module 'missing': No module named 'missing'"),
        ("index.missing", GOOD, "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'index'"),
        ("index", GOOD, "Runtime.MalformedHandlerName", "Bad handler 'index': not enough values to unpack (expected 2, got 1)"),
        ("index.handler", "def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index': invalid syntax (index.py, line 1)"),
        ("index.handler", "import nothing_like_it", "Runtime.ImportModuleError", "Unable to import module 'index': No module named 'nothing_like_it'"),
    ],
)  # fmt: skip
async def test_init_errors(lab: Lab, handler: str, source: str, error_type: str, message: str) -> None:
    reply = await lab.run(source, handler=handler)
    assert reply.result.init_error
    assert reply.result.error_type == reply.payload["errorType"] == error_type
    assert reply.payload["errorMessage"] == message
    assert any(line.startswith(f"[ERROR] {error_type}: {message}") for line in reply.log.lines)


async def test_init_is_tried_twice_and_the_second_may_succeed(lab: Lab) -> None:
    source = """
        import os
        if os.environ["AWS_LAMBDA_LOG_STREAM_NAME"][-1] in "01234567":
            raise RuntimeError("unlucky")
        def handler(event, context):
            return "fine"
    """
    seen = set()
    for _ in range(60):  # half the environments fail their init, so a quarter of the invocations fail
        reply = await lab.run(source)
        if reply.result.status is Status.ERROR:
            assert reply.result.init_error and sum("unlucky" in line for line in reply.log.lines) == 2
            seen.add("twice")
        elif reply.result.init_error:
            assert reply.payload == "fine" and sum("unlucky" in line for line in reply.log.lines) == 1
            assert [kind for kind, _ in reply.log.events if kind != "line"] == ["init", "start"]
            seen.add("second")
        if len(seen) == 2:
            return
    raise AssertionError(f"only saw {seen}")


async def test_response_that_is_not_json(lab: Lab) -> None:
    reply = await lab.run("def handler(event, context):\n    return {1, 2}")
    assert reply.result.error_type == "Runtime.MarshalError"
    assert (
        reply.payload["errorMessage"]
        == "Unable to marshal response: Object of type set is not JSON serializable"
    )


async def test_event_that_is_not_json(lab: Lab) -> None:
    reply = await lab.run(GOOD, b"{not json")
    assert reply.result.error_type == "Runtime.UnmarshalError"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(7)", "Runtime exited with error: exit status 7"),
        ("os._exit(1)", "Runtime exited with error: exit status 1"),
        ("ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
@pytest.mark.parametrize("where", ["handler", "init"])
async def test_process_ends(lab: Lab, where: str, statement: str, words: str) -> None:
    body = f"import os, sys, ctypes\nprint('before', end='')\n{statement}"
    if where == "handler":
        body = "def handler(event, context):\n    " + body.replace("\n", "\n    ")
    reply = await lab.run(body)
    assert platform_error(reply) == ("Runtime.ExitError", words)
    assert reply.result.status is Status.CRASHED
    assert "before" in reply.log.lines
    assert reply.log.lines[-1].endswith(f"Error: {words}\nRuntime.ExitError")
    assert reply.result.init_error is (where == "init")


async def test_a_crashed_environment_is_replaced(lab: Lab) -> None:
    config = lab.function(
        "import os\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    if event: os._exit(1)\n    return n"
    )
    await lab.invoke(config, False)
    assert (await lab.invoke(config, True)).result.status is Status.CRASHED
    assert (await lab.invoke(config, False)).payload == 1


async def test_timeout(lab: Lab) -> None:
    config = lab.function(
        "import time\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    print('sleeping')\n    time.sleep(event)\n    return n",
        timeout_ms=1_000,
    )
    await lab.invoke(config, 0)
    reply = await lab.invoke(config, 60)
    assert platform_error(reply) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    assert reply.result.status is Status.TIMEOUT
    assert reply.result.duration_ms >= 999
    assert reply.log.lines[0] == "sleeping"
    assert (
        reply.log.lines[-1].endswith(" Task timed out after 1.00 seconds") and reply.log.lines[-1][10] == "T"
    )
    assert (await lab.invoke(config, 0)).payload == 1


async def test_tmp_outlives_a_timeout_and_memory_does_not(lab: Lab) -> None:
    """The recording test_lambda_invoke_timed_out_environment_reuse."""
    source = """
        import os, time
        number = 0
        def handler(event, context):
            global number
            if "sleep" in event:
                time.sleep(60)
            if "write" in event:
                open("/tmp/file", "w").write(event["write"])
            number = event.get("number", number)
            mounts = open("/proc/mounts").read().count(" /proc ")
            read = open("/tmp/file").read() if os.path.exists("/tmp/file") else None
            return {"file": read, "number": number, "pid": os.getpid(), "proc": mounts, "uid": os.stat("/tmp/file").st_uid}
    """
    config = lab.function(source, timeout_ms=500)
    kept = {"file": "some-content", "pid": 1, "proc": 1, "uid": 993}
    assert (await lab.invoke(config, {"write": "some-content", "number": 42})).payload == {
        **kept,
        "number": 42,
    }
    for _ in range(2):
        assert (await lab.invoke(config, {"sleep": True})).result.status is Status.TIMEOUT
        assert (await lab.invoke(config, {})).payload == {**kept, "number": 0}
    other = await lab.run("import os\ndef handler(event, context):\n    return os.listdir('/tmp')")
    assert other.payload == []


async def test_what_a_retired_function_left_is_dropped(lab: Lab) -> None:
    config = lab.function("import time\ndef handler(event, context):\n    time.sleep(event)", timeout_ms=300)
    await lab.invoke(config, 60)
    assert config.key in lab.pool._keeper.estates._by_key
    await lab.pool.retire(config.key)
    assert config.key not in lab.pool._keeper.estates._by_key
    assert (await lab.invoke(config, 0)).result.status is Status.SUCCESS


async def test_an_earlier_deadline_does_not_end_a_later_invocation(lab: Lab) -> None:
    config = lab.function(
        "import time\ndef handler(event, context):\n    time.sleep(0.2)\n    return event", timeout_ms=500
    )
    assert [(await lab.invoke(config, number)).payload for number in range(5)] == list(range(5))


async def test_timeout_in_the_repeated_init_counts_on_the_functions_time(lab: Lab) -> None:
    """The first init crashes; the second hangs, and has only the function's own second."""
    source = """
        import os, time
        if "again" in os.listdir("/mnt/marks"):
            time.sleep(60)
        open("/mnt/marks/again", "w").close()
        os._exit(3)
    """
    marks = lab.folder / "marks"
    marks.mkdir()
    marks.chmod(0o777)
    (lab.folder / "two").mkdir()
    async with Lab(lab.folder / "two", binds=(Bind(marks, "/mnt/marks"),)) as bound:
        reply = await bound.run(source, timeout_ms=700)
    assert platform_error(reply) == ("Sandbox.Timedout", "Task timed out after 0.70 seconds")


async def test_out_of_memory(lab: Lab) -> None:
    config = lab.function(
        "def handler(event, context):\n    return len(bytearray(event * 1024 * 1024))",
        memory_mb=128,
        tmp_mb=512,
    )
    assert (await lab.invoke(config, 60)).payload == 60 * 1024 * 1024
    reply = await lab.invoke(config, 4_000)
    assert platform_error(reply) == ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
    assert reply.result.status is Status.OUT_OF_MEMORY
    assert reply.result.max_memory_mb == 128
    assert (await lab.invoke(config, 10)).result.status is Status.SUCCESS


async def test_memory_between_the_limit_and_a_full_tmp_is_refused_too(lab: Lab) -> None:
    source = "import time\ndef handler(event, context):\n    data = bytearray(200 * 1024 * 1024)\n    time.sleep(10)"
    reply = await lab.run(source, memory_mb=128, tmp_mb=512)
    assert reply.result.error_type == "Runtime.OutOfMemory"


async def test_a_full_tmp_is_no_memory(lab: Lab) -> None:
    source = """
        import os, time
        def handler(event, context):
            with open("/tmp/big", "wb") as file:
                for _ in range(400):
                    file.write(b"x" * 1024 * 1024)
            time.sleep(0.1)
            try:
                with open("/tmp/more", "wb") as file:
                    while True:
                        file.write(b"x" * 1024 * 1024)
            except OSError as error:
                return [os.strerror(error.errno), os.statvfs("/tmp").f_bfree]
    """
    reply = await lab.run(source, memory_mb=128, tmp_mb=512)
    assert reply.payload == ["No space left on device", 0]
