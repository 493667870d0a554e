"""What functions print and log: order, cutting, and that nothing is lost."""

from __future__ import annotations

import json

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.harness import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_prints_are_cut_at_newlines_only(lab: Lab) -> None:
    """The recording test_multi_line_prints."""
    reply = await lab.run(
        "def handler(event, context):\n    print('multi\\nline\\nstring')\n    print('another\\rline')"
    )
    assert reply.log.lines == ["multi", "line", "string", "another\rline"]


async def test_every_line_before_the_answer_comes_before_it_and_in_order(lab: Lab) -> None:
    source = """
        import logging, os, sys
        log = logging.getLogger()
        log.setLevel("INFO")
        def handler(event, context):
            for number in range(300):
                print("out", number)
                print("err", number, file=sys.stderr)
                log.info("log %s", number)
            return "done"
    """
    reply = await lab.run(source)
    seen = [line if line[0] != "[" else line.split("\t")[-1] for line in reply.log.lines]
    assert seen == [f"{kind} {number}" for number in range(300) for kind in ("out", "err", "log")]


async def test_subprocesses_and_raw_descriptors(lab: Lab) -> None:
    source = """
        import os, subprocess, sys
        def handler(event, context):
            subprocess.run(["/bin/sh", "-c", "echo from the shell; echo and its errors >&2"], check=True)
            os.write(1, b"raw, no newline")
    """
    reply = await lab.run(source)
    assert reply.log.lines == ["from the shell", "and its errors", "raw, no newline"]


async def test_forked_children_print_too_and_cannot_answer(lab: Lab) -> None:
    source = """
        import os, sys
        def handler(event, context):
            pid = os.fork()
            if pid == 0:
                print("child")
                sys.stdout.flush()
                return "the child's answer"
            os.waitpid(pid, 0)
            return "the parent's answer"
    """
    reply = await lab.run(source)
    assert reply.payload == "the parent's answer"
    assert "child" in reply.log.lines


async def test_unfinished_line_ends_with_the_invocation(lab: Lab) -> None:
    config = lab.function("import sys\ndef handler(event, context):\n    sys.stdout.write(f'part {event}')")
    assert (await lab.invoke(config, 1)).log.lines == ["part 1"]
    assert (await lab.invoke(config, 2)).log.lines == ["part 2"]


async def test_what_is_printed_between_invocations_reaches_the_next(lab: Lab) -> None:
    source = """
        import threading, time
        def handler(event, context):
            if event == "start":
                threading.Thread(target=lambda: (time.sleep(0.002), print("late"))).start()
            else:
                time.sleep(0.05)
    """
    config = lab.function(source)
    first = await lab.invoke(config, "start")
    second = await lab.invoke(config, "next")
    assert first.log.lines + second.log.lines == ["late"]


async def test_long_and_endless_lines(lab: Lab) -> None:
    reply = await lab.run("def handler(event, context):\n    print('x' * 600_000)")
    assert [len(line) for line in reply.log.lines] == [262_144, 262_144, 75_712]


async def test_text_that_is_not_utf8_is_kept_readable(lab: Lab) -> None:
    reply = await lab.run(
        "import sys\ndef handler(event, context):\n    sys.stdout.buffer.write(b'\\xff\\xfe ok\\n')"
    )
    assert reply.log.lines == ["\ufffd\ufffd ok"]


async def test_a_flood_reaches_the_log_whole(lab: Lab) -> None:
    reply = await lab.run(
        "def handler(event, context):\n    for n in range(20_000):\n        print(n)\n    return 'done'"
    )
    assert reply.payload == "done"
    assert reply.log.lines == [str(number) for number in range(20_000)]


async def test_logging_as_text(lab: Lab) -> None:
    reply = await lab.run("import logging\ndef handler(event, context):\n    logging.warning('two\\nlines')")
    (line,) = reply.log.lines
    level, when, request_id, message = line.split("\t")
    assert (level, message) == ("[WARNING]", "two\nlines")
    assert when.endswith("Z") and request_id.startswith("00000000-")


async def test_logging_as_json(lab: Lab) -> None:
    source = """
        import logging
        def handler(event, context):
            logging.getLogger("mine").error("bad", extra={"order": 7})
            logging.info("hidden")
            print("plain")
            raise KeyError("k")
    """
    reply = await lab.run(source, log_format="JSON", application_log_level="WARN")
    first, plain, last = reply.log.lines
    entry = json.loads(first)
    assert (
        entry["level"] == "ERROR"
        and entry["message"] == "bad"
        and entry["order"] == 7
        and entry["logger"] == "mine"
    )
    assert plain == "plain"
    assert json.loads(last)["errorType"] == "KeyError"


async def test_init_lines_come_before_the_start(lab: Lab) -> None:
    reply = await lab.run("print('module code')\ndef handler(event, context):\n    print('handler')")
    assert [kind for kind, _ in reply.log.events] == ["init", "line", "start", "line"]


async def test_closing_stdout_does_not_hurt(lab: Lab) -> None:
    config = lab.function(
        "import sys\ndef handler(event, context):\n    if event: sys.stdout.close()\n    return 'ok'"
    )
    assert (await lab.invoke(config, True)).result.status in (Status.SUCCESS, Status.ERROR)
    assert (await lab.invoke(config, False)).payload == "ok"
