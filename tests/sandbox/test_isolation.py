"""What a function finds around it (the attackers are in attacks/)."""

from __future__ import annotations

import os
import socket

import pytest
import pytest_asyncio

from fogbank.core.errors import ConfigError
from fogbank.sandbox.api import Bind, FunctionNetwork
from tests.sandbox.harness import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _namespaces(lab: Lab) -> None:
    await lab.pool.warm(lab.function(""))
    if lab.pool.isolation()["namespaces"] != "yes":
        pytest.skip("no namespaces on this machine: " + lab.pool.isolation()["namespaces"])


async def test_who_and_where_it_is(lab: Lab) -> None:
    """The recording test_runtime_introspection_x86."""
    source = """
        import getpass, os, platform, stat, subprocess
        def handler(event, context):
            modes = {path: stat.filemode(os.stat(path).st_mode) for path in ("/var/task", "/opt", "/tmp")}
            return {
                "login": getpass.getuser(), "whoami": subprocess.getoutput("whoami"), "pwd": os.getcwd(),
                "system": platform.system(), "machine": platform.machine(), "modes": modes,
            }
    """
    assert (await lab.run(source)).payload == {
        "login": "sbx_user1051",
        "whoami": "sbx_user1051",
        "pwd": "/var/task",
        "system": "Linux",
        "machine": os.uname().machine,
        "modes": {"/var/task": "drwxr-xr-x", "/opt": "drwxr-xr-x", "/tmp": "drwxrwxrwt"},
    }


async def test_limits_of_lambda(lab: Lab) -> None:
    """The recording test_runtime_ulimits, where it limits anything."""
    source = """
        import resource
        def handler(event, context):
            return {name: resource.getrlimit(getattr(resource, name))[0] for name in event}
    """
    names = ["RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_AS"]
    assert (await lab.run(source, names)).payload == dict(zip(names, [1024, 1024, 0, -1], strict=True))


async def test_no_privilege_is_left(lab: Lab) -> None:
    source = """
        def handler(event, context):
            fields = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
            return {name: fields[name].split()[0] for name in event}
    """
    names = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Pid", "PPid"]
    seen = (await lab.run(source, names)).payload
    assert {seen[name] for name in names[:5]} == {"0" * 16}
    assert (seen["NoNewPrivs"], seen["Seccomp"], seen["Pid"], seen["PPid"]) == ("1", "2", "1", "0")


async def test_what_may_be_written(lab: Lab) -> None:
    source = """
        import errno, os
        def handler(event, context):
            outcome = {}
            for folder in event:
                try:
                    open(folder + "/probe", "w").close()
                    outcome[folder] = "written"
                except OSError as error:
                    outcome[folder] = errno.errorcode[error.errno]
            return outcome
    """
    folders = ["/tmp", "/var/task", "/opt", "/", "/etc", "/usr", "/var/lang", "/var/runtime", "/dev"]
    seen = (await lab.run(source, folders)).payload
    assert seen.pop("/tmp") == "written"
    assert set(seen.values()) <= {"EROFS", "EACCES"}
    assert {seen[name] for name in ("/var/task", "/usr", "/var/lang")} == {"EROFS"}


async def test_only_the_standard_descriptors_and_the_channel_are_open(lab: Lab) -> None:
    source = """
        import os
        def handler(event, context):
            found = []
            for name in os.listdir("/proc/self/fd"):
                try:
                    found.append(os.readlink("/proc/self/fd/" + name).partition(":")[0])
                except FileNotFoundError:
                    pass  # the one that lists
            return sorted(found)
    """
    assert (await lab.run(source)).payload == ["/dev/null", "pipe", "pipe", "socket"]


async def test_tmp_is_its_own_and_outlives_an_invocation(lab: Lab) -> None:
    source = """
        import os
        def handler(event, context):
            if event:
                open("/tmp/" + event, "w").close()
            return os.listdir("/tmp")
    """
    one, two = lab.function(source), lab.function(source)
    assert (await lab.invoke(one, "mine")).payload == ["mine"]
    assert (await lab.invoke(two, None)).payload == []
    assert (await lab.invoke(one, None)).payload == ["mine"]


async def test_binds(tmp_path_factory: pytest.TempPathFactory) -> None:
    shared, kept = tmp_path_factory.mktemp("shared"), tmp_path_factory.mktemp("kept")
    shared.chmod(0o777)
    kept.chmod(0o755)
    (kept / "data.txt").write_text("read me")
    source = """
        import os
        def handler(event, context):
            open(event + "/out.txt", "w").write("from the function")
            try:
                open("/mnt/kept/new", "w")
            except OSError as error:
                return [open("/mnt/kept/data.txt").read(), os.strerror(error.errno)]
    """
    for inside in ("/mnt/shared", "/tmp/deep/shared"):
        binds = (Bind(shared, inside), Bind(kept, "/mnt/kept", read_only=True))
        async with Lab(tmp_path_factory.mktemp("binds"), binds=binds) as lab:
            assert (await lab.run(source, inside)).payload == ["read me", "Read-only file system"]
        assert (shared / "out.txt").read_text() == "from the function"
        (shared / "out.txt").unlink()


@pytest.mark.parametrize(
    "inside", ["/", "relative", "/tmp", "/proc", "/var/task", "/var/task/x", "/usr/lib/x"]
)
async def test_binds_that_cannot_be(lab: Lab, inside: str) -> None:
    with pytest.raises(ConfigError, match="--bind"):
        Lab(lab.folder, binds=(Bind(lab.folder, inside),))
    with pytest.raises(ConfigError, match="no such file"):
        Lab(lab.folder, binds=(Bind(lab.folder / "absent", "/mnt/x"),))


async def test_without_network_only_the_platform_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    source = """
        import errno, os, socket
        from urllib.parse import urlsplit
        def handler(port, context):
            url = urlsplit(os.environ["AWS_ENDPOINT_URL"])
            platform = socket.create_connection((url.hostname, url.port))
            said = b""
            while piece := platform.recv(100):
                said += piece
            try:
                socket.create_connection(("127.0.0.1", port), 1)
                host = "reached"
            except OSError as error:
                host = errno.errorcode[error.errno]
            try:
                socket.create_connection(("8.8.8.8", 53), 1)
                world = "reached"
            except OSError as error:
                world = errno.errorcode[error.errno]
            return [said.decode(), host, world, [name for _, name in socket.if_nameindex()]]
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        async with Lab(tmp_path_factory.mktemp("none"), network=FunctionNetwork.NONE) as lab:
            reply = await lab.run(source, server.getsockname()[1], name="loner")
            said, host, world, interfaces = reply.payload
            assert said == "hello loner" and host == "ECONNREFUSED" and world == "ENETUNREACH"
            assert "lo" in interfaces and "eth0" not in interfaces
            assert [config.name for config in lab.platform.adopted] == ["loner"]
        assert lab.platform.unserved == 1


async def test_outbound_without_slirp_is_refused_at_open(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigError, match="slirp4netns"):
        async with Lab(tmp_path_factory.mktemp("out"), network=FunctionNetwork.OUTBOUND):
            pass
