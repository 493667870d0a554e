"""Where attackers fight: a real pool, a hostile function to write in a few lines, and a neighbour to be left unharmed."""

from __future__ import annotations

import asyncio
import json
import socket
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from fogbank.core.clock import RealClock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import (
    Credentials,
    FunctionConfig,
    FunctionNetwork,
    Invocation,
    InvocationResult,
    SandboxSettings,
    Status,
)
from fogbank.sandbox.pool import EnvironmentPool

PYTHON = "python3.11"
ACCOUNT = "000000000000"

# What every hostile function starts with. An attempt runs in a forked child: one that kills its process is an outcome.
PRELUDE = '''
import ctypes, errno, json, os, platform, signal, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
MACHINE = platform.machine()

def call(function, *arguments):
    """A libc function; its errno as OSError."""
    ctypes.set_errno(0)
    result = getattr(libc, function)(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

def attempt(work):
    """Run `work` in a child: the name of the errno or exception, "signal N", or "SUCCEEDED <value>"."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            outcome = "SUCCEEDED " + repr(work())[:200]
        except OSError as error:
            outcome = errno.errorcode.get(error.errno or 0, "OSError")
        except BaseException as error:
            outcome = type(error).__name__
        os.write(writing, outcome.encode())
        os._exit(0)
    os.close(writing)
    outcome = b""
    while piece := os.read(reading, 4096):
        outcome += piece
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    return outcome.decode() or "signal %d" % (status & 127)

def read(path, size=4096):
    with open(path, "rb") as file:
        return file.read(size)

'''

NEIGHBOUR = """
import os
state = {"secret": os.environ["SECRET"], "calls": 0}
open("/tmp/diary", "w").write(os.environ["SECRET"])

def handler(event, context):
    state["calls"] += 1
    return {"secret": state["secret"], "diary": open("/tmp/diary").read(), "calls": state["calls"]}
"""


@dataclass
class Lines:
    """The log of one invocation."""

    texts: list[str] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)

    def line(self, time_ms: int, text: str) -> None:
        self.texts.append(text)

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None:
        self.streams.append(stream)

    def started(self, time_ms: int, stream: str) -> None:
        self.streams.append(stream)


@dataclass
class Outcome:
    """What came back, and what was logged."""

    result: InvocationResult
    log: Lines

    @property
    def payload(self) -> Any:
        return json.loads(self.result.payload)

    @property
    def status(self) -> Status:
        return self.result.status


class House:
    """The platform above the sandbox, as small as it can be: credentials by role, and an endpoint that answers its port."""

    def __init__(self) -> None:
        self.adopted: list[FunctionConfig] = []

    async def credentials(self, config: FunctionConfig) -> Credentials:
        return Credentials(f"ASIA{config.name}", f"secret-of-{config.name}", f"token-of-{config.name}")

    def endpoint_url(self) -> str:
        return "http://127.0.0.1:4566"

    async def adopt(self, listener: socket.socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        self.adopted.append(config)

        async def hello(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"platform for {config.name}".encode())
            writer.close()

        listener.setblocking(False)
        server = await asyncio.start_server(hello, sock=listener)

        async def stop() -> None:
            server.close()

        return stop


class Arena:
    """A pool and what attacks need."""

    def __init__(
        self,
        folder: Path,
        network: FunctionNetwork = FunctionNetwork.HOST,
        isolation: str = "auto",
        **settings: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.house = House()
        self.lanes = Lanes()
        work = folder / "work"
        work.mkdir()
        self.settings = SandboxSettings(work, network=network, isolation=isolation, **settings)
        self.pool = EnvironmentPool(self.settings, self.house, RealClock(), Ids(), self.lanes)
        self._numbers = count(1)
        self._neighbour = self.function(NEIGHBOUR, name="neighbour", environment={"SECRET": "tell-nobody"})
        self._neighbour_calls = 0

    async def __aenter__(self) -> Arena:
        await self.pool.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.pool.close()
        await self.lanes.close()

    def function(
        self,
        source: str | Mapping[str, str | bytes],
        *,
        name: str | None = None,
        runtime: str = PYTHON,
        handler: str | None = None,
        environment: Mapping[str, str] | None = None,
        memory_mb: int = 256,
        timeout_ms: int = 20_000,
        tmp_mb: int = 64,
        **more: Any,
    ) -> FunctionConfig:
        """A function from its source, or from several files. Names and keys are new each time."""
        name = name or f"f{next(self._numbers)}"
        code = self.folder / "code" / name
        code.mkdir(parents=True)
        files = {"index.py": textwrap.dedent(source)} if isinstance(source, str) else source
        for path, text in files.items():
            file = code / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            file.chmod(0o755)
        return FunctionConfig(
            key=f"{name}:$LATEST:1",
            account=ACCOUNT,
            region="us-east-1",
            name=name,
            version="$LATEST",
            runtime=runtime,
            handler=handler or "index.handler",
            code=code,
            layers=more.pop("layers", ()),
            environment=environment or {},
            memory_mb=memory_mb,
            timeout_ms=timeout_ms,
            tmp_mb=tmp_mb,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
            log_group=f"/aws/lambda/{name}",
            **more,
        )

    async def invoke(self, config: FunctionConfig, event: Any = None, **more: Any) -> Outcome:
        log = Lines()
        invocation = Invocation(
            request_id=f"00000000-0000-4000-8000-{next(self._numbers):012d}",
            payload=json.dumps(event).encode(),
            function_arn=f"arn:aws:lambda:{config.region}:{config.account}:function:{config.name}",
            log=log,
            **more,
        )
        return Outcome(await self.pool.invoke(config, invocation), log)

    async def attack(self, source: str, event: Any = None, **more: Any) -> Any:
        """Run hostile code that lives long enough to report; what it reports. The neighbour is checked afterwards."""
        outcome = await self.invoke(self.function(PRELUDE + textwrap.dedent(source), **more), event)
        assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.texts)
        await self.neighbour_is_unharmed()
        return outcome.payload

    async def neighbour_is_unharmed(self) -> None:
        """The same environment as before still answers, with its memory and its files."""
        outcome = await self.invoke(self._neighbour)
        self._neighbour_calls += 1
        assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.texts)
        expected = {"secret": "tell-nobody", "diary": "tell-nobody", "calls": self._neighbour_calls}
        assert outcome.payload == expected


def breaches(report: Mapping[str, str]) -> dict[str, str]:
    """The attempts that got through."""
    return {name: outcome for name, outcome in report.items() if outcome.startswith("SUCCEEDED")}
