"""A function that uses up what there is: memory, disk, inodes, descriptors, time, the log, the answer."""

from __future__ import annotations

import json
import shutil

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.attacks.arena import PRELUDE, Arena

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_tmp_has_the_size_that_was_configured(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            written = 0
            try:
                with open("/tmp/big", "wb", 0) as file:
                    while written < 1 << 30:
                        written += file.write(b"x" * (1 << 20))
            except OSError as error:
                return {"error": errno.errorcode[error.errno], "mb": written >> 20, "after": os.unlink("/tmp/big")}
            return {"error": None, "mb": written >> 20}
        """,
        tmp_mb=32,
        memory_mb=512,
    )
    assert (report["error"], report["mb"]) == ("ENOSPC", 32)


@pytest.mark.parametrize("path", ["/dev/shm/big", "/run/big", "/var/tmp/big"])
async def test_there_is_no_other_place_to_fill(arena: Arena, path: str) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            return attempt(lambda: open(event, "wb").write(b"x" * (1 << 20)))
        """,
        path,
    )
    assert not report.startswith("SUCCEEDED")


async def test_inodes_are_bounded_and_given_back(arena: Arena) -> None:
    free_before = shutil.disk_usage(arena.folder).free
    report = await arena.attack(
        """
        def handler(event, context):
            os.mkdir("/tmp/d")
            made = 0
            try:
                while made < 300000:
                    os.close(os.open("/tmp/d/%d" % made, os.O_CREAT | os.O_WRONLY))
                    made += 1
            except OSError as error:
                return {"error": errno.errorcode[error.errno], "made": made}
            return {"error": None, "made": made}
        """,
        memory_mb=1024,
        timeout_ms=30_000,
    )
    assert report["error"] == "ENOSPC"
    assert report["made"] < 70_000
    assert shutil.disk_usage(arena.folder).free > free_before - (64 << 20)


async def test_deep_trees_do_not_stop_the_environment_from_ending(arena: Arena) -> None:
    config = arena.function(
        PRELUDE
        + """
def handler(event, context):
    os.chdir("/tmp")
    for _ in range(3000):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    return "deep"
"""
    )
    assert (await arena.invoke(config)).payload == "deep"
    await arena.pool.retire(config.key)
    await arena.neighbour_is_unharmed()


async def test_memory_over_the_limit_is_out_of_memory(arena: Arena) -> None:
    config = arena.function(
        """
        def handler(event, context):
            if event == "eat":
                hoard = []
                while True:
                    hoard.append(bytearray(b"x") * (8 << 20))
            return "fresh"
        """,
        memory_mb=128,
    )
    outcome = await arena.invoke(config, "eat")
    if outcome.payload.get("errorType") == "MemoryError":
        pytest.skip("no memory cgroup here: the limit is an rlimit, and Python sees it")
    assert outcome.status is Status.OUT_OF_MEMORY, (outcome.result, outcome.log.lines)
    assert outcome.payload == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {request_id(outcome.payload)} Error: Runtime exited with error: signal: killed",
    }
    assert outcome.result.max_memory_mb >= 120
    assert (await arena.invoke(config, "rest")).payload == "fresh"
    await arena.neighbour_is_unharmed()


def request_id(document: dict[str, str]) -> str:
    return document["errorMessage"].split()[1]


@pytest.mark.parametrize("way", ["memfd", "child", "shm", "sysv"])
async def test_memory_cannot_be_had_elsewhere(arena: Arena, way: str) -> None:
    """Shared memory and children count against the function's own limit."""
    if not any("memory" in value for value in arena.pool.isolation().values()):
        pytest.skip("no memory cgroup here")
    config = arena.function(
        PRELUDE
        + """
import mmap
def eat_file(fd):
    held = 0
    while held < 400 << 20:
        held += os.write(fd, b"x" * (4 << 20))
    time.sleep(5)

def handler(event, context):
    if event == "memfd":
        eat_file(os.memfd_create("x"))
    elif event == "child":
        if os.fork() == 0:
            hoard = [bytearray(b"x") * (4 << 20) for _ in range(256)]
            os._exit(0)
        return "child: %d" % os.wait()[1]
    elif event == "shm":
        area = mmap.mmap(-1, 1 << 30)
        for start in range(0, 1 << 30, 4096):
            area[start] = 1
    elif event == "sysv":
        libc.shmat.restype = ctypes.c_void_p
        for _ in range(64):
            area = libc.shmat(call("shmget", 0, 16 << 20, 0o1600), None, 0)
            ctypes.memset(area, 1, 16 << 20)
    return "unbounded"
""",
        memory_mb=128,
        tmp_mb=512,
    )
    outcome = await arena.invoke(config, way)
    assert outcome.payload != "unbounded"
    assert outcome.status is Status.OUT_OF_MEMORY or outcome.payload == "child: 9", outcome.result
    await arena.neighbour_is_unharmed()


async def test_files_in_tmp_are_a_disk_and_not_memory(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            with open("/tmp/big", "wb", 0) as file:
                for _ in range(300):
                    file.write(b"x" * (1 << 20))
            time.sleep(1)
            return os.path.getsize("/tmp/big") >> 20
        """,
        memory_mb=128,
        tmp_mb=512,
    )
    assert report == 300


async def test_descriptors_are_bounded(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            held = []
            try:
                while len(held) < 5000:
                    held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                for fd in held:
                    os.close(fd)
                return {"error": errno.errorcode[error.errno], "held": len(held)}
            return {"error": None, "held": len(held)}
        """
    )
    assert report["error"] == "EMFILE"
    assert report["held"] <= 1024


async def test_an_endless_line_comes_in_bounded_pieces(arena: Arena) -> None:
    config = arena.function(
        """
        import sys
        def handler(event, context):
            for _ in range(64):
                sys.stdout.write("x" * (1 << 20))
            return "done"
        """,
        memory_mb=512,
    )
    outcome = await arena.invoke(config)
    assert outcome.payload == "done"
    assert max(map(len, outcome.log.lines)) <= 256 * 1024
    assert sum(text.count("x") for text in outcome.log.lines) == 64 << 20
    await arena.neighbour_is_unharmed()


@pytest.mark.parametrize("way", ["print", "fd", "child"])
async def test_a_flood_of_log_lines_is_taken_without_blocking_others(arena: Arena, way: str) -> None:
    config = arena.function(
        PRELUDE
        + """
import subprocess
def handler(event, context):
    if event == "print":
        for number in range(50000):
            print("line", number)
    elif event == "fd":
        for number in range(50000):
            os.write(1, b"line %d\\n" % number)
    else:
        subprocess.run(["/usr/bin/env", "seq", "-f", "line %g", "0", "49999"], check=True)
    return "done"
""",
        memory_mb=512,
    )
    outcome = await arena.invoke(config, way)
    assert outcome.payload == "done"
    assert len(outcome.log.lines) == 50_000
    assert outcome.log.lines[-1] == "line 49999"
    await arena.neighbour_is_unharmed()


async def test_a_huge_response_is_refused_with_aws_words(arena: Arena) -> None:
    config = arena.function(
        """
        def handler(event, context):
            return "x" * event
        """,
        memory_mb=1024,
    )
    outcome = await arena.invoke(config, 100 << 20)
    assert outcome.payload == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert (await arena.invoke(config, 3)).payload == "xxx"
    await arena.neighbour_is_unharmed()


async def test_a_huge_error_does_no_harm(arena: Arena) -> None:
    config = arena.function(
        """
        def handler(event, context):
            if event:
                raise ValueError("x" * event)
            return "fine"
        """,
        memory_mb=1024,
    )
    outcome = await arena.invoke(config, 50 << 20)
    assert outcome.status in (Status.ERROR, Status.CRASHED)
    assert len(outcome.result.payload) < 7 << 20
    assert (await arena.invoke(config, 0)).payload == "fine"
    await arena.neighbour_is_unharmed()


async def test_deeply_nested_json_does_no_harm(arena: Arena) -> None:
    """A document that overflows a parser's stack must not be parsed by one."""
    config = arena.function(
        """
        import json, sys
        def handler(event, context):
            class Nested(str):
                pass
            value = []
            for _ in range(event):
                value = [value]
            sys.setrecursionlimit(event * 10)
            raise type("[" * event, (Exception,), {})("[" * event)
        """
    )
    outcome = await arena.invoke(config, 5000)
    assert outcome.status is Status.ERROR
    await arena.neighbour_is_unharmed()


async def test_very_long_arguments_and_environments(arena: Arena) -> None:
    report = await arena.attack(
        """
        import subprocess
        def handler(event, context):
            def run(**how):
                return subprocess.run(**how, capture_output=True, check=False).returncode
            return {"argv": attempt(lambda: run(args=["/usr/bin/env", "true"] + ["x" * 100000] * 100)),
                    "env": attempt(lambda: run(args=["/usr/bin/env"], env={"A%d" % n: "x" * 100000 for n in range(100)}))}
        """,
        memory_mb=512,
    )
    assert set(report) == {"argv", "env"}


async def test_never_answering_is_a_timeout_and_the_environment_is_replaced(arena: Arena) -> None:
    config = arena.function(
        """
        import threading
        state = []
        def handler(event, context):
            state.append(event)
            if event == "hang":
                threading.Event().wait()
            return len(state)
        """,
        timeout_ms=400,
    )
    outcome = await arena.invoke(config, "hang")
    assert outcome.status is Status.TIMEOUT
    assert json.loads(outcome.result.payload)["errorType"] == "Sandbox.Timedout"
    assert (await arena.invoke(config, "go")).payload == 1
    await arena.neighbour_is_unharmed()


async def test_burning_cpu_does_not_starve_the_neighbour(arena: Arena) -> None:
    config = arena.function(
        """
        import os
        def handler(event, context):
            for _ in range(8):
                if os.fork() == 0:
                    while True:
                        pass
            while True:
                pass
        """,
        timeout_ms=1500,
    )
    import asyncio

    burning = asyncio.ensure_future(arena.invoke(config))
    while not burning.done():
        await arena.neighbour_is_unharmed()
        await asyncio.sleep(0.05)
    assert (await burning).status is Status.TIMEOUT
