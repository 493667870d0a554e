"""Joins an environment to the Runtime API that its program speaks, and decides who may speak it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from socket import socket
from typing import Protocol

from fogbank.sandbox import outcomes
from fogbank.sandbox.api import Invocation
from fogbank.sandbox.runtime_api import RuntimeApi
from fogbank.sandbox.runtime_api_http import RuntimeApiServer
from fogbank.sandbox.runtime_api_peer import holds, peer_of

RUNTIME_API_PORT = 9001  # inside a network namespace, as on Lambda


class Voice(Protocol):
    """What an environment lets its Runtime API say for it."""

    @property
    def host_pid(self) -> int: ...

    def say_ready(self) -> None: ...

    def say_next(self) -> None: ...

    def say_result(self, payload: bytes) -> None: ...

    def say_stream(self, content_type: str) -> None: ...

    def say_chunk(self, data: bytes, resume: Callable[[], None]) -> bool: ...

    def say_stream_end(self) -> None: ...

    def say_error(self, outcome: outcomes.Outcome) -> None: ...

    def say_init_error(self, document: bytes) -> None: ...


class EnvironmentApi:
    """The Runtime API of one environment. Implements `runtime_api.Runtime`."""

    def __init__(self, voice: Voice, now_ms: Callable[[], int], uid: int | None, private: bool) -> None:
        """`uid` is the environment's own, None where it has fogbank's; `private`: nobody else reaches the listener."""
        self._voice = voice
        self._uid = uid
        self._private = private
        self._api = RuntimeApi(self, now_ms)
        self._server = RuntimeApiServer(self._api, self._may_speak)
        self._closed = False

    async def start(self, listener: socket) -> None:
        """Serve on `listener`, which belongs to this object from now on."""
        if self._closed:
            listener.close()
        else:
            await self._server.start(listener)

    def deliver(self, invocation: Invocation, timeout_ms: int) -> None:
        self._api.deliver(invocation, timeout_ms)

    def close(self) -> None:
        self._closed = True
        self._server.close()

    def _may_speak(self, transport: asyncio.Transport) -> bool:
        if self._private:
            return True
        theirs, ours = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        peer = peer_of(theirs[:2], ours[:2])
        if peer is None:
            return False
        if self._uid is not None:
            return peer.uid == self._uid
        return self._voice.host_pid > 0 and holds(self._voice.host_pid, peer.inode)

    # --- what the runtime says (runtime_api.Runtime) ----------------------------------------------------------------
    def runtime_ready(self) -> None:
        self._voice.say_ready()

    def runtime_asks(self) -> None:
        self._voice.say_next()

    def runtime_result(self, payload: bytes) -> None:
        self._voice.say_result(payload)

    def runtime_stream(self, content_type: str) -> None:
        self._voice.say_stream(content_type)

    def runtime_chunk(self, data: bytes, resume: Callable[[], None]) -> bool:
        return self._voice.say_chunk(data, resume)

    def runtime_stream_end(self) -> None:
        self._voice.say_stream_end()

    def runtime_error(self, document: bytes, error_type: str | None) -> None:
        self._voice.say_error(outcomes.handler_error(document, error_type))

    def runtime_init_error(self, document: bytes, error_type: str | None) -> None:
        self._voice.say_init_error(document)
