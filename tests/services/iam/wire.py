"""IAM and STS behind a real server on a free port, for unmodified boto3 clients.

The house lives in a thread with a loop of its own, because boto3 blocks. Its services run on a virtual clock.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from fogbank.auth.authenticate import Authenticator
from fogbank.auth.keyring import Keyring
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import RealClock
from fogbank.core.config import AuthMode
from fogbank.edge.hosts import Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Server
from fogbank.protocol import Router
from fogbank.services import iam, sts
from tests.support.house import House


def _never(*_: Any) -> Any:
    raise AssertionError("not part of this server")


def iam_house() -> House:
    """IAM and STS without sockets."""
    return House(
        {
            iam.SERVICE: lambda h: iam.Iam(store=h.store, clock=h.clock, ids=h.ids, secrets=h.secrets),
            sts.SERVICE: lambda h: sts.Sts(
                store=h.store, clock=h.clock, ids=h.ids, sessions=Sessions(h.secrets, h.clock, h.ids)
            ),
        }
    )


class Wire:
    """A running server; `client` gives boto3 clients of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="iam-wire", daemon=True)
        self.house: House
        self._server: Server
        self.url = ""

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

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
        self.house = house = iam_house()
        await house.__aenter__()
        sessions = house.states["sts"].sessions

        async def find_user_key(access_key_id: str) -> Any:
            return await house.internal("iam", "find_access_key", access_key_id=access_key_id)

        keyring = Keyring(sessions, self._folder, find_user_key, house.clock, house.ids, enforced=False)
        await keyring.start()

        pipeline = Pipeline(
            router=Router(house.calls.services),
            authenticator=Authenticator(keyring, AuthMode.OPEN, house.clock, RealClock()),
            calls=house.calls,
            ids=house.ids,
            hosts=Hosts(("127.0.0.1",), guarded=True),
            mode=AuthMode.OPEN,
            callbacks=Callbacks(**{each.name: _never for each in fields(Callbacks)}),
        )
        self._server = Server(pipeline.handle, house.lanes, house.clock)
        self.url = f"http://127.0.0.1:{await self._server.start('127.0.0.1', 0)}"

    async def _close(self) -> None:
        await self._server.close(grace_s=1.0)
        await self.house.__aexit__()

    def client(
        self, service: str, key: str = "000000000000", secret: str = "x", token: str | None = None
    ) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}, connect_timeout=10, read_timeout=30),
        )
