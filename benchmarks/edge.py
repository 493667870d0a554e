"""The edge and auth: CPU time for each request, and what idle connections cost.

Figures are CPU time, not wall time, so that they hold on a busy machine: `requests/s` is what one core that does nothing
else would serve. The reference is the least a server can do here (uvloop and httptools, a constant answer).
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop
from common import Child, Report, cpu_s, echo, memory_kb, per_call_us, sign

from fogbank.auth.authenticate import Authenticator, Identity
from fogbank.auth.refusals import Family
from fogbank.auth.signature import read_signature
from fogbank.auth.sigv4 import Verifier
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import RealClock
from fogbank.core.config import AuthMode
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.edge.hosts import Hosts
from fogbank.edge.internal import Callbacks
from fogbank.edge.parser import NameCache, RequestReader
from fogbank.edge.pipeline import Pipeline
from fogbank.edge.server import Server
from fogbank.edge.settings import HttpSettings
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.store.secrets import Secrets

PATH = "/2015-03-31/functions/bench/invocations"
BODY = b'{"name": "olleh"}'
IDLE = 10_000


async def answer(request: Request) -> Response:
    """A handler that has its answer ready."""
    return Response(200, [("content-type", "application/json"), ("x-amzn-requestid", "id")], b"{}")


def serve(port: Any) -> None:
    async def run() -> None:
        server = Server(answer, Lanes(), RealClock())
        port.value = await server.start("127.0.0.1", 0)
        await asyncio.Event().wait()

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    uvloop.run(run())


def drive(make: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Run a coroutine that never waits."""
    try:
        make().send(None)
    except StopIteration:
        return
    raise SystemExit("it waited")


class Stubs:
    """Everything around the pipeline, at no cost: router, route, authenticator, calls."""

    protocol = "rest-json"
    service = "lambda"
    operation: Any = None

    def __init__(self) -> None:
        self.identity = Identity(root_of("000000000000"), "us-east-1")
        self.response = Response(200)
        self.operation = self
        self.model = self
        self.signing_name = "lambda"

    def __getattr__(self, name: str) -> Any:
        return self

    def route(self, request: Request) -> Stubs:
        return self

    async def identify(self, request: Request, family: Family, service: str | None) -> Any:
        return self.identity, request

    def parse(self, request: Request) -> dict[str, Any]:
        return {}

    async def run(self, *_: object) -> dict[str, Any]:
        return {}

    def serialize(self, output: dict[str, Any], request_id: str) -> Response:
        return self.response


def one_request(wire: bytes) -> Request:
    reader = RequestReader(HttpSettings(), NameCache(), "127.0.0.1", False, None)
    reader.feed(wire)
    return reader.ready[0][0]


def stubbed_pipeline() -> Pipeline:
    stubs: Any = Stubs()
    stubs.service = stubs
    nothing: Any = lambda *_: None  # noqa: E731
    return Pipeline(
        router=stubs,
        authenticator=stubs,
        calls=stubs,
        ids=Ids(),
        hosts=Hosts(("127.0.0.1",), guarded=True),
        mode=AuthMode.OPEN,
        callbacks=Callbacks(nothing, nothing, nothing, nothing, nothing, nothing),
    )


class NoKeys:
    """A key ring that knows nobody."""

    async def find(self, access_key_id: str, session_token: str | None) -> None:
        return None


def pieces(report: Report, wire: bytes) -> None:
    """What a request costs in each floor of the edge, without sockets."""
    request = one_request(wire)
    reader = RequestReader(HttpSettings(), NameCache(), "127.0.0.1", False, None)

    def read() -> None:
        reader.feed(wire)
        reader.ready.clear()

    reading = per_call_us(read)
    report.figure("read one signed request", reading, "µs", reference=reading, of="itself")
    pipeline = stubbed_pipeline()
    cost = per_call_us(lambda: drive(lambda: pipeline.handle(request)))
    report.figure(
        "pipeline, beside protocol, auth, run", cost, "µs", reference=reading, of="reading", target=25
    )
    verifier = Verifier(RealClock())
    claimed = read_signature(request, Family.REST_JSON)
    assert claimed is not None
    verifying = per_call_us(
        lambda: verifier.verify(
            request,
            read_signature(request, Family.REST_JSON),  # type: ignore[arg-type]
            "bench",
            Family.REST_JSON,
            "lambda",
        )
    )
    report.figure("read and verify a signature", verifying, "µs", reference=reading, of="reading", target=12)
    stranger = Authenticator(NoKeys(), AuthMode.OPEN, RealClock(), RealClock())
    taking = per_call_us(lambda: drive(lambda: stranger.identify(request, Family.REST_JSON, "lambda")))
    report.figure("take a stranger's key at its word", taking, "µs", reference=reading, of="reading")
    sessions = Sessions(Secrets.in_memory(), RealClock(), Ids())
    role = Principal(PrincipalType.ASSUMED_ROLE, "000000000000", "arn:aws:sts::0:assumed-role/r/s", "AROA:s")
    minting = per_call_us(lambda: sessions.issue(role, duration_s=3600))
    report.figure("mint session credentials", minting, "µs", reference=reading, of="reading", target=30)
    credentials = sessions.issue(role, duration_s=3600)
    opening = per_call_us(lambda: sessions.open(credentials.access_key_id, credentials.session_token))
    report.figure("open a session token seen before", opening, "µs", reference=reading, of="reading")


async def idle_connections(port: int, count: int) -> list[asyncio.StreamWriter]:
    writers = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"{}")
        writers.append(writer)
    return writers


def idle(report: Report) -> None:
    """Memory of connections that wait, and what sweeping over them takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(IDLE, hard - 200)

    async def measure(child: Child) -> tuple[float, float]:
        before = memory_kb(child.pid, "Rss")
        writers = await idle_connections(child.port, count)
        memory = (memory_kb(child.pid, "Rss") - before) / count
        began = cpu_s(child.pid)
        await asyncio.sleep(5)
        sweep = (cpu_s(child.pid) - began) / 5
        for writer in writers:
            writer.transport.abort()
        return memory, sweep

    with Child(serve) as child:
        memory, sweep = uvloop.run(measure(child))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    report.figure(f"{count:,} idle connections, each", memory, "KiB", reference=64, of="64 KiB", target=32)
    report.figure(
        f"{count:,} idle connections, sweep", sweep * 100, "% of core", reference=100, of="a core", target=2
    )


def main() -> int:
    report = Report()
    small = b"GET /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Boto3\r\nAccept-Encoding: identity\r\n\r\n"
    signed = sign("localhost:4566", "lambda", "POST", PATH, BODY, {"content-type": "application/json"})
    with Child(echo) as least, Child(serve) as ours:
        for name, wire, target in (("small requests", small, 45_000), ("signed requests", signed, None)):
            reference = least.per_core_s(wire)
            served = ours.per_core_s(wire)
            report.figure(
                f"{name} on one core", served, "/s", reference=reference, of="the least", target=target
            )
    pieces(report, signed)
    idle(report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
