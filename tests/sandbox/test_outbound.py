"""`--function-network outbound`: what a function reaches through slirp4netns, what it does not, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import socketserver
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager

import pytest
import pytest_asyncio

from fogbank.core.errors import ConfigError, SandboxError
from fogbank.core.limits import OUTBOUND_SOCKETS_MAX
from fogbank.sandbox import outbound
from fogbank.sandbox.api import FunctionNetwork, Status
from fogbank.sandbox.zygote import NoNamespaces, Zygote
from tests.sandbox.apart import needs_outbound, uplinks
from tests.sandbox.harness import Lab
from tests.sandbox.test_provided import BOOTSTRAP

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="gives this machine another address, which only root may"
)
pytestmark = [needs_outbound, pytest.mark.asyncio(loop_scope="module")]

HELPERS = """
import errno, os, socket
def attempt(work):
    try:
        return work()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
def ask(host, port):
    with socket.create_connection((host, port), 5) as connection:
        return connection.recv(100).decode()
"""


def program(body: str) -> str:
    """A function's source: what all of them need, and `body`, whose first line may be indented."""
    lines = body.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return HELPERS + "\n".join(line[indent:] for line in lines)


class Greeter(socketserver.BaseRequestHandler):
    """Says who it is, over TCP; answers with what it got, over UDP."""

    def handle(self) -> None:
        if isinstance(self.request, socket.socket):
            self.request.sendall(b"the world")
        else:
            data, reply_through = self.request
            reply_through.sendto(b"heard " + data, self.client_address)


@contextmanager
def greeting(
    host: str, kind: type[socketserver.TCPServer] = socketserver.ThreadingTCPServer
) -> Iterator[int]:
    """The port of a Greeter on `host`."""
    with kind((host, 0), Greeter) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def own_address(text: str) -> Iterator[str]:
    """One more address of this machine, for as long as it is needed."""
    subprocess.run(["ip", "address", "add", f"{text}/32", "dev", "lo"], check=True)
    try:
        yield text
    finally:
        subprocess.run(["ip", "address", "del", f"{text}/32", "dev", "lo"], check=True)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An address of this machine that is no loopback address (198.18.0.0/15 belongs to nobody)."""
    number = os.getpid()
    with own_address(f"198.18.{number >> 8 & 255}.{number & 255}") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with Lab(tmp_path_factory.mktemp("outbound"), network=FunctionNetwork.OUTBOUND) as made:
        yield made
    assert uplinks() == []


# --- what it reaches --------------------------------------------------------------------------------------------------
@needs_root
async def test_what_this_machine_reaches_is_reached(lab: Lab, address: str) -> None:
    source = program("""
        def udp(host, port):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.settimeout(5)
                datagrams.sendto(b"a word", (host, port))
                return datagrams.recv(100).decode()
        first = attempt(lambda: ask(os.environ["HOST"], int(os.environ["TCP"])))  # during init already
        def handler(event, context):
            return [first, attempt(lambda: ask(*event[:2])), attempt(lambda: udp(event[0], event[2]))]
    """)
    with greeting(address) as tcp, greeting(address, socketserver.ThreadingUDPServer) as udp:
        reply = await lab.run(source, [address, tcp, udp], environment={"HOST": address, "TCP": str(tcp)})
    assert reply.payload == ["the world", "the world", "heard a word"]


async def test_the_platform_is_where_it_always_is(lab: Lab) -> None:
    source = program("""
        from urllib.parse import urlsplit
        def handler(event, context):
            url = urlsplit(os.environ["AWS_ENDPOINT_URL"])
            return [ask(url.hostname, url.port), sorted(name for _, name in socket.if_nameindex())]
    """)
    said, interfaces = (await lab.run(source, name="outgoing")).payload
    assert said == "hello outgoing"
    assert {"lo", "tap0"} <= set(interfaces) and "eth0" not in interfaces


@needs_root
async def test_a_program_that_speaks_http_to_its_runtime_api(lab: Lab, address: str) -> None:
    body = (
        "import socket\n"
        "def handle(event, headers):\n"
        "    return socket.create_connection(tuple(event), 5).recv(100).decode()"
    )
    code = lab.package({"bootstrap": BOOTSTRAP % body})
    (code / "bootstrap").chmod(0o755)
    config = lab.function("", runtime="provided.al2023", handler="any", code=code)
    with greeting(address) as port:
        assert (await lab.invoke(config, [address, port])).payload == "the world"
        assert (await lab.invoke(config, [address, port])).payload == "the world"


async def test_names_are_asked_of_the_host_s_resolvers(lab: Lab) -> None:
    source = 'def handler(event, context):\n    return open("/etc/resolv.conf").read()'
    assert (await lab.run(source)).payload == "nameserver 10.0.2.3\n"


@needs_root
async def test_the_world_is_there_after_a_timeout_too(lab: Lab, address: str) -> None:
    """The next environment takes the mounts over, never the network."""
    source = program("""
        import time
        def handler(event, context):
            time.sleep(event[2])
            return ask(*event[:2])
    """)
    config = lab.function(source, timeout_ms=300)
    with greeting(address) as port:
        assert (await lab.invoke(config, [address, port, 30])).result.status is Status.TIMEOUT
        assert (await lab.invoke(config, [address, port, 0])).payload == "the world"


# --- what it does not -------------------------------------------------------------------------------------------------
async def test_the_loopback_of_this_machine_is_not_reached(lab: Lab) -> None:
    source = program("""
        def handler(port, context):
            hosts = ("127.0.0.1", "127.0.0.2", "10.0.2.2", "10.0.2.3", "10.0.2.100", "0.0.0.0", "localhost")
            return {host: attempt(lambda: ask(host, port)) for host in hosts}
    """)
    with greeting("127.0.0.1") as port:
        report = (await lab.run(source, port)).payload
    assert "the world" not in report.values(), report
    assert report["127.0.0.1"] == "ECONNREFUSED"


@needs_root
async def test_credentials_of_the_machine_are_not_to_be_had(lab: Lab) -> None:
    """Clouds serve them at a link-local address to whoever asks from the machine."""
    source = program("def handler(event, context):\n    return attempt(lambda: ask(*event))")
    with own_address(f"169.254.{os.getpid() >> 8 & 255}.{os.getpid() & 255}") as metadata:
        with greeting(metadata) as port:
            with closing(socket.create_connection((metadata, port), 5)) as connection:
                assert connection.recv(100) == b"the world"
            assert (await lab.run(source, [metadata, port])).payload == "EHOSTUNREACH"


async def test_functions_do_not_reach_each_other(lab: Lab) -> None:
    listener = lab.function(
        program("""
        def handler(event, context):
            with socket.create_server(("0.0.0.0", 5555)) as server:
                server.settimeout(event)
                try:
                    server.accept()
                except TimeoutError:
                    return "alone"
                return "reached"
    """)
    )
    caller = lab.function(
        program("""
        def handler(event, context):
            return [attempt(lambda: ask(host, 5555)) for host in ("127.0.0.1", "10.0.2.100", "10.0.2.2", "10.0.2.15")]
    """)
    )
    await lab.invoke(caller)
    listening = asyncio.ensure_future(lab.invoke(listener, 2))
    await lab.until(lambda: "busy" in lab.states())
    answers = (await lab.invoke(caller)).payload
    assert all(answer.startswith("E") or answer == "timed out" for answer in answers), answers
    assert (await listening).payload == "alone"


async def test_the_function_cannot_rewire_its_network(lab: Lab) -> None:
    source = program("""
        import fcntl, struct
        def handler(event, context):
            control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            down = struct.pack("16sh14x", b"tap0", 0)
            route = struct.pack("@L16s16s16sH90x", 0, *[struct.pack("=HH4s8x", 2, 0, bytes(4))] * 3, 1)
            return [attempt(lambda: fcntl.ioctl(control, 0x8914, down)), attempt(lambda: fcntl.ioctl(control, 0x890B, route)),
                    attempt(lambda: fcntl.ioctl(control, 0x890C, route)), attempt(lambda: os.open("/dev/net/tun", os.O_RDWR)),
                    attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))]
    """)
    assert (await lab.run(source)).payload == ["EPERM", "EPERM", "EPERM", "ENOENT", "EAFNOSUPPORT"]


# --- its life ---------------------------------------------------------------------------------------------------------
async def test_each_environment_has_one_and_it_ends_with_it(lab: Lab) -> None:
    before = set(uplinks())
    config = lab.function("def handler(event, context):\n    return event")
    await lab.invoke(config)
    await lab.invoke(config)
    (mine,) = set(uplinks()) - before
    assert resource.prlimit(mine, resource.RLIMIT_NOFILE)[1] == OUTBOUND_SOCKETS_MAX + 16
    await lab.pool.retire(config.key)
    await lab.until(lambda: mine not in uplinks())
    assert before == set(uplinks())


async def test_an_environment_that_is_cut_off_is_replaced(lab: Lab) -> None:
    before = set(uplinks())
    config = lab.function(
        "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)"
    )
    assert [(await lab.invoke(config)).payload for _ in range(2)] == [1, 2]
    (mine,) = set(uplinks()) - before
    os.kill(mine, signal.SIGKILL)
    stream = next(row["stream"] for row in lab.pool.environments() if row["state"] in ("ready", "frozen"))
    await lab.until(lambda: len(uplinks()) == len(before) and mine not in uplinks())
    await lab.until(lambda: all(row["state"] not in ("ending",) for row in lab.pool.environments()))
    reply = await lab.invoke(config)
    assert reply.payload == 1 and reply.result.stream != stream


async def test_a_slirp_that_fails_is_told_and_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("failing")
    fake = folder / "slirp4netns"
    fake.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    async with Lab(folder, network=FunctionNetwork.OUTBOUND) as lab:
        with pytest.raises(SandboxError, match="could not connect it: no such luck"):
            await lab.run("def handler(event, context):\n    return 1")
        await lab.until(lambda: lab.states() == [])
    assert fake.exists()


# --- where it cannot be had -------------------------------------------------------------------------------------------
async def test_it_is_refused_at_open(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="outbound needs isolation"):
        async with Lab(tmp_path_factory.mktemp("a"), network=FunctionNetwork.OUTBOUND, isolation="none"):
            pass
    monkeypatch.setattr(outbound, "_TUN", "/dev/net/no-such-thing")
    with pytest.raises(ConfigError, match="outbound needs /dev/net/no-such-thing: No such file"):
        async with Lab(tmp_path_factory.mktemp("b"), network=FunctionNetwork.OUTBOUND):
            pass


async def test_without_namespaces_no_function_gets_the_host_s_network_instead(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_zygote: Zygote) -> None:
        raise NoNamespaces("unshare: Operation not permitted")

    monkeypatch.setattr(Zygote, "start", refuse)
    async with Lab(tmp_path_factory.mktemp("c"), network=FunctionNetwork.OUTBOUND) as lab:
        with pytest.raises(ConfigError, match="cannot be isolated"):
            await lab.run("def handler(event, context):\n    return 1")
