"""Makes an environment: everything between a job that needs one and the zygote's fork."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Any

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.limits import (
    ENVIRONMENT_DESCRIPTORS_MAX,
    ENVIRONMENT_PROCESSES_MAX,
    ENVIRONMENT_TMP_FILES_MAX,
)
from fogbank.sandbox.api import FunctionConfig, FunctionNetwork, Platform, SandboxSettings
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.programs import Program, program_of
from fogbank.sandbox.root import bind_flags, late_binds
from fogbank.sandbox.runtime_api_environment import RUNTIME_API_PORT, EnvironmentApi
from fogbank.sandbox.runtimes import Launch
from fogbank.sandbox.variables import TASK_ROOT, function_variables
from fogbank.sandbox.zygote import OWN_FOLDERS, Zygote, python_path

PLATFORM_PORT = 4566  # the platform endpoint inside a network namespace
_FIRST_UID, _UIDS_EACH = 1_000_000_000, 16_384


class Starter:
    """See the module."""

    def __init__(
        self, settings: SandboxSettings, platform: Platform, cgroups: Cgroups, clock: Clock, ids: Ids
    ) -> None:
        self._settings = settings
        self._platform = platform
        self._cgroups = cgroups
        self._clock = clock
        self._ids = ids
        # Host users that nobody else has: another fogbank, or the last one, draws another range.
        self._first_uid = _FIRST_UID + int(ids.hex(4), 16) * _UIDS_EACH
        self._late_binds = [
            (str(bind.host), bind.inside, bind_flags(bind)) for bind in late_binds(settings.binds)
        ]

    def stream_name(self, config: FunctionConfig) -> str:
        """A new log stream: `2026/01/31/[$LATEST]0123…`."""
        day = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).strftime("%Y/%m/%d")
        return f"{day}/[{config.version}]{self._ids.hex(32)}"

    async def start(self, environment: Environment, launch: Launch, zygote: Zygote) -> None:
        """Ask `zygote` for the process of `environment` and join the two ends."""
        credentials = await self._platform.credentials(environment.config)
        own_network = zygote.plan.own_network
        endpoint = f"http://127.0.0.1:{PLATFORM_PORT}" if own_network else self._platform.endpoint_url()
        config = environment.config
        task = TASK_ROOT if zygote.plan.walled else str(config.code)
        path = python_path(zygote.plan, task)
        program = program_of(launch, config, zygote.plan.walled, zygote.plan.root / "runtime", path)
        uid = environment.uid = self._uid(environment, zygote)
        runtime_api = None
        if program is not None and program.http:
            runtime_api = await self._serve_runtime_api(environment, uid, own_network)
        variables = function_variables(config, credentials, environment.stream, endpoint, runtime_api)
        request = self._request(environment, zygote, variables, own_network, uid, path, program)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        read_end, write_end = os.pipe()
        environment.attach(ours, read_end)
        try:
            zygote.fork(request, [theirs.fileno(), write_end])
        finally:
            theirs.close()
            os.close(write_end)

    def _uid(self, environment: Environment, zygote: Zygote) -> int | None:
        """A host user that only this environment has (with what it inherits, it takes its owner over); None where it has
        fogbank's."""
        if environment.uid is not None:
            return environment.uid
        if not zygote.plan.walled or os.geteuid() != 0:
            return None
        return self._first_uid + environment.number % _UIDS_EACH

    async def _serve_runtime_api(self, environment: Environment, uid: int | None, own_network: bool) -> str:
        """Give the environment its HTTP Runtime API; returns its address. On a network of its own, the environment
        opens the listener itself."""
        api = EnvironmentApi(environment, self._clock.now_ms, uid, private=own_network)
        environment.api = api
        if own_network:
            return f"127.0.0.1:{RUNTIME_API_PORT}"
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        await api.start(listener)
        return f"127.0.0.1:{port}"

    def _request(
        self,
        environment: Environment,
        zygote: Zygote,
        variables: dict[str, str],
        own_network: bool,
        uid: int | None,
        path: list[str],
        program: Program | None,
    ) -> dict[str, Any]:
        config, number, walled = environment.config, environment.number, zygote.plan.walled
        limits = [("RLIMIT_NOFILE", ENVIRONMENT_DESCRIPTORS_MAX), ("RLIMIT_CORE", 0)]
        if walled:  # without a user of its own, the limit would count the host's processes
            limits.append(("RLIMIT_NPROC", ENVIRONMENT_PROCESSES_MAX))
        task = TASK_ROOT if walled else str(config.code)
        if not walled:
            variables = {**variables, "LAMBDA_TASK_ROOT": task, "PWD": task}
        groups = self._cgroups.groups(number, config.memory_mb, config.tmp_mb)
        return {
            "id": number,
            "inherits": environment.heir_of,
            "uid": uid,
            "cgroups": [{"dir": group.dir, "writes": group.writes} for group in groups],
            "task": str(config.code),
            "layers": [str(layer) for layer in config.layers],
            "tmp_bytes": config.tmp_mb * 1024 * 1024,
            "tmp_files": ENVIRONMENT_TMP_FILES_MAX,
            "binds": self._late_binds,
            "ports": _ports(environment) if own_network else [],
            "outbound": own_network and self._settings.network is FunctionNetwork.OUTBOUND,
            "limits": limits,
            "variables": variables if program is None else {**variables, **program.variables},
            "handler": config.handler,
            "program": None if program is None else program.request(),
            "python_path": path,
            "own_folders": OWN_FOLDERS,
            "python_argv": ["/var/runtime/bootstrap.py"],
        }


def _ports(environment: Environment) -> list[int]:
    """What the environment opens inside its network namespace: the platform, then its Runtime API."""
    return [PLATFORM_PORT, RUNTIME_API_PORT] if environment.api is not None else [PLATFORM_PORT]
