"""A function that turns against its own runtime: forged frames, closed descriptors, a hijacked client."""

from __future__ import annotations

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.attacks.arena import PRELUDE, Arena

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOCKETS = """
def sockets():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink("/proc/self/fd/" + name).startswith("socket:"):
                found.append(int(name))
        except OSError:
            pass
    return found
"""

FORGERIES = {
    "garbage": 'b"\\xff" * 4096',
    "unknown kind": 'struct.pack("!BI", 77, 4) + b"abcd"',
    "endless frame": 'struct.pack("!BI", 7, 0xFFFFFFFF) + b"x" * 65536',
    "huge result": 'struct.pack("!BI", 3, 0xFFFFFFFF) + b"x" * 65536',
    "short result": 'struct.pack("!BI", 3, 2) + b"ab"',
    "second ready": 'struct.pack("!BI", 2, 0)',
    "begin again": 'struct.pack("!BI", 1, 0)',
    "late init error": 'struct.pack("!BI", 5, 2) + b"{}"',
    "broken": 'struct.pack("!BI", 8, 4) + b"evil"',
    "bad event": 'struct.pack("!BI", 7, 3) + b"abc"',
    "two results": '(struct.pack("!BII", 3, 5, 0) + b"1") * 50',
    "result then garbage": 'struct.pack("!BII", 3, 5, 0) + b"1" + b"\\xff" * 999',
    "partial frame": 'b"\\x03\\x00"',
    "random": "os.urandom(100000)",
    "event out of time": 'struct.pack("!BIQ", 7, 12, 0xFFFFFFFFFFFFFFFF) + b"text"',
    "event not utf-8": 'struct.pack("!BIQ", 7, 12, 0) + b"\\xff\\xfe\\xfd\\xfc"',
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_frames_harm_only_the_forger(arena: Arena, name: str) -> None:
    config = arena.function(
        PRELUDE
        + SOCKETS
        + f"""
def handler(event, context):
    if event == "forge":
        for fd in sockets():
            try:
                os.write(fd, {FORGERIES[name]})
            except OSError:
                pass
    return "answered"
""",
        timeout_ms=1500,
    )
    await arena.invoke(config, "forge")
    await arena.neighbour_is_unharmed()
    # Whatever became of the forger: soon its function is served again, by this environment or by another.
    for _ in range(3):
        outcome = await arena.invoke(config, "work")
        if outcome.status is Status.SUCCESS and outcome.payload == "answered":
            break
    assert outcome.payload == "answered"
    await arena.neighbour_is_unharmed()


async def test_answers_planted_for_the_next_invocation_reach_only_the_planter(arena: Arena) -> None:
    """Code that took a runtime over can answer for it, as on Lambda; it can answer for no other function."""
    config = arena.function(
        PRELUDE
        + SOCKETS
        + """
def handler(event, context):
    for fd in sockets():
        os.write(fd, struct.pack("!BII", 3, 4 + 9, 0) + b'"planted"')
    return "second"
"""
    )
    for _ in range(3):
        outcome = await arena.invoke(config, "plant")
        assert outcome.status is not Status.SUCCESS or outcome.payload in ("planted", "second")
        await arena.neighbour_is_unharmed()


async def test_frames_written_between_invocations_do_no_harm(arena: Arena) -> None:
    config = arena.function(
        PRELUDE
        + SOCKETS
        + """
def later():
    while True:
        time.sleep(0.001)
        for fd in sockets():
            try:
                os.write(fd, struct.pack("!BII", 3, 4 + 9, 0) + b'"planted"')
            except OSError:
                pass

def handler(event, context):
    if event == "plant":
        threading.Thread(target=later, daemon=True).start()
        time.sleep(0.01)
    return "honest"
""",
        timeout_ms=1500,
    )
    await arena.invoke(config, "plant")
    for _ in range(5):
        await arena.neighbour_is_unharmed()


@pytest.mark.parametrize(
    "how",
    [
        "os.closerange(0, 1024)",
        "os.closerange(3, 1024)",
        "[os.dup2(os.open('/dev/null', 2), fd) for fd in range(64)]",
    ],
)
async def test_closing_every_descriptor_is_a_crash(arena: Arena, how: str) -> None:
    config = arena.function(
        PRELUDE
        + f"""
def handler(event, context):
    if event == "close":
        {how}
    return "answered"
""",
        timeout_ms=1500,
    )
    outcome = await arena.invoke(config, "close")
    assert outcome.status in (Status.CRASHED, Status.TIMEOUT, Status.ERROR)
    assert (await arena.invoke(config, "work")).payload == "answered"
    await arena.neighbour_is_unharmed()


async def test_invocations_read_by_a_thread_of_the_function_stay_its_own(arena: Arena) -> None:
    """A thread that steals frames from the channel gets the events of its own function and nobody else's."""
    config = arena.function(
        PRELUDE
        + SOCKETS
        + """
stolen = []
def steal(fd):
    while True:
        stolen.append(os.read(fd, 65536))

def handler(event, context):
    for fd in sockets():
        threading.Thread(target=steal, args=(fd,), daemon=True).start()
    return "answered"
""",
        timeout_ms=800,
    )
    await arena.invoke(config, "first")
    await arena.neighbour_is_unharmed()
    await arena.invoke(config, "second")
    await arena.neighbour_is_unharmed()


async def test_an_exec_in_the_handler_is_a_crash(arena: Arena) -> None:
    config = arena.function(
        PRELUDE
        + """
def handler(event, context):
    if event == "exec":
        os.execv("/usr/bin/env", ["env", "true"])
    return "answered"
""",
        timeout_ms=1500,
    )
    assert (await arena.invoke(config, "exec")).status in (Status.CRASHED, Status.TIMEOUT)
    assert (await arena.invoke(config, "work")).payload == "answered"
    await arena.neighbour_is_unharmed()
