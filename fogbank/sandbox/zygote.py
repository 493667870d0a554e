"""A zygote as the node sees it: a process to ask for environments, and reports of how they ended.

Made in the background by `guest/boot.py` (walled: namespaces and a root of its own) or directly (plain processes).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fogbank.core.errors import SandboxError
from fogbank.sandbox.outcomes import Exit
from fogbank.sandbox.root import BOOTSTRAP, GUEST, PYCACHE, Step
from fogbank.sandbox.runtimes import Launch

_LENGTH = struct.Struct("!I")
_RECEIVE_BYTES = 64 * 1024
_MESSAGE_BYTES_MAX = 1 << 20
_CLOSE_S = 5.0
OWN_FOLDERS = 3  # of python_path: the function's own, before the runtime's
_START_S = 60.0  # a loaded machine may need long to import boto3


class NoNamespaces(SandboxError):
    """This machine does not let us make the namespaces; the message says which step failed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a zygote is made."""

    launch: Launch
    walled: bool
    own_network: bool  # environments get a network namespace each
    root: Path  # an empty folder: where its tree is built (walled), or its /var/runtime (plain)
    tree: tuple[Step, ...]
    seccomp: bytes
    pycache: Path | None
    cgroups: tuple[str, ...]  # our folders, to be removed when fogbank has died


class Listener(Protocol):
    """Who hears of a zygote's environments."""

    def exited(self, number: int, exit: Exit) -> None: ...

    def unforked(self, number: int, reason: str) -> None: ...

    def zygote_gone(self, zygote: Zygote) -> None: ...


class Zygote:
    """One zygote process. `environments` counts what it has forked and not yet reported as ended."""

    def __init__(self, plan: Plan, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self.plan = plan
        self.environments: set[int] = set()
        self.version = ""
        self.user_namespace = False
        self.idle_since_s = 0.0
        self.alive = False
        self._listener = listener
        self._loop = loop
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._inbox = bytearray()
        self._outbox: deque[tuple[memoryview, list[int]]] = deque()
        self._answers: deque[dict[str, Any]] = deque(maxlen=8)
        self._waiter: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()

    # --- making it --------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Return when it forks. Raises NoNamespaces (walled plans) and SandboxError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        self._control = ours
        self._process = self._spawn(theirs)
        theirs.close()
        self._loop.add_reader(ours.fileno(), self._readable)
        plan = self.plan
        home = plan.launch.python_home
        if plan.walled:
            self._send(
                {
                    "root": str(plan.root),
                    "tree": plan.tree,
                    "argv": [plan.launch.interpreter.inner_executable(home), "/var/runtime/bootstrap.py"],
                    "environ": {**_zygote_environ(plan.launch), "LD_LIBRARY_PATH": f"{home}/lib"},
                },
                [],
            )
            answer = await self._answer()
            if "failed" in answer:
                await self.close()
                raise NoNamespaces(str(answer["failed"]))
            self.user_namespace = bool(answer["user_namespace"])
            await self._reap()
        self._send(self._zygote_spec(), [])
        answer = await self._answer()
        if "ready" not in answer:
            await self.close()
            raise SandboxError(f"the zygote of {plan.launch.zygote} did not start: {answer}")
        self.version = str(answer["ready"])
        self.alive = True

    def _spawn(self, control: socket.socket) -> subprocess.Popen[bytes]:
        fd = control.fileno()
        if self.plan.walled:
            command = [sys.executable, "-I", "-S", str(GUEST / "boot.py"), str(fd)]
            environ: dict[str, str] = {}
        else:
            script = _lay_out(self.plan)
            command = [str(self.plan.launch.interpreter.executable), str(script), str(fd)]
            environ = _zygote_environ(self.plan.launch)
        return subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(fd,), cwd="/"
        )

    def _zygote_spec(self) -> dict[str, Any]:
        plan = self.plan
        pycache = plan.pycache
        return {
            "walled": plan.walled,
            "own_network": plan.own_network,
            "root": str(plan.root),
            "user_namespace": self.user_namespace,
            "seccomp": plan.seccomp.hex(),
            "python": plan.launch.preload,
            "pycache": None if pycache is None else (PYCACHE if plan.walled else str(pycache)),
            "python_path": python_path(plan, task=None),
            "cgroups": plan.cgroups,
        }

    async def _answer(self) -> dict[str, Any]:
        """The next message that is no report. Raises SandboxError when it ends, or takes too long, instead."""
        if not self._answers and not self._gone.done():
            self._waiter = self._loop.create_future()
            await asyncio.wait({self._waiter}, timeout=_START_S)
        if self._answers:
            return self._answers.popleft()
        await self.close()
        raise SandboxError(f"the zygote of {self.plan.launch.zygote} ended while it started")

    # --- talking to it ----------------------------------------------------------------------------------------------
    def fork(self, request: dict[str, Any], fds: list[int]) -> None:
        """Ask for an environment; `fds` are copied before this returns. Raises SandboxError when the zygote has gone."""
        if not self.alive:
            raise SandboxError(f"the zygote of {self.plan.launch.zygote} has just ended")
        self.environments.add(request["id"])
        self._send({"op": "fork", **request}, fds)

    def kill(self, number: int, leaving: int = 0) -> None:
        """End an environment; with `leaving` (its host pid) its mounts are held until `forget`, or a fork that inherits."""
        if number in self.environments:
            self._send({"op": "kill", "id": number, "leaving": leaving}, [])

    def forget(self, number: int) -> None:
        """Let go of what an environment left."""
        if self.alive:
            self._send({"op": "forget", "id": number}, [])

    def stop(self, number: int) -> None:
        """Take the CPU from an environment, where there is no cgroup freezer."""
        self._order("stop", number)

    def go(self, number: int) -> None:
        self._order("go", number)

    def _order(self, operation: str, number: int) -> None:
        if number in self.environments:
            self._send({"op": operation, "id": number}, [])

    def _send(self, message: dict[str, Any], fds: list[int]) -> None:
        if self._control is None:
            return
        data = json.dumps(message).encode()
        self._outbox.append((memoryview(_LENGTH.pack(len(data)) + data), [os.dup(fd) for fd in fds]))
        if len(self._outbox) == 1:
            self._writable()

    def _writable(self) -> None:
        control = self._control
        while control is not None and self._outbox:
            data, fds = self._outbox[0]
            rights = (
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else []
            )
            try:
                sent = control.sendmsg([data], rights)
            except BlockingIOError:
                self._loop.add_writer(control.fileno(), self._writable)
                return
            except OSError:
                break  # gone: the reader finds out
            for fd in fds:
                os.close(fd)
            if sent < len(data):
                self._outbox[0] = (data[sent:], [])
            else:
                self._outbox.popleft()
        if control is not None:
            self._loop.remove_writer(control.fileno())

    def _readable(self) -> None:
        if self._control is None:
            return
        try:
            data = self._control.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return
        self._inbox += data
        while len(self._inbox) >= 4:
            (length,) = _LENGTH.unpack_from(self._inbox)
            if length > _MESSAGE_BYTES_MAX:
                self._hang_up()
                return
            if len(self._inbox) < 4 + length:
                return
            message = json.loads(self._inbox[4 : 4 + length])
            del self._inbox[: 4 + length]
            self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        if "exited" in message:
            self.environments.discard(message["exited"])
            self._listener.exited(
                message["exited"],
                Exit(message.get("code"), message.get("signal"), message["oom"], message["max_rss_kb"]),
            )
        elif "unforked" in message:
            self.environments.discard(message["unforked"])
            self._listener.unforked(message["unforked"], message["reason"])
        else:
            self._answers.append(message)
            if not self._waiter.done():
                self._waiter.set_result(None)

    def _hang_up(self) -> None:
        """It is gone, and every environment with it."""
        control, self._control = self._control, None
        if control is None:
            return
        self.alive = False
        self._loop.remove_reader(control.fileno())
        self._loop.remove_writer(control.fileno())
        control.close()
        for _, fds in self._outbox:
            for fd in fds:
                os.close(fd)
        self._outbox.clear()
        for waiting in (self._gone, self._waiter):
            if not waiting.done():
                waiting.set_result(None)
        lost, self.environments = self.environments, set()
        for number in lost:
            self._listener.exited(number, Exit(None, 9, False, 0))
        self._listener.zygote_gone(self)

    async def close(self) -> None:
        """End it and everything it forked; returns when it has gone."""
        self.alive = False
        if self._control is not None:
            self._send({"op": "end"}, [])
            await asyncio.wait({self._gone}, timeout=_CLOSE_S)
            self._hang_up()
        await self._reap()

    async def _reap(self) -> None:
        """Wait for the process we started: of a walled zygote, the one that made its namespaces and is done."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            await self._loop.run_in_executor(None, process.wait, _CLOSE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await self._loop.run_in_executor(None, process.wait)


def python_path(plan: Plan, task: str | None) -> list[str]:
    """sys.path: of the zygote when `task` is None, else of a function whose code is at `task`, in Lambda's order."""
    minor = plan.launch.interpreter.minor
    lang = plan.launch.python_home if plan.walled else str(plan.launch.interpreter.prefix)
    runtime = "/var/runtime" if plan.walled else str(plan.root / "runtime")
    library = [
        f"{lang}/lib/python3{minor}.zip",
        f"{lang}/lib/python3.{minor}",
        f"{lang}/lib/python3.{minor}/lib-dynload",
    ]
    if task is None:
        return [runtime, *library]
    layers = [f"/opt/python/lib/python3.{minor}/site-packages", "/opt/python"]
    return [task, *layers, runtime, *library, f"{lang}/lib/python3.{minor}/site-packages", *layers]


def _zygote_environ(launch: Launch) -> dict[str, str]:
    """Before the first import: the names a runtime reads when it is imported."""
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{launch.zygote}",
        "LC_CTYPE": "C.UTF-8",
        "LANG": "en_US.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYTHONHASHSEED": "random",
    }


def _lay_out(plan: Plan) -> Path:
    """A /var/runtime of links, for plain processes."""
    folder = plan.root / "runtime"
    folder.mkdir(parents=True, exist_ok=True)
    for path in plan.launch.packages.values():
        link = folder / path.name
        if not link.exists():
            link.symlink_to(path)
    guest = folder / "fogbank_guest"
    if not guest.exists():
        guest.symlink_to(GUEST)
    script = folder / "bootstrap.py"
    script.write_text(BOOTSTRAP)
    return script
