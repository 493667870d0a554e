"""CloudWatch Logs and CloudWatch behind a real server on a free port, for unmodified boto3 clients.

The house lives in a thread with a loop of its own, because boto3 blocks. Its services run on a clock that stands on today
until a test moves it. Each test gets an account of its own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from fogbank.auth.authenticate import Authenticator
from fogbank.auth.keyring import Keyring
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import RealClock, VirtualClock
from fogbank.core.config import AuthMode
from fogbank.edge.hosts import Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Server
from fogbank.protocol import Router
from fogbank.services import cloudwatch, logs
from fogbank.store.sqlite import SqliteStore
from tests.support.house import House

T = TypeVar("T")
LIMIT_S = 30


def logs_house(seed: int = 1) -> House:
    """Both services without sockets."""
    return House(
        {
            cloudwatch.SERVICE: lambda h: cloudwatch.CloudWatch(
                store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes
            ),
            logs.SERVICE: lambda h: logs.Logs(store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes),
        },
        seed=seed,
    )


class Wire:
    """A running server; `client` gives boto3 clients of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="logs-wire")
        self._accounts = 100_000_000_000
        self.house: House
        self._server: Server
        self.url = ""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_S)

    def __enter__(self) -> Wire:
        self._thread.start()
        self.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self.house = house = logs_house()
        house.clock = VirtualClock(int(time.time() * 1000))
        house.store = SqliteStore(None, house.clock, house.lanes)
        await house.__aenter__()

        async def no_key(_access_key_id: str) -> Any:
            return None

        sessions = Sessions(house.secrets, house.clock, house.ids)
        keyring = Keyring(sessions, self._folder, no_key, house.clock, house.ids, enforced=False)
        await keyring.start()

        async def never() -> None:
            raise AssertionError("not part of this server")

        pipeline = Pipeline(
            router=Router(house.calls.services),
            authenticator=Authenticator(keyring, AuthMode.OPEN, house.clock, RealClock()),
            calls=house.calls,
            ids=house.ids,
            hosts=Hosts(("127.0.0.1",), guarded=True),
            mode=AuthMode.OPEN,
            callbacks=Callbacks(
                **{field.name: never for field in fields(Callbacks)}  # none of them is part of this server
            ),
        )
        self._server = Server(pipeline.handle, house.lanes, RealClock())
        self.url = f"http://127.0.0.1:{await self._server.start('127.0.0.1', 0)}"

    async def _close(self) -> None:
        await self._server.close(grace_s=1.0)
        await self.house.__aexit__()

    def new_account(self) -> str:
        self._accounts += 1
        return str(self._accounts)

    def advance(self, seconds: float) -> None:
        self.run(self.house.clock.advance_ms(round(seconds * 1000)))

    def client(self, service: str, account: str = "000000000000", **more: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="fogbank",
            config=Config(
                retries={"max_attempts": 0},
                connect_timeout=10,
                read_timeout=LIMIT_S,
                inject_host_prefix=False,
            ),
            **more,
        )
