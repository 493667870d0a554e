"""A server on a free port, on the event loop that fogbank runs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from fogbank.core.clock import RealClock
from fogbank.core.lanes import Lanes
from fogbank.edge.server import Handler, Server
from fogbank.edge.settings import HttpSettings
from tests.edge.wire import Wire, echo


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., object]]:
    """`wire = await serve(handler, connections_max=2)`: a server with these bounds, quick to notice waits."""
    wires: list[Wire] = []

    async def start(handler: Handler = echo, **bounds: float) -> Wire:
        lanes = Lanes()
        settings = HttpSettings(**{"sweep_s": 0.02, **bounds})  # type: ignore[arg-type]
        server = Server(handler, lanes, RealClock(), settings)
        wires.append(wire := Wire(server, await server.start("127.0.0.1", 0)))
        return wire

    yield start
    for wire in wires:
        for client in wire.clients:
            await client.close()
        await wire.server.close(grace_s=1)
        await wire.server.lanes.close()
