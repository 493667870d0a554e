"""The composition root: the only place where things are built and joined.

`House` is everything that holds state (store, services, environments); `App.reset` tears it down and builds it anew on
an empty store while the listening socket stays. ARCHITECTURE.md follows one request from here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Any

from fogbank import __version__
from fogbank.auth.authenticate import Authenticator
from fogbank.auth.authorizer import ModeAuthorizer
from fogbank.auth.keyring import Keyring
from fogbank.auth.tokens import Sessions
from fogbank.console.states import PREFIX as CONSOLE
from fogbank.console.states import Console
from fogbank.core.clock import Clock, OffsetClock, RealClock
from fogbank.core.config import AuthMode, Settings
from fogbank.core.errors import ConfigError, StoreError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.edge.hosts import Host, Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.lazy_tls import LazyTls
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Server
from fogbank.edge.usage import KeyUsage
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import KeyFound, Principal, PrincipalType
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.protocol import Router
from fogbank.sandbox.api import Bind, Credentials, FunctionConfig, FunctionNetwork, Pool, SandboxSettings
from fogbank.sandbox.pool import EnvironmentPool
from fogbank.services import apigateway, cloudwatch, iam, lambda_, logs, stepfunctions, sts
from fogbank.store.api import Store
from fogbank.store.blobs import FileBlobs
from fogbank.store.folders import Folders
from fogbank.store.open import open_store
from fogbank.store.secrets import Secrets

log = logging.getLogger("fogbank")

CODE_DOWNLOAD = "/_aws/lambda/code/"
SWITCH_INTERVAL_S = 0.0005


class House:
    """Everything that holds state, for one life of the store."""

    def __init__(self, app: App, folders: Folders) -> None:
        settings, clock, ids = app.settings, app.clock, app.ids
        self.lanes = Lanes()
        self.secrets = Secrets.in_memory() if folders.temporary else Secrets.in_folder(folders.root)
        self.store: Store = open_store(settings.store_url or folders.store, clock, self.lanes)
        self.blobs = FileBlobs(folders.blobs)
        self.sessions = Sessions(self.secrets, clock, ids)
        enforced = settings.auth_mode is AuthMode.ENFORCE
        self.keyring = Keyring(self.sessions, folders.root, self._user_key, clock, ids, enforced=enforced)
        self.calls = Calls(ModeAuthorizer(settings.auth_mode))
        self.telemetry = TelemetryBatcher(self.calls, clock, ids, self.lanes)
        self.work_dir = Path(tempfile.mkdtemp(prefix="fogbank-run-"))
        sandbox = sandbox_settings(settings, self.work_dir)
        self.pool: Pool = EnvironmentPool(sandbox, HousePlatform(app, self), clock, ids, self.lanes)
        self.functions = lambda_.Lambda(
            store=self.store,
            blobs=self.blobs,
            clock=clock,
            ids=ids,
            lanes=self.lanes,
            secrets=self.secrets,
            pool=self.pool,
            telemetry=self.telemetry,
            sessions=self.sessions,
            code_dir=folders.code,
            settings=settings,
        )
        self._states: list[tuple[Any, Any]] = [
            (
                logs.SERVICE,
                logs.Logs(store=self.store, clock=clock, ids=ids, lanes=self.lanes, calls=self.calls),
            ),
            (
                cloudwatch.SERVICE,
                cloudwatch.CloudWatch(store=self.store, clock=clock, ids=ids, lanes=self.lanes),
            ),
            (iam.SERVICE, iam.Iam(store=self.store, clock=clock, ids=ids, secrets=self.secrets)),
            (sts.SERVICE, sts.Sts(store=self.store, clock=clock, ids=ids, sessions=self.sessions)),
            (lambda_.SERVICE, self.functions),
            (
                apigateway.SERVICE,
                apigateway.ApiGateway(
                    store=self.store,
                    clock=clock,
                    ids=ids,
                    lanes=self.lanes,
                    calls=self.calls,
                    secrets=self.secrets,
                    telemetry=self.telemetry,
                ),
            ),
            (
                stepfunctions.SERVICE,
                stepfunctions.StepFunctions(
                    store=self.store,
                    clock=clock,
                    ids=ids,
                    lanes=self.lanes,
                    calls=self.calls,
                    telemetry=self.telemetry,
                    settings=settings,
                ),
            ),
        ]
        for service, state in self._states:
            self.calls.mount(service, state)

    async def start(self) -> None:
        """Open the store, then everything that stands on it. Raises ConfigError."""
        await self.store.open()
        await self.blobs.clean_up()
        await self.keyring.start()
        self.store.watch_records(("iam",), self.keyring.forget_all)
        await self.pool.open()
        for _, state in self._states:
            await state.start()
        self.telemetry.start()

    async def close(self, *, wipe: bool = False) -> None:
        """Finish what was accepted, end every environment, close the store; `wipe`: empty it first."""
        await self.telemetry.flush()
        for _, state in reversed(self._states):
            try:
                await state.close()
            except StoreError as error:  # a full disk must not keep the environments and the rest from ending
                log.error("%s could not write its last: %s", type(state).__name__, error)
        await self.pool.close()
        await self.telemetry.flush()
        await self.lanes.close()
        if wipe:
            await self.store.clear()
        await self.store.close()
        shutil.rmtree(self.work_dir, ignore_errors=True)

    async def _user_key(self, access_key_id: str) -> KeyFound | None:
        """A long-term key that IAM gave out, in whichever account."""
        caller = Caller("", "", Principal(PrincipalType.SERVICE, "", "fogbank", "fogbank"), "")
        found: KeyFound | None = await self.calls.internal(
            "iam", "find_access_key", caller, access_key_id=access_key_id
        )
        return found


class HousePlatform:
    """What the sandbox needs of the house (`sandbox.api.Platform`)."""

    def __init__(self, app: App, house: House) -> None:
        self._app = app
        self._house = house

    async def credentials(self, config: FunctionConfig) -> Credentials:
        return await self._house.functions.credentials(config)

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
        tls = LazyTls(self._folders.root, self.settings.host, self.wall)
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
            self._lanes.spawn("tls", asyncio.to_thread(tls.prepare))
        except BaseException:
            await self.server.close(grace_s=0)
            self._folders.close()
            raise

    async def close(self) -> None:
        """Serve what is under way, then end cleanly."""
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
        self.house = house = House(self, self._folders)
        await house.start()
        self.server.handler = Pipeline(
            router=Router(house.calls.services),
            authenticator=Authenticator(house.keyring, self.settings.auth_mode, self.clock, self.wall),
            calls=house.calls,
            ids=self.ids,
            hosts=Hosts((self.settings.host,), guarded=self.settings.loopback),
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
            pages={CONSOLE: Console(house.calls, self.ids).handle},
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


def sandbox_settings(settings: Settings, work_dir: Path) -> SandboxSettings:
    """The start options that concern functions. Raises ConfigError."""
    default = FunctionNetwork.HOST if settings.loopback else FunctionNetwork.NONE
    network = FunctionNetwork(settings.function_network) if settings.function_network else default
    return SandboxSettings(
        work_dir=work_dir,
        network=network,
        binds=tuple(parse_bind(text) for text in settings.binds),
        idle_s=settings.environment_idle_s,
        isolation=settings.isolation,
    )


def parse_bind(text: str) -> Bind:
    """`HOST[:INSIDE[:ro]]`. Raises ConfigError."""
    host, _, rest = text.partition(":")
    inside, _, mode = rest.partition(":")
    if mode not in ("", "ro", "rw"):
        raise ConfigError(f"--bind {text}: {mode} is neither ro nor rw")
    path = Path(host).absolute()
    if not path.is_dir():
        raise ConfigError(f"--bind {text}: {path} is not a folder")
    return Bind(path, inside or str(path), mode == "ro")
