"""What an environment is joined to beside its channel: the platform endpoint, its Runtime API, the world.

All three hang on sockets that it opened inside its own network namespace and handed over when it began; on the host's
network there are none, and nothing to do here.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from fogbank.core.errors import SandboxError
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import Platform
from fogbank.sandbox.environment import Environment
from fogbank.sandbox.lifecycle import GONE
from fogbank.sandbox.outbound import Outbound, Uplink


class Hand(Protocol):
    """What the pool does when a link fails."""

    def broken(self, environment: Environment, reason: str) -> None:
        """It cannot be given what it was promised."""


class Links:
    """See the module. `outbound` is None unless functions are to reach the world through a namespace of their own."""

    def __init__(self, platform: Platform, lanes: Lanes, outbound: Outbound | None, hand: Hand) -> None:
        self._platform = platform
        self._lanes = lanes
        self._outbound = outbound
        self._hand = hand
        self._unserve: dict[int, Callable[[], Awaitable[None]]] = {}
        self._closing = False

    def join(self, environment: Environment, listeners: list[socket.socket]) -> None:
        """Join it to what listens on `listeners`, in the order they were asked for: the platform, then its Runtime API."""
        if self._outbound is not None and listeners:
            try:
                uplink = self._outbound.connect(environment.number, listeners[0])
            except OSError as error:
                for listener in listeners:
                    listener.close()
                self._hand.broken(environment, f"its network: {error}")
                return
            self._lanes.spawn("sandbox uplink", self._connect(environment, uplink))
        if environment.api is not None and listeners:
            self._lanes.spawn("sandbox runtime api", environment.api.start(listeners.pop()))
        for listener in listeners:
            self._lanes.spawn("sandbox adopt", self._adopt(environment, listener))

    def leave(self, environment: Environment) -> None:
        """It has ended."""
        if self._outbound is not None:
            self._outbound.disconnect(environment.number)
        if not self._closing and (unserve := self._unserve.pop(environment.number, None)) is not None:
            self._lanes.spawn("sandbox unserve", _call(unserve))

    def stop(self) -> None:
        """All are about to leave: `close`, which can be waited for, will serve them no more."""
        self._closing = True

    async def close(self) -> None:
        """Undo every link; all environments have left."""
        for unserve in list(self._unserve.values()):
            await unserve()
        if self._outbound is not None:
            await self._outbound.close()

    async def _adopt(self, environment: Environment, listener: socket.socket) -> None:
        unserve = await self._platform.adopt(listener, environment.config)
        if environment.state in GONE:
            await unserve()
        else:
            self._unserve[environment.number] = unserve

    async def _connect(self, environment: Environment, uplink: Uplink) -> None:
        try:
            await uplink.ready()
        except SandboxError as error:
            if environment.state not in GONE:
                self._hand.broken(environment, str(error))
        else:
            environment.proceed()


async def _call(function: Callable[[], Awaitable[None]]) -> None:
    await function()
