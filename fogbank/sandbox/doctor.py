"""What this machine offers for running functions, found by trying it: one zygote is started and ended."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from fogbank.core.clock import RealClock
from fogbank.core.errors import ConfigError, SandboxError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import Credentials, FunctionConfig, SandboxSettings
from fogbank.sandbox.outbound import find_slirp
from fogbank.sandbox.pool import EnvironmentPool
from fogbank.sandbox.runtimes import Runtimes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `follows` says what it means for the user; empty when all is well."""

    what: str
    ok: bool
    found: str
    follows: str


CONSEQUENCES = {
    "namespaces": "functions run as plain processes, WITHOUT isolation: run only code you trust",
    "user namespaces": "functions share a user namespace with fogbank; the other walls stand",
    "cgroup": "memory is watched instead of limited by the kernel, and processes are stopped by signals",
    "seccomp": "system calls of functions are not filtered",
}


class _NoPlatform:
    """Nothing is invoked while examining."""

    async def credentials(self, config: FunctionConfig) -> Credentials:
        raise SandboxError("no function runs while examining")

    def endpoint_url(self) -> str:
        return ""

    async def adopt(self, listener: socket, config: FunctionConfig) -> Callable[[], Awaitable[None]]:
        raise SandboxError("no function runs while examining")


async def examine() -> list[Finding]:
    """Try the sandbox on this machine."""
    lanes = Lanes()
    work_dir = Path(tempfile.mkdtemp(prefix="fogbank-doctor-"))
    runtimes = Runtimes()
    pool = EnvironmentPool(SandboxSettings(work_dir), _NoPlatform(), RealClock(), Ids(), lanes, runtimes)
    await pool.open()
    try:
        failure = await _try(pool, runtimes)
        findings = [
            _isolation(what, found) for what, found in pool.isolation().items() if what in CONSEQUENCES
        ]
        findings += _runtimes(pool, failure)
    finally:
        await pool.close()
        await lanes.close()
        shutil.rmtree(work_dir, ignore_errors=True)
    return [*findings, _outbound()]


async def _try(pool: EnvironmentPool, runtimes: Runtimes) -> str:
    newest = runtimes.newest()
    if newest is None:
        return "no Python was found"
    try:
        await pool.warm_runtime(newest)
    except SandboxError as error:
        return str(error)
    return ""


def _outbound() -> Finding:
    try:
        return Finding("slirp4netns", True, find_slirp("auto"), "")
    except ConfigError as error:
        return Finding("slirp4netns", False, "not usable", str(error))


def _isolation(what: str, found: str) -> Finding:
    ok = not found.startswith(("no", "none"))
    return Finding(what, ok, found, "" if ok else CONSEQUENCES[what])


def _runtimes(pool: EnvironmentPool, failure: str) -> list[Finding]:
    if failure:
        return [Finding("runtimes", False, failure, "functions cannot run")]
    return [Finding(row.runtime, True, f"{row.version} ({row.executable})", "") for row in pool.runtimes()]
