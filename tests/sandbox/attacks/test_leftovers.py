"""A function that searches its own memory and surroundings for what others left there."""

from __future__ import annotations

import os

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.attacks.arena import Arena

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_of_the_host_or_of_others_is_in_the_environment_variables(arena: Arena) -> None:
    os.environ["FOGBANK_TEST_HOST_SECRET"] = "host-secret"
    try:
        report = await arena.attack(
            """
            def handler(event, context):
                return {"environ": dict(os.environ), "proc": read("/proc/self/environ", 1 << 20).decode("latin-1"),
                        "cmdline": read("/proc/self/cmdline", 1 << 16).decode("latin-1")}
            """,
            environment={"MINE": "1"},
        )
    finally:
        del os.environ["FOGBANK_TEST_HOST_SECRET"]
    text = repr(report)
    assert report["environ"]["MINE"] == "1"
    assert "host-secret" not in text
    assert "tell-nobody" not in text
    assert "secret-of-neighbour" not in text


async def test_no_secret_of_another_function_is_in_memory(arena: Arena) -> None:
    """Environments of one runtime are forked from one process: it must not have seen what they were given."""
    await arena.neighbour_is_unharmed()
    report = await arena.attack(
        """
        def handler(event, context):
            needles = [bytes.fromhex(text) for text in event]
            found = []
            with open("/proc/self/mem", "rb", 0) as memory:
                for line in read("/proc/self/maps", 1 << 22).decode().splitlines():
                    area, modes = line.split()[:2]
                    if modes[0] != "r" or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                        continue
                    start, end = (int(part, 16) for part in area.split("-"))
                    if end - start > 64 << 20:
                        continue
                    try:
                        memory.seek(start)
                        data = memory.read(end - start)
                    except (OSError, OverflowError):
                        continue
                    found += [needle.hex() for needle in needles if needle in data]
                    del data
            # The needles themselves are in memory now: as hex in the event, and as bytes once each, which the caller counts.
            return found
        """,
        [b"tell-nob\x00".hex(), b"secret-of-neighbour-\x00".hex()],
        memory_mb=1024,
    )
    # Needles with a zero byte that nobody ever wrote: finding them means finding only ourselves.
    assert set(report) <= {b"tell-nob\x00".hex(), b"secret-of-neighbour-\x00".hex()}
    report = await arena.attack(
        """
        def handler(event, context):
            # Assembled only now, backwards, so that no whole copy of it exists before the search.
            needles = [bytearray(reversed(text.encode())) for text in event]
            counts = [0] * len(needles)
            addresses = [(ctypes.addressof((ctypes.c_char * len(needle)).from_buffer(needle)), needle) for needle in needles]
            with open("/proc/self/mem", "rb", 0) as memory:
                for line in read("/proc/self/maps", 1 << 22).decode().splitlines():
                    area, modes = line.split()[:2]
                    start, end = (int(part, 16) for part in area.split("-"))
                    if modes[0] != "r" or "[v" in line or end - start > 64 << 20:
                        continue
                    position = start
                    while position < end:
                        try:
                            memory.seek(position)
                            data = memory.read(min(1 << 16, end - position))
                        except (OSError, OverflowError):
                            break
                        if not data:
                            break
                        for index, needle in enumerate(needles):
                            counts[index] += data.count(needle)
                        position += len(data)
            return counts
        """,
        ["ydobon-llet", "ruobhgien-fo-terces", "ruobhgien-fo-nekot"],
        memory_mb=1024,
    )
    # Each needle lies in its own buffer, and in the piece of memory that was just read from it: no more than that.
    assert all(count <= 3 for count in report), report


async def test_boto3_begins_anew_in_every_function(arena: Arena) -> None:
    source = """
    import boto3, gc, botocore.session
    def handler(event, context):
        default = boto3.DEFAULT_SESSION is None
        sessions = [one for one in gc.get_objects() if isinstance(one, botocore.session.Session)]
        keys = boto3.Session().get_credentials().get_frozen_credentials()
        return {"default": default, "sessions": len(sessions), "key": keys.access_key, "secret": keys.secret_key, "token": keys.token}
    """
    for name in ("alice", "bob"):
        outcome = await arena.invoke(arena.function(source, name=name, timeout_ms=20_000))
        assert outcome.status is Status.SUCCESS, outcome.result
        assert outcome.payload == {
            "default": True,
            "sessions": 0,
            "key": f"ASIA{name}",
            "secret": f"secret-of-{name}",
            "token": f"token-of-{name}",
        }


async def test_randomness_is_not_shared_between_forks(arena: Arena) -> None:
    source = """
    import hashlib, os, random, secrets, ssl, tempfile, uuid
    def handler(event, context):
        return [random.random(), random.Random().random(), secrets.token_hex(8), uuid.uuid4().hex, ssl.RAND_bytes(8).hex(),
                os.urandom(8).hex(), next(tempfile._get_candidate_names()), str(id(object())) and uuid.uuid1().hex]
    """
    first = (await arena.invoke(arena.function(source))).payload
    second = (await arena.invoke(arena.function(source))).payload
    assert [index for index, pair in enumerate(zip(first, second, strict=True)) if pair[0] == pair[1]] == []


async def test_ipc_objects_are_not_shared(arena: Arena) -> None:
    """System V memory, semaphores, queues and POSIX queues of one environment do not exist for another."""
    maker = arena.function(
        """
        import ctypes
        libc = ctypes.CDLL(None)
        def handler(event, context):
            return [libc.shmget(4711, 4096, 0o1666) >= 0, libc.semget(4711, 1, 0o1666) >= 0, libc.msgget(4711, 0o1666) >= 0]
        """
    )
    assert (await arena.invoke(maker)).payload == [True, True, True]
    report = await arena.attack(
        """
        def handler(event, context):
            return {"shm": attempt(lambda: call("shmget", 4711, 0, 0)), "sem": attempt(lambda: call("semget", 4711, 0, 0)),
                    "msg": attempt(lambda: call("msgget", 4711, 0)), "mqueue": attempt(lambda: os.listdir("/dev/mqueue"))}
        """
    )
    assert report == {"shm": "ENOENT", "sem": "ENOENT", "msg": "ENOENT", "mqueue": "ENOENT"}
