"""TLS and plain HTTP on one port, under an authority of this machine's own."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from fogbank.core.clock import RealClock, VirtualClock
from fogbank.core.errors import ConfigError
from fogbank.core.http import Request, Response
from fogbank.core.lanes import Lanes
from fogbank.edge.server import Server
from fogbank.edge.settings import HttpSettings
from fogbank.edge.tls import LocalTls, ca_pem
from tests.edge.wire import Client, Wire, echo, get, post
from tests.support.waiting import until

DAY_MS = 86_400_000


@pytest.fixture
def settings() -> HttpSettings:
    return HttpSettings()


@pytest.fixture
async def secured(tmp_path: Path, settings: HttpSettings) -> Any:
    lanes = Lanes()
    tls = LocalTls(tmp_path, "127.0.0.1", RealClock())
    server = Server(echo, lanes, RealClock(), settings, tls)
    wire = Wire(server, await server.start("127.0.0.1", 0))
    yield wire
    for client in wire.clients:
        await client.close()
    await server.close(1)
    await lanes.close()


def trusting(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=ca_pem(folder))
    return context


async def connect(wire: Wire, folder: Path, name: str = "localhost") -> Client:
    stream = await asyncio.open_connection(
        "127.0.0.1", wire.port, ssl=trusting(folder), server_hostname=name, limit=2**23
    )
    wire.clients.append(client := Client(*stream))
    return client


async def test_both_on_one_port(secured: Wire, tmp_path: Path) -> None:
    seen: list[bool] = []

    async def handler(request: Request) -> Response:
        seen.append(request.secure)
        return await echo(request)

    secured.server.handler = handler
    safe, plain = await connect(secured, tmp_path), await secured.connect()
    for client in (safe, plain, safe):
        assert (await client.ask(get("/a") + get("/b"))).body == b"GET /a "
        assert (await client.reply()).body == b"GET /b "
    assert seen == [True, True, False, False, True, True]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "localhost.localstack.cloud",
        "abc.localhost",
        "abc123.execute-api.localhost",
        "abc123.execute-api.us-east-1.localhost.localstack.cloud",
        "xyz.lambda-url.eu-west-1.localhost",
        "dynamodb.us-east-1.amazonaws.com",
    ],
)
async def test_names_that_clients_use_are_covered(secured: Wire, tmp_path: Path, name: str) -> None:
    client = await connect(secured, tmp_path, name)
    assert (await client.ask(get())).status == 200


@pytest.mark.parametrize("name", ["example.com", "localhost.example.com", "evil-amazonaws.com"])
async def test_other_names_are_not(secured: Wire, tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        await connect(secured, tmp_path, name)


async def test_large_bodies_both_ways(secured: Wire, tmp_path: Path) -> None:
    client = await connect(secured, tmp_path)
    body = bytes(range(256)) * 12_000
    client.writer.write(post(body))
    assert (await client.reply()).body == b"POST /x " + body


async def test_closing_says_goodbye(secured: Wire, tmp_path: Path) -> None:
    client = await connect(secured, tmp_path)
    assert (await client.ask(get(extra="Connection: close\r\n"))).status == 200
    assert await client.closed() == b""  # an end without close_notify would raise here
    await until(lambda: secured.server.connections == 0)


@pytest.mark.parametrize("settings", [HttpSettings(sweep_s=0.02, header_s=0.1)])
async def test_handshakes_that_stall_or_fail_leave_nothing(secured: Wire) -> None:
    for data in (b"\x16", b"\x16\x03\x01\x02\x00\x01\x00" + b"garbage" * 100):
        client = await secured.connect()
        await client.send(data)
        await client.closed()
    await until(lambda: secured.server.connections == 0)


async def test_the_bound_on_connections_counts_each_once(tmp_path: Path) -> None:
    lanes = Lanes()
    tls = LocalTls(tmp_path, "127.0.0.1", RealClock())
    server = Server(
        echo, lanes, RealClock(), HttpSettings(connections_max=2, linger_s=0.05, sweep_s=0.02), tls
    )
    wire = Wire(server, await server.start("127.0.0.1", 0))
    safe, plain = await connect(wire, tmp_path), await wire.connect()
    assert (await safe.ask(get())).status == 200
    assert (await plain.ask(get())).status == 200
    assert server.connections == 2
    third = await wire.connect()
    assert (await third.reply()).status == 503
    await until(lambda: server.connections == 2)
    for client in wire.clients:
        await client.close()
    await server.close(1)
    await lanes.close()


async def test_old_versions_of_tls_are_refused(secured: Wire, tmp_path: Path) -> None:
    context = trusting(tmp_path)
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", secured.port, ssl=context, server_hostname="localhost")


async def test_python_http_client(secured: Wire, tmp_path: Path) -> None:
    def call() -> bytes:
        connection = http.client.HTTPSConnection("localhost", secured.port, context=trusting(tmp_path))
        try:
            connection.request("PUT", "/p", b"body", {"Expect": "100-continue"})
            return connection.getresponse().read()
        finally:
            connection.close()

    assert await asyncio.to_thread(call) == b"PUT /p body"


def leaf(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "keys" / "tls.pem").read_bytes())


def test_keys_are_private_and_survive_a_restart(tmp_path: Path) -> None:
    LocalTls(tmp_path, "127.0.0.1", RealClock())
    authority, first = ca_pem(tmp_path), leaf(tmp_path)
    for name in ("ca.key", "tls.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    LocalTls(tmp_path, "127.0.0.1", RealClock())
    assert (ca_pem(tmp_path), leaf(tmp_path)) == (authority, first)
    assert not [path for path in (tmp_path / "keys").iterdir() if path.name.startswith("sni")]


def test_another_host_gets_a_certificate_under_the_same_authority(tmp_path: Path) -> None:
    LocalTls(tmp_path, "127.0.0.1", RealClock())
    authority = ca_pem(tmp_path)
    LocalTls(tmp_path, "10.1.2.3", RealClock())
    assert ca_pem(tmp_path) == authority
    names = leaf(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.1.2.3" in [str(name) for name in names.get_values_for_type(x509.IPAddress)]


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    now_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    clock = VirtualClock(now_ms)
    tls = LocalTls(tmp_path, "127.0.0.1", clock)
    first, context = leaf(tmp_path), tls.context()
    assert tls.context() is context
    clock._now_ms += 366 * DAY_MS
    assert tls.context() is context
    clock._now_ms += 2 * DAY_MS
    assert tls.context() is not context
    assert leaf(tmp_path).not_valid_after_utc > first.not_valid_after_utc


def test_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        ca_pem(tmp_path)
    LocalTls(tmp_path, "127.0.0.1", RealClock())
    (tmp_path / "keys" / "tls.pem").write_text("garbage")
    LocalTls(tmp_path, "127.0.0.1", RealClock())  # made anew
    (tmp_path / "keys" / "ca.key").write_text("garbage")
    with pytest.raises(ConfigError, match=r"ca\.key cannot be read"):
        LocalTls(tmp_path, "127.0.0.1", RealClock())
