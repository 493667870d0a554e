"""A function that looks for somebody to talk to."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from fogbank.sandbox.api import Status
from tests.sandbox.attacks.arena import Arena, breaches

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_abstract_sockets_of_the_host_are_out_of_reach(arena: Arena) -> None:
    name = f"fogbank-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0" + name)
        listener.listen(8)
        report = await arena.attack(
            """
            import socket
            def handler(event, context):
                def connect():
                    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                        s.connect("\\0" + event)
                return {"connect": attempt(connect)}
            """,
            name,
        )
    if arena.pool.isolation()["abstract sockets"].startswith("no"):
        pytest.skip("this kernel cannot keep abstract sockets apart on a shared network")
    assert breaches(report) == {}


async def test_socket_files_of_the_host_are_not_there(arena: Arena) -> None:
    path = arena.folder / "fogbank.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(8)
        report = await arena.attack(
            """
            import socket
            def handler(event, context):
                def connect(path):
                    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                        s.connect(path)
                return {path: attempt(lambda: connect(path)) for path in
                        (event, "/proc/1/root" + event, "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private",
                         "/run/containerd/containerd.sock", "/run/snapd.socket")}
            """,
            str(path),
        )
    assert breaches(report) == {}


async def test_without_a_network_nothing_but_the_platform_answers(closed_arena: Arena) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        report = await closed_arena.attack(
            """
            import socket
            def handler(event, context):
                def connect(host, port, family=socket.AF_INET):
                    with socket.socket(family, socket.SOCK_STREAM) as s:
                        s.settimeout(2)
                        s.connect((host, port))
                def platform():
                    host, port = os.environ["AWS_ENDPOINT_URL"].split("//")[1].split(":")
                    with socket.create_connection((host, int(port)), 5) as s:
                        return s.recv(200).decode()
                def send():
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                        s.sendto(b"x", ("8.8.8.8", 53))
                return {"host": attempt(lambda: connect("127.0.0.1", event)), "internet": attempt(lambda: connect("1.1.1.1", 53)),
                        "metadata": attempt(lambda: connect("169.254.169.254", 80)), "dns": attempt(send),
                        "v6": attempt(lambda: connect("::1", event, socket.AF_INET6)),
                        "interfaces": [name for _, name in socket.if_nameindex()],
                        "listening": read("/proc/net/tcp", 65536).decode(), "unix": read("/proc/net/unix", 65536).decode(),
                        "platform": platform()}
            """,
            port,
        )
    assert report["platform"] == "platform for f2" or report["platform"].startswith("platform for ")
    assert report["interfaces"] == ["lo"]
    assert breaches({name: report[name] for name in ("host", "internet", "metadata", "dns", "v6")}) == {}
    assert f":{port:04X}" not in report["listening"]


async def test_two_functions_without_a_network_cannot_reach_each_other(closed_arena: Arena) -> None:
    listener = closed_arena.function(
        """
        import socket, time
        def handler(event, context):
            tcp = socket.create_server(("127.0.0.1", 5555))
            unix = socket.socket(socket.AF_UNIX)
            unix.bind("\\0meeting-place")
            unix.listen()
            time.sleep(2)
            tcp.settimeout(0.01)
            try:
                tcp.accept()
                return "reached"
            except TimeoutError:
                return "alone"
        """
    )
    listening = asyncio.ensure_future(closed_arena.invoke(listener))
    report = await closed_arena.attack(
        """
        import socket
        def handler(event, context):
            def unix():
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect("\\0meeting-place")
            end = time.time() + 1.5
            report = {}
            while time.time() < end:
                report["tcp"] = attempt(lambda: socket.create_connection(("127.0.0.1", 5555), 1))
                report["unix"] = attempt(unix)
                if any(value.startswith("SUCCEEDED") for value in report.values()):
                    break
                time.sleep(0.05)
            return report
        """
    )
    assert breaches(report) == {}
    outcome = await listening
    assert outcome.status is Status.SUCCESS
    assert outcome.payload == "alone"


async def test_the_platform_knows_which_function_is_calling(closed_arena: Arena) -> None:
    source = """
    import os, socket
    def handler(event, context):
        host, port = os.environ["AWS_ENDPOINT_URL"].split("//")[1].split(":")
        with socket.create_connection((host, int(port)), 5) as s:
            return s.recv(200).decode()
    """
    for name in ("alice", "bob"):
        assert (
            await closed_arena.invoke(closed_arena.function(source, name=name))
        ).payload == f"platform for {name}"
