"""A real pool over a platform as small as can be, and functions written in a few lines."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from fogbank.core.clock import Clock, RealClock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import (
    Credentials,
    FunctionConfig,
    Invocation,
    InvocationResult,
    SandboxSettings,
    Status,
)
from fogbank.sandbox.pool import EnvironmentPool
from tests.support.waiting import until

ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"


@dataclass
class Log:
    """A LogSink that keeps what it is told, in order."""

    events: list[tuple[str, str]] = field(default_factory=list)

    def line(self, time_ms: int, text: str) -> None:
        self.events.append(("line", text))

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None:
        self.events.append(("init", runtime_version))

    def started(self, time_ms: int, stream: str) -> None:
        self.events.append(("start", stream))

    @property
    def lines(self) -> list[str]:
        return [text for kind, text in self.events if kind == "line"]


@dataclass
class Platform:
    """Credentials for everybody; listeners greet whoever connects by the function's name."""

    greeting = "hello"

    adopted: list[FunctionConfig] = field(default_factory=list)
    unserved: int = 0

    async def credentials(self, config: FunctionConfig) -> Credentials:
        return Credentials("ASIAEXAMPLE", "the-secret-key", "the-session-token")

    def endpoint_url(self) -> str:
        return "http://127.0.0.1:4566"

    async def adopt(self, listener: socket.socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{self.greeting} {config.name}".encode())
            writer.close()

        self.adopted.append(config)
        server = await asyncio.start_server(answer, sock=listener)

        async def stop() -> None:
            self.unserved += 1
            server.close()

        return stop


@dataclass
class Reply:
    """What one invocation gave."""

    result: InvocationResult
    log: Log

    @property
    def payload(self) -> Any:
        return json.loads(self.result.payload)

    @property
    def status(self) -> Status:
        return self.result.status


class Lab:
    """A pool and a folder of functions. An async context manager."""

    def __init__(
        self, folder: Path, clock: Clock | None = None, platform: Platform | None = None, **settings: Any
    ) -> None:
        self.folder = folder
        self.clock = clock or RealClock()
        self.platform = platform or Platform()
        self.lanes = Lanes()
        self.settings = SandboxSettings(work_dir=folder / "work", **settings)
        self.pool = EnvironmentPool(self.settings, self.platform, self.clock, Ids(), self.lanes)
        self._numbers = count(1)

    async def __aenter__(self) -> Lab:
        if self.folder.stat().st_uid == os.geteuid():
            self.folder.chmod(0o755)
        await self.pool.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.pool.close()
        await self.lanes.close()

    def function(
        self, source: str | Mapping[str, str | bytes], runtime: str = "python3.11", **changes: Any
    ) -> FunctionConfig:
        """A function from the text of its module `index`, or from its files."""
        if "code" not in changes:
            changes["code"] = self.package({"index.py": source} if isinstance(source, str) else source)
        config = FunctionConfig(
            key=f"key-{next(self._numbers)}",
            account=ACCOUNT,
            region="eu-west-1",
            name="f",
            version="$LATEST",
            runtime=runtime,
            handler="index.handler",
            code=self.folder,
            layers=(),
            environment={},
            memory_mb=256,
            timeout_ms=20_000,
            tmp_mb=512,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/r",
            log_group="/aws/lambda/f",
        )
        return replace(config, **changes)

    def package(self, files: Mapping[str, str | bytes], name: str | None = None) -> Path:
        """A folder with these files, each of which may be executed."""
        folder = self.folder / "code" / (name or str(next(self._numbers)))
        for at, content in files.items():
            path = folder / at
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
            path.chmod(0o755)
        return folder

    async def invoke(self, config: FunctionConfig, event: Any = None, **more: Any) -> Reply:
        log = Log()
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        request_id = f"00000000-0000-4000-8000-{next(self._numbers):012d}"
        arn = f"arn:aws:lambda:{config.region}:{config.account}:function:{config.name}"
        invocation = Invocation(request_id, payload, arn, log, **more)
        return Reply(await self.pool.invoke(config, invocation), log)

    async def run(self, source: str, event: Any = None, **changes: Any) -> Reply:
        """Make a function and invoke it once."""
        return await self.invoke(self.function(source, **changes), event)

    def states(self) -> list[str]:
        return [row["state"] for row in self.pool.environments()]

    async def until(self, condition: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Return when `condition()` holds; fail when it does not within `limit_s`."""
        await until(condition, limit_s)
