"""One fogbank: the listening socket and what it serves.

`House` is everything that holds state; `App.reset` tears it down and builds it anew on an empty store while the socket stays.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from socket import socket
from typing import Any

from fogbank import __version__
from fogbank.app.house import House, new_work_dir
from fogbank.app.replication import PATH as REPLICATION
from fogbank.app.replication import ReplicationPage
from fogbank.app.sandbox import sandbox_settings
from fogbank.auth.authenticate import Authenticator
from fogbank.console.states import PREFIX as CONSOLE
from fogbank.console.states import Console
from fogbank.core.clock import Clock, OffsetClock, RealClock
from fogbank.core.config import AuthMode, Settings
from fogbank.core.errors import ConfigError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.edge.hosts import Host, HostKind, Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.lazy_tls import LazyTls, Truststores
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Server
from fogbank.edge.service_requests import ServiceRequests
from fogbank.edge.usage import KeyUsage
from fogbank.protocol import Router
from fogbank.sandbox.api import Credentials, FunctionConfig
from fogbank.store.folders import Folders

log = logging.getLogger("fogbank")

CODE_DOWNLOAD = "/_aws/lambda/code/"
SWITCH_INTERVAL_S = 0.0005


class HousePlatform:
    """What the sandbox needs of the house (`sandbox.api.Platform`)."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def credentials(self, config: FunctionConfig) -> Credentials:
        issued: Credentials = await self._app.house.functions.credentials(config)
        return issued

    def endpoint_url(self) -> str:
        return self._app.url

    async def adopt(self, listener: socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        served = await self._app.server.serve_socket(listener, config)

        async def end() -> None:
            served.close()

        return end


class App:
    """One fogbank: a listening server over a house."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.wall = clock or RealClock()
        self.clock = OffsetClock(self.wall)
        self.ids = Ids()
        self._port = settings.port
        self._started_s = self.wall.monotonic_s()

    async def start(self) -> None:
        """Serve. Raises ConfigError for whatever does not let it."""
        # The store's writer thread takes the interpreter for microseconds; 5 ms of waiting for it would be its commit time.
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._folders = Folders(self.settings.data_dir)
        self.settings = replace(self.settings, node=self._folders.node(self.ids))
        self._lanes = Lanes()
        tls = LazyTls(self._folders.root, self.settings.host, self.wall, self._truststores)
        if not self.settings.loopback:
            tls.prepare()  # strangers come by TLS: what is wrong with its files is to be known at the start
        self.server = Server(self._not_yet, self._lanes, self.wall, tls=tls)
        try:
            self._port = await self.server.start(self.settings.host, self.settings.port)
        except OSError as error:
            self._folders.close()
            raise ConfigError(
                f"cannot listen on {self.settings.host}:{self.settings.port}: {error.strerror or error}"
            ) from error
        try:
            await self._move_in()
            self._lanes.spawn("tls", tls.make_files())
        except BaseException:
            await self.server.close(grace_s=0)
            self._folders.close()
            raise

    async def close(self) -> None:
        """Serve what is under way, then end cleanly."""
        self.house.hang_up()
        await self.server.close()
        await self.house.close()
        await self._lanes.close()
        self._folders.close()

    async def reset(self) -> None:
        """Delete everything but the keys, and go on empty."""
        self.server.handler = self._not_yet
        await self.house.close(wipe=True)
        for folder in (self._folders.blobs, self._folders.code):
            shutil.rmtree(folder, ignore_errors=True)
        await self._move_in()

    def _truststores(self) -> Truststores | None:
        """None before there is a house; whoever comes then shows no certificate, and is refused where one is needed."""
        return self.house.apis if hasattr(self, "house") else None

    @property
    def url(self) -> str:
        """Where clients on this machine reach it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.settings.host, self.settings.host)
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self._port}"

    def banner(self) -> list[str]:
        """What an operator should know at the start."""
        lines = [f"data in {'memory' if self._folders.temporary else self._folders.root}"]
        if self.settings.auth_mode is AuthMode.ENFORCE:
            lines.append(f"signatures are enforced; root's key is in {self.house.keyring.root_file}")
        return lines

    async def _move_in(self) -> None:
        sandbox = sandbox_settings(self.settings, new_work_dir())
        self.house = house = House(
            self.settings, self._folders, self.clock, self.ids, HousePlatform(self), sandbox
        )
        await house.start()
        router = Router(house.calls.services)
        authenticator = Authenticator(house.keyring, self.settings.auth_mode, self.clock, self.wall)
        house.wire.connect(ServiceRequests(router, authenticator, house.calls))
        self._urls = house.function_urls()
        apis = house.apis
        self.server.handler = Pipeline(
            router=router,
            authenticator=authenticator,
            calls=house.calls,
            ids=self.ids,
            hosts=Hosts((self.settings.host,), guarded=self.settings.loopback, custom=apis),
            mode=self.settings.auth_mode,
            callbacks=Callbacks(
                health=self._health,
                status=self._status,
                reset=self.reset,
                now_ms=self.clock.now_ms,
                offset_ms=lambda: self.clock.offset_ms,
                advance_ms=self.clock.advance_ms,
            ),
            usage=KeyUsage(house.calls, self.clock, house.lanes),
            paths={CODE_DOWNLOAD: self._download_code},
            kinds={
                HostKind.EXECUTE_API: apis.handle,
                HostKind.CUSTOM: apis.handle,
                HostKind.LAMBDA_URL: self._function_url,
            },
            apis=apis.handle,
            pages={
                CONSOLE: Console(house.calls, self.ids).handle,
                REPLICATION: ReplicationPage(house.calls, self.ids).handle,
            },
        ).handle

    async def _not_yet(self, request: Request) -> Response:
        return Response(
            503, [("content-type", "application/json"), ("retry-after", "1")], b'{"status":"starting"}'
        )

    async def _download_code(self, request: Request, host: Host, request_id: str) -> Response:
        """A code package, by the link that GetFunction and GetLayerVersion gave."""
        content = await self.house.functions.code_download(
            request.path.removeprefix(CODE_DOWNLOAD), request.query
        )
        if content is None:
            return Response(
                403,
                [("content-type", "application/json")],
                b'{"message":"The link is not valid or has expired"}',
            )
        return Response(200, [("content-type", "application/zip")], content)

    async def _function_url(self, request: Request, host: Host, request_id: str) -> Response:
        """A request to a function, by its URL."""
        return await self._urls.handle(request, host.label, host.name, request_id)

    def _health(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "version": __version__,
            "pid": os.getpid(),
            "services": sorted(self.house.calls.services),
        }

    def _status(self) -> dict[str, Any]:
        return self._health() | {
            "uptime_s": self.wall.monotonic_s() - self._started_s,
            "data": "memory" if self._folders.temporary else str(self._folders.root),
            "run_dir": str(self.house.work_dir),
            "auth": self.settings.auth_mode.value,
            "isolation": self.house.pool.isolation(),
            "environments": self.house.pool.environments(),
            "connections": self.server.connections,
        }
