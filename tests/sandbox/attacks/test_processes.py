"""A function that looks for other processes, and multiplies its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from pathlib import Path

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.attacks.arena import PRELUDE, Arena, breaches

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_only_its_own_processes_are_visible(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
            lines = [read("/proc/%d/cmdline" % pid).decode() for pid in pids]
            alive = {}
            for pid in range(1, 70000):
                try:
                    os.kill(pid, 0)
                    alive[pid] = True
                except ProcessLookupError:
                    pass
                except PermissionError:
                    alive[pid] = False
            return {"own": os.getpid(), "pids": pids, "alive": sorted(map(int, alive)), "threads": len(os.listdir("/proc/self/task"))}
        """
    )
    assert report["pids"] == [report["own"]]
    assert report["alive"] == [report["own"]]


async def test_memory_of_other_processes_is_out_of_reach(arena: Arena) -> None:
    """Fogbank's own pid and its parent's mean nothing inside, whatever way they are used."""
    report = await arena.attack(
        """
        def handler(event, context):
            report = {}
            for pid in event:
                report["mem %d" % pid] = attempt(lambda: read("/proc/%d/mem" % pid))
                report["maps %d" % pid] = attempt(lambda: read("/proc/%d/maps" % pid))
                report["environ %d" % pid] = attempt(lambda: read("/proc/%d/environ" % pid))
                report["fd %d" % pid] = attempt(lambda: os.listdir("/proc/%d/fd" % pid))
                report["cwd %d" % pid] = attempt(lambda: os.listdir("/proc/%d/cwd/" % pid))
                report["attach %d" % pid] = attempt(lambda: call("ptrace", 16, pid, 0, 0))
                report["seize %d" % pid] = attempt(lambda: call("ptrace", 0x4206, pid, 0, 0))
                report["pidfd %d" % pid] = attempt(lambda: os.pidfd_open(pid))
                report["rlimits %d" % pid] = attempt(lambda: __import__("resource").prlimit(pid, 7))
                report["affinity %d" % pid] = attempt(lambda: os.sched_setaffinity(pid, {0}))
            return report
        """,
        [os.getpid(), os.getppid()],
    )
    assert breaches(report) == {}


async def test_a_sibling_cannot_be_traced_either(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            pid = os.fork()
            if pid == 0:
                time.sleep(30)
                os._exit(0)
            local = struct.pack("QQ", 0, 0)
            report = {"attach": attempt(lambda: call("ptrace", 16, pid, 0, 0)),
                      "vm_readv": attempt(lambda: call("process_vm_readv", pid, local, 1, local, 1, 0))}
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return report
        """
    )
    assert breaches(report) == {}


async def test_killing_everything_kills_only_itself(arena: Arena) -> None:
    config = arena.function(
        PRELUDE
        + """
def handler(event, context):
    if event == "kill":
        assert len([name for name in os.listdir("/proc") if name.isdigit()]) < 10, "not alone: not safe to go on"
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(-1, number)
            except OSError:
                pass
        for pid in (os.getppid(), 1, 0):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    return "alive"
"""
    )
    assert (await arena.invoke(config, "kill")).status in (Status.CRASHED, Status.SUCCESS)
    assert (await arena.invoke(config, "again")).payload == "alive"
    await arena.neighbour_is_unharmed()


async def test_a_fork_bomb_is_bounded_and_ends_with_its_invocation(arena: Arena) -> None:
    config = arena.function(
        PRELUDE
        + """
def handler(event, context):
    if event != "bomb":
        return len([name for name in os.listdir("/proc") if name.isdigit()])
    count = 0
    while count < 20000:
        try:
            pid = os.fork()
        except OSError as error:
            if count >= 500:
                print("stopped after", count, error.errno)
            time.sleep(60)
            os._exit(1)
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
    print("unbounded")
""",
        timeout_ms=2500,
        memory_mb=1024,
    )
    bomb = asyncio.ensure_future(arena.invoke(config, "bomb"))
    await arena.neighbour_is_unharmed()  # while it goes on
    outcome = await bomb
    assert outcome.status in (Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.CRASHED)
    assert "unbounded" not in outcome.log.lines
    await arena.neighbour_is_unharmed()
    assert (await arena.invoke(config, "count")).payload == 1


async def test_a_thread_bomb_is_bounded(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            threading.stack_size(65536)
            stop = threading.Event()
            count = 0
            try:
                while count < 5000:
                    threading.Thread(target=stop.wait, daemon=True).start()
                    count += 1
            except RuntimeError:
                pass
            stop.set()
            return count
        """,
        memory_mb=1024,
    )
    assert report < 1100


async def test_orphans_do_not_outlive_their_environment(arena: Arena, tmp_path: Path) -> None:
    """A daemon that left its session and ignores signals still ends when its environment is retired."""
    mark = f"orphan-{os.getpid()}-{tmp_path.name}"
    config = arena.function(
        PRELUDE
        + """
import subprocess
def handler(event, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.execv("/usr/bin/env", ["env", "sh", "-c", "while :; do sleep 1; done # " + event])
        os._exit(0)
    for _ in range(500):
        if any(event in read("/proc/%s/cmdline" % name).decode() for name in os.listdir("/proc") if name.isdigit() and name != str(os.getpid())):
            return True
        time.sleep(0.01)
    return False
"""
    )
    assert (await arena.invoke(config, mark)).payload is True
    assert host_processes(mark) != []
    await arena.pool.retire(config.key)
    await gone(mark)
    await arena.neighbour_is_unharmed()


async def test_ignoring_sigterm_does_not_help_against_a_timeout(arena: Arena) -> None:
    config = arena.function(
        """
        import signal, time
        def handler(event, context):
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            while event == "stay":
                time.sleep(1)
            return "fresh"
        """,
        timeout_ms=500,
    )
    outcome = await arena.invoke(config, "stay")
    assert outcome.status is Status.TIMEOUT
    assert (await arena.invoke(config, "go")).payload == "fresh"
    await arena.neighbour_is_unharmed()


async def test_signals_do_not_reach_fogbank(arena: Arena) -> None:
    """SIGIO owners and pidfds are other ways to signal; so is a socket's out-of-band data."""
    report = await arena.attack(
        """
        import fcntl, socket
        def handler(event, context):
            def own(pid):
                a, b = socket.socketpair()
                fcntl.fcntl(a, fcntl.F_SETOWN, pid)
                fcntl.fcntl(a, 10, signal.SIGKILL)  # F_SETSIG
                fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC)
                b.send(b"x")
            return {"kill": attempt(lambda: os.kill(event, signal.SIGTERM)), "own": attempt(lambda: own(event))}
        """,
        os.getpid(),
    )
    assert report == {"kill": "ESRCH", "own": "ESRCH"}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
async def test_dying_by_signal_replaces_the_environment(arena: Arena, number: int) -> None:
    config = arena.function(
        """
        import os
        def handler(event, context):
            if event:
                os.kill(os.getpid(), event)
            return "fresh"
        """,
        timeout_ms=2000,
    )
    outcome = await arena.invoke(config, int(number))
    # A process cannot kill itself by SIGKILL where it is process 1 of its own namespace: it lives on.
    assert outcome.status in (Status.CRASHED, Status.SUCCESS, Status.TIMEOUT)
    assert (await arena.invoke(config, 0)).payload == "fresh"
    await arena.neighbour_is_unharmed()


def host_processes(mark: str) -> list[int]:
    """Processes of this machine with `mark` on their command line, this one excepted."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if mark.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


async def gone(mark: str, timeout_s: float = 10.0) -> None:
    """Return when no process has `mark` on its command line any more."""
    async with asyncio.timeout(timeout_s):
        for pause_s in itertools.repeat(0.01):
            if not host_processes(mark):
                return
            await asyncio.sleep(pause_s)
