"""Who an environment talks to about itself: the owner that decides about it, and the Runtime API of its program."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Protocol

from fogbank.sandbox import outcomes
from fogbank.sandbox.api import Invocation
from fogbank.sandbox.job import Job

if TYPE_CHECKING:
    from fogbank.sandbox.environment import Environment


class Api(Protocol):
    """The Runtime API of an environment whose program speaks HTTP (`runtime_api_environment.EnvironmentApi`)."""

    async def start(self, listener: socket.socket) -> None: ...

    def deliver(self, invocation: Invocation, timeout_ms: int) -> None: ...

    def close(self) -> None: ...


class Owner(Protocol):
    """Who decides about environments."""

    def wrapped_up(self, environment: Environment) -> None:
        """It answered earlier, finished what it had left to do, and asks for more."""

    def begun(self, environment: Environment, listeners: list[socket.socket]) -> None:
        """It is walled in and starts its init."""

    def ready(self, environment: Environment) -> None:
        """Init is complete."""

    def answered(self, environment: Environment, job: Job, outcome: outcomes.Outcome) -> None:
        """It answered its invocation and is idle."""

    def init_failed(self, environment: Environment, document: bytes) -> None:
        """Its runtime reported an init error; it is about to exit."""

    def unstarted(self, environment: Environment, reason: str) -> None:
        """The program it should have become could not be started."""

    def broken(self, environment: Environment, reason: str) -> None:
        """It could not be made."""

    def lost(self, environment: Environment) -> None:
        """It closed its channel or broke the protocol: it must be ended."""

    def expired(self, environment: Environment) -> None:
        """Its deadline passed."""
