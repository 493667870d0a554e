"""A Lambda on a memory store and a virtual clock, with a pool that runs Python callables instead of environments."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fogbank.core.config import Settings
from fogbank.core.errors import InitFailed, RuntimeUnavailable
from fogbank.model.principal import KeyFound, Principal, SessionCredentials
from fogbank.model.telemetry import LogTarget, Point
from fogbank.sandbox.api import (
    FunctionConfig,
    Invocation,
    InvocationResult,
    LogSink,
    RuntimeFound,
    Status,
)
from fogbank.services import lambda_
from fogbank.store.blobs import FileBlobs
from tests.support.house import House
from tests.support.waiting import until

STREAM = "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
ROLE = "arn:aws:iam::000000000000:role/service/runner"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
CODE = "def handler(event, context): return event\n"


class Failed(Exception):
    """Raise it in a function to have its invocation end so."""

    def __init__(self, status: Status = Status.ERROR, error_type: str = "ValueError") -> None:
        self.status, self.error_type = status, error_type


Body = Callable[[Any, Invocation], Any]


class FakePool:
    """Implements `sandbox.api.Pool`: functions by name, in this process."""

    def __init__(self) -> None:
        self.bodies: dict[str, Body] = {}
        self.invoked: list[tuple[FunctionConfig, Invocation]] = []
        self.retired: list[str] = []
        self.missing: set[str] = set()
        self.provisioned: dict[str, int] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.running = 0
        self.most = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def invoke(self, config: FunctionConfig, invocation: Invocation) -> InvocationResult:
        self.invoked.append((config, invocation))
        self.running += 1
        self.most = max(self.most, self.running)
        done: asyncio.Future[InvocationResult] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(config, invocation, done))
        return await done

    async def _run(
        self, config: FunctionConfig, invocation: Invocation, done: asyncio.Future[InvocationResult]
    ) -> None:
        task = self._task
        invocation.log.started(1_000, STREAM)
        await self.gate.wait()
        try:
            answer = self.bodies.get(config.name, lambda event, _: event)(
                json.loads(invocation.payload), invocation
            )
            result = _result(Status.SUCCESS, json.dumps(answer).encode(), None)
        except Failed as failed:
            document = json.dumps({"errorMessage": "intended", "errorType": failed.error_type}).encode()
            result = _result(failed.status, document, failed.error_type)
        self.running -= 1
        assert invocation.ended is not None and task is not None
        invocation.ended(result)
        if not done.done():
            done.set_result(result)

    async def retire(self, key: str) -> None:
        self.retired.append(key)
        self.provisioned.pop(key, None)

    async def warm(self, config: FunctionConfig) -> None:
        if config.runtime in self.missing:
            raise RuntimeUnavailable(f"{config.runtime} needs an interpreter: install one")

    async def provision(self, config: FunctionConfig, count: int, log: Callable[[], LogSink]) -> None:
        await self.gate.wait()
        if config.name in self.missing:
            raise InitFailed("intended")
        self.provisioned[config.key] = count

    def runtimes(self) -> list[RuntimeFound]:
        return []

    def isolation(self) -> dict[str, str]:
        return {}

    def environments(self) -> list[dict[str, str]]:
        return []


def _result(status: Status, payload: bytes, error_type: str | None) -> InvocationResult:
    return InvocationResult(status, payload, error_type, STREAM, 1.234, 40)


class FakeTelemetry:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[tuple[LogTarget, str]] = []
        self.emitted: list[Point] = []
        self.traced: list[dict[str, Any]] = []
        self.traces = True
        self._sources: list[Callable[[], None]] = []

    def segments(self, account: str, region: str, documents: list[dict[str, Any]]) -> None:
        self.traced += documents

    def lines(self, target: LogTarget, lines: list[tuple[int, str]]) -> None:
        self.written += [(target, text) for _, text in lines]

    def points(self, account: str, region: str, points: list[Point]) -> None:
        self.emitted += points

    def gather(self, source: Callable[[], None]) -> Callable[[], None]:
        self._sources.append(source)
        return lambda: None

    async def flush(self) -> None:
        for source in self._sources:
            source()

    def sum_of(self, metric: str, **dimensions: str) -> float:
        wanted = tuple(dimensions.items())
        found = [p for p in self.emitted if p.name == metric and p.dimensions == wanted]
        return sum(point.value * point.count for point in found)


class FakeSessions:
    def __init__(self) -> None:
        self.issued: list[Principal] = []

    def issue(self, principal: Principal, *, duration_s: int) -> SessionCredentials:
        self.issued.append(principal)
        return SessionCredentials("ASIAEXAMPLE", "secret", "token", duration_s)

    def open(self, access_key_id: str, session_token: str) -> KeyFound | None:
        return None


def build(house: Any) -> lambda_.Lambda:
    """Lambda in a house that has a folder, a pool, telemetry, sessions and settings."""
    return lambda_.Lambda(
        store=house.store,
        blobs=FileBlobs(house.folder / "blobs"),
        clock=house.clock,
        ids=house.ids,
        lanes=house.lanes,
        secrets=house.secrets,
        pool=house.pool,
        telemetry=house.telemetry,
        sessions=house.sessions,
        code_dir=house.folder / "code",
        settings=house.settings,
        calls=house.calls,
    )


class LambdaHouse(House):
    """A house with Lambda alone."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.pool = FakePool()
        self.telemetry = FakeTelemetry()
        self.sessions = FakeSessions()
        self.folder = folder
        self.settings = settings or Settings()
        super().__init__({lambda_.SERVICE: build})

    @property
    def state(self) -> lambda_.Lambda:
        state: lambda_.Lambda = self.states["lambda"]
        return state

    async def do(self, operation: str, /, **params: Any) -> dict[str, Any]:
        return await self.call("lambda", operation, params)

    async def refuses(self, operation: str, /, **params: Any) -> tuple[str, str]:
        """The code and message of the error that an operation answers with."""
        error = await self.fails("lambda", operation, params)
        return error.code, error.message

    async def create(self, name: str = "f", **more: Any) -> dict[str, Any]:
        """Create a function and let it settle."""
        answer = await self.do("CreateFunction", **(creation(name) | more))
        await self.settled(name)
        return answer

    async def settled(self, name: str = "f", qualifier: str | None = None) -> dict[str, Any]:
        params = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})

        async def settled() -> dict[str, Any] | None:
            found = await self.do("GetFunctionConfiguration", **params)
            moving = found["State"] == "Pending" or found.get("LastUpdateStatus") == "InProgress"
            return None if moving else found

        found: dict[str, Any] = await until(settled)
        return found

    async def invoke(self, name: str = "f", event: Any = None, **more: Any) -> dict[str, Any]:
        payload = b"" if event is None else json.dumps(event).encode()
        return await self.do("Invoke", FunctionName=name, Payload=payload, **more)


def creation(name: str = "f", code: str = CODE) -> dict[str, Any]:
    """What CreateFunction is sent."""
    return {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": pack({"index.py": code})},
    }


def pack(files: dict[str, str | bytes], links: dict[str, str] | None = None) -> bytes:
    """A zip of files, and of symbolic links."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    return content.getvalue()


@asynccontextmanager
async def functions(settings: Settings | None = None) -> AsyncIterator[LambdaHouse]:
    """A Lambda in a folder that ends with it."""
    with tempfile.TemporaryDirectory() as folder:
        async with LambdaHouse(Path(folder), settings) as house:
            yield house
