"""A fogbank on an event loop of its own thread, for synchronous tests with real clients on a real port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import uvloop

from fogbank.app import App
from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION, Settings

T = TypeVar("T")
START_LIMIT_S = 30.0


class Fogbank:
    """One running fogbank; use it as a context manager."""

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        # Several test processes run side by side: the well-known port is nobody's.
        self.settings = replace(settings, port=0) if settings.port == DEFAULT_PORT else settings
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fogbank", daemon=True)
        self.app = App(self.settings)
        self._session: Any = None
        self._session_lock = threading.Lock()

    def __enter__(self) -> Fogbank:
        self._thread.start()
        self.run(self.app.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.app.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_LIMIT_S)
        self._loop.close()

    @property
    def url(self) -> str:
        return self.app.url

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_LIMIT_S)

    def client(
        self, service: str, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **more: Any
    ) -> Any:
        """A boto3 client of any account and region, without retries."""
        import boto3
        from botocore.config import Config

        config = Config(retries={"max_attempts": 1}, inject_host_prefix=False, read_timeout=60).merge(
            more.pop("config", Config())
        )
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "fogbank"} | more
        where = {"endpoint_url": self.url, "region_name": region}
        with (
            self._session_lock
        ):  # one session for all, which reads each service's model once; but it is not thread-safe
            self._session = self._session or boto3.Session()
            return self._session.client(service, config=config, **where, **keys)

    def advance(self, seconds: float) -> None:
        """Let time pass: timers, retries, retention and idle expiry act."""

        async def move() -> None:
            self.app.clock.advance_ms(round(seconds * 1000))

        self.run(move())

    def reset(self) -> None:
        """Delete everything."""
        self.run(self.app.reset())

    def flush(self) -> None:
        """Return when every log line and metric point handed over so far can be read."""
        self.run(self.app.house.telemetry.flush())
