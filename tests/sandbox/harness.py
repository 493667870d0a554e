"""A real pool over a platform as small as can be, and functions written in a few lines."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import textwrap
from collections.abc import Awaitable, Callable
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
)
from fogbank.sandbox.pool import EnvironmentPool

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"


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
    """Credentials for everybody; listeners answer a fixed text to whoever connects."""

    adopted: list[FunctionConfig] = field(default_factory=list)
    unserved: int = 0

    async def credentials(self, config: FunctionConfig) -> Credentials:
        return Credentials("ASIAEXAMPLE", "the-secret-key", "the-session-token")

    def endpoint_url(self) -> str:
        return "http://127.0.0.1:4566"

    async def adopt(self, listener: socket.socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello " + config.name.encode())
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


class Lab:
    """A pool and a folder of functions. An async context manager."""

    def __init__(self, folder: Path, clock: Clock | None = None, **settings: Any) -> None:
        self.folder = folder
        self.clock = clock or RealClock()
        self.platform = Platform()
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

    def function(self, source: str, runtime: str = "python3.11", **changes: Any) -> FunctionConfig:
        """A function whose module `index` is `source`."""
        number = next(self._numbers)
        code = self.package({"index.py": source})
        config = FunctionConfig(
            key=f"key-{number}",
            account="123456789012",
            region="eu-west-1",
            name="f",
            version="$LATEST",
            runtime=runtime,
            handler="index.handler",
            code=code,
            layers=(),
            environment={},
            memory_mb=256,
            timeout_ms=20_000,
            tmp_mb=512,
            role_arn="arn:aws:iam::123456789012:role/r",
            log_group="/aws/lambda/f",
        )
        return replace(config, **changes)

    def package(self, files: dict[str, str]) -> Path:
        """A folder with these files."""
        code = self.folder / f"code-{next(self._numbers)}"
        for name, text in files.items():
            path = code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return code

    async def invoke(self, config: FunctionConfig, event: Any = None, **more: Any) -> Reply:
        log = Log()
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        request_id = f"00000000-0000-4000-8000-{next(self._numbers):012d}"
        invocation = Invocation(request_id, payload, ARN, log, **more)
        return Reply(await self.pool.invoke(config, invocation), log)

    async def run(self, source: str, event: Any = None, **changes: Any) -> Reply:
        """Make a function and invoke it once."""
        return await self.invoke(self.function(source, **changes), event)

    def states(self) -> list[str]:
        return [row["state"] for row in self.pool.environments()]

    async def until(self, condition: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Return when `condition()` holds; fail when it does not within `limit_s`."""
        async with asyncio.timeout(limit_s):
            while not condition():  # noqa: ASYNC110 - what is waited for is outside this process
                await asyncio.sleep(0.005)
