"""Servers on a free port for unmodified boto3 clients.

boto3 blocks, so a server lives on a loop of its own thread. `Served` puts any handler there; `Wire` is a house of services
behind fogbank's own pipeline. The whole program, functions and all, is `fogbank.testing.Fogbank`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import fields
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

import boto3
import uvloop
from botocore.config import Config

from fogbank.auth.authenticate import Authenticator
from fogbank.auth.keyring import Keyring
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import Clock, RealClock, VirtualClock
from fogbank.core.config import AuthMode
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.edge.hosts import Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Handler, Server
from fogbank.edge.tls import LocalTls
from fogbank.model.calls import Calls
from fogbank.model.principal import KeyRing
from fogbank.protocol import Router
from tests.support.house import House
from tests.support.services import APIGATEWAY, IAM, LOGS

T = TypeVar("T")
LIMIT_S = 30


def _never(*_: object) -> Any:
    raise AssertionError("not part of this server")


def pipeline(
    calls: Calls,
    keys: KeyRing,
    clock: Clock,
    ids: Ids,
    *,
    mode: AuthMode = AuthMode.OPEN,
    wall: Clock | None = None,
    callbacks: Callbacks | None = None,
    guarded: bool = True,
    **options: Any,
) -> Pipeline:
    """The pipeline over mounted services. `wall` is the clock that signatures are checked by."""
    return Pipeline(
        router=Router(calls.services),
        authenticator=Authenticator(keys, mode, clock, wall or clock),
        calls=calls,
        ids=ids,
        hosts=Hosts(("127.0.0.1",), guarded=guarded),
        mode=mode,
        callbacks=callbacks or Callbacks(**{each.name: _never for each in fields(Callbacks)}),
        **options,
    )


class Served:
    """A handler on a free port; `client` gives boto3 clients of it. Use it as a context manager."""

    def __init__(self, handler: Handler, *, tls: LocalTls | None = None) -> None:
        self.handler, self.tls = handler, tls
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="served", daemon=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_S)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.open())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def open(self) -> None:
        self._lanes = Lanes()
        self._server = Server(self.handler, self._lanes, RealClock(), tls=self.tls)
        self.port = await self._server.start("127.0.0.1", 0)

    async def close(self) -> None:
        await self._server.close(grace_s=1.0)
        await self._lanes.close()

    def client(
        self,
        service: str,
        key: str = "000000000000",
        secret: str = "fogbank",
        token: str | None = None,
        *,
        region: str = "us-east-1",
        scheme: str = "http",
    ) -> Any:
        """A boto3 client without retries. A key of 12 digits is an account."""
        return boto3.client(
            service,
            endpoint_url=f"{scheme}://localhost:{self.port}",
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            verify=str(self.tls.ca_file) if self.tls is not None else None,
            config=Config(
                retries={"max_attempts": 0},
                connect_timeout=10,
                read_timeout=LIMIT_S,
                inject_host_prefix=False,
            ),
        )


class Wire(Served):
    """Logs, CloudWatch, IAM, STS and API Gateway behind a server, on a clock that stands on today until a test moves it.

    All tests of a session share one, each in an account of its own.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(_never)
        self._folder = folder
        self._accounts = count(100_000_000_001)

    async def open(self) -> None:
        self.house = house = House(LOGS | IAM | APIGATEWAY, clock=VirtualClock(RealClock().now_ms()))
        await house.__aenter__()

        async def user_key(access_key_id: str) -> Any:
            return await house.internal("iam", "find_access_key", access_key_id=access_key_id)

        sessions = Sessions(house.secrets, house.clock, house.ids)
        keyring = Keyring(sessions, self._folder, user_key, house.clock, house.ids, enforced=False)
        await keyring.start()
        self.handler = pipeline(house.calls, keyring, house.clock, house.ids, wall=RealClock()).handle
        await super().open()

    async def close(self) -> None:
        await super().close()
        await self.house.__aexit__()

    def new_account(self) -> str:
        return str(next(self._accounts))

    def advance(self, seconds: float) -> None:
        self.run(self.house.clock.advance_ms(round(seconds * 1000)))
