"""The zygotes of one node: one for each runtime in use, made when first wanted, dropped when nobody wants it."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from fogbank.core.clock import Clock
from fogbank.core.errors import ConfigError, SandboxError
from fogbank.sandbox import seccomp
from fogbank.sandbox.api import FunctionNetwork, SandboxSettings
from fogbank.sandbox.cgroups import Cgroups
from fogbank.sandbox.root import root_tree
from fogbank.sandbox.runtimes import Launch, Runtimes
from fogbank.sandbox.zygote import Listener, NoNamespaces, Plan, Zygote

log = logging.getLogger("fogbank.sandbox")


class Nursery:
    """See the module. Decides, once, whether this machine gives namespaces."""

    def __init__(
        self,
        settings: SandboxSettings,
        runtimes: Runtimes,
        cgroups: Cgroups,
        listener: Listener,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._settings = settings
        self._runtimes = runtimes
        self._cgroups = cgroups
        self._listener = listener
        self._clock = clock
        self._loop = loop
        self._zygotes: dict[str, Zygote] = {}
        self._starting: dict[str, asyncio.Lock] = {}
        self._making: set[Zygote] = set()
        self._closing = False
        self._serial = 0
        self._walled: bool | None = False if settings.isolation == "none" else None
        self.why_plain = "plain processes were asked for" if settings.isolation == "none" else ""
        machine = os.uname().machine
        self._seccomp = seccomp.assemble(machine) if _linux() and seccomp.supported(machine) else b""

    @property
    def walled(self) -> bool | None:
        """Whether environments get namespaces; None while that is not known yet."""
        return self._walled

    @property
    def filters_calls(self) -> bool:
        return bool(self._seccomp)

    @property
    def user_namespaces(self) -> bool:
        return any(zygote.user_namespace for zygote in self._zygotes.values())

    def zygotes(self) -> list[Zygote]:
        return list(self._zygotes.values())

    async def get(self, launch: Launch) -> Zygote:
        """The zygote of `launch`, made if need be. Raises SandboxError."""
        zygote = self._zygotes.get(launch.zygote)
        if zygote is not None and zygote.alive:
            return zygote
        lock = self._starting.setdefault(launch.zygote, asyncio.Lock())
        async with lock:
            zygote = self._zygotes.get(launch.zygote)
            if zygote is None or not zygote.alive:
                zygote = self._zygotes[launch.zygote] = await self._make(launch)
            return zygote

    async def _make(self, launch: Launch) -> Zygote:
        if self._walled is not False:
            if not _linux():
                self._settle_for_plain("this is not Linux")
            else:
                try:
                    zygote = await self._started(self._plan(launch, walled=True))
                except NoNamespaces as error:
                    self._settle_for_plain(str(error))
                else:
                    self._walled = True
                    return zygote
        return await self._started(self._plan(launch, walled=False))

    async def _started(self, plan: Plan) -> Zygote:
        if self._closing:
            raise SandboxError("fogbank is stopping")
        zygote = Zygote(plan, self._listener, self._loop)
        self._making.add(zygote)
        try:
            await zygote.start()
        except BaseException:  # cancelled too: nobody else knows of it
            await zygote.close()
            raise
        finally:
            self._making.discard(zygote)
        zygote.idle_since_s = self._clock.monotonic_s()
        return zygote

    def _settle_for_plain(self, reason: str) -> None:
        outbound = self._settings.network is FunctionNetwork.OUTBOUND
        if self._settings.isolation not in ("auto", "none") or outbound:
            raise ConfigError(f"functions cannot be isolated on this machine: {reason}")
        self._walled, self.why_plain = False, reason
        log.warning(
            "functions run as plain processes, without isolation and on the host's network: %s", reason
        )

    def _plan(self, launch: Launch, walled: bool) -> Plan:
        self._serial += 1
        root = self._settings.work_dir / "roots" / f"z{self._serial}"
        root.mkdir(parents=True, exist_ok=True)
        # Only a zygote that preloads has it, and unmounts it before it forks.
        pycache = _writable(self._runtimes.cache / "pycache" / launch.zygote) if launch.preload else None
        tree = (
            root_tree(root, launch, self._settings.binds, self._settings.network, pycache) if walled else []
        )
        return Plan(
            launch,
            walled,
            walled and self._settings.network is not FunctionNetwork.HOST,
            root,
            tuple(tree),
            self._seccomp,
            pycache,
            self._cgroups.folders(),
        )

    def forget(self, zygote: Zygote) -> None:
        """It died."""
        name = zygote.plan.launch.zygote
        if self._zygotes.get(name) is zygote:
            del self._zygotes[name]

    async def drop_idle(self) -> None:
        """End the zygotes that have had no environment for `zygote_idle_s`."""
        now_s = self._clock.monotonic_s()
        for zygote in self.zygotes():
            if zygote.environments:
                zygote.idle_since_s = now_s
            elif zygote.alive and now_s - zygote.idle_since_s >= self._settings.zygote_idle_s:
                self.forget(zygote)
                await zygote.close()

    async def close(self) -> None:
        self._closing = True
        await asyncio.gather(*(zygote.close() for zygote in [*self.zygotes(), *self._making]))
        self._zygotes.clear()


def _linux() -> bool:
    return os.uname().sysname == "Linux"


def _writable(folder: Path) -> Path | None:
    """`folder`, made; None when it cannot be: compiled files are then not kept."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder
