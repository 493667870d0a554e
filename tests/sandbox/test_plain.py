"""Plain processes: what serves where there are no namespaces."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from fogbank.core.errors import ConfigError
from fogbank.sandbox import nursery
from fogbank.sandbox.api import Status
from fogbank.sandbox.zygote import NoNamespaces, Zygote
from tests.sandbox.harness import Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory):
    """A pool without namespaces."""
    async with Lab(tmp_path_factory.mktemp("plain"), isolation="none") as made:
        yield made


async def test_functions_run_and_it_is_said_how(lab: Lab) -> None:
    source = """
        import os, sys, helper
        def handler(event, context):
            return [event, helper.name, os.getcwd(), os.environ["LAMBDA_TASK_ROOT"], os.getppid() > 1]
    """
    code = lab.package({"index.py": "", "helper.py": "name = 'mine'"})
    (code / "index.py").write_text(__import__("textwrap").dedent(source))
    reply = await lab.invoke(lab.function("", code=code), 7)
    assert reply.payload == [7, "mine", str(code), str(code), True]
    assert lab.pool.isolation()["namespaces"] == "no: plain processes were asked for"


async def test_system_calls_are_filtered_all_the_same(lab: Lab) -> None:
    source = """
        import ctypes, errno, os
        libc = ctypes.CDLL(None, use_errno=True)
        def handler(event, context):
            libc.unshare(0x10000000)
            status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
            return [errno.errorcode[ctypes.get_errno()], status["NoNewPrivs"]]
    """
    assert (await lab.run(source)).payload == ["EPERM", "1"]


async def test_timeouts_crashes_and_errors(lab: Lab) -> None:
    slow = await lab.run("import time\ndef handler(e, c):\n    time.sleep(60)", timeout_ms=300)
    assert slow.result.error_type == "Sandbox.Timedout"
    crash = await lab.run("import os\ndef handler(e, c):\n    os._exit(4)")
    assert crash.payload["errorMessage"].endswith("exit status 4")
    bad = await lab.run("def handler(e, c):\n    return 1 / 0")
    assert bad.result.error_type == "ZeroDivisionError"
    aborted = await lab.run("import os\ndef handler(e, c):\n    os.abort()")
    assert aborted.payload["errorMessage"].endswith("signal: aborted")


async def test_what_a_function_started_ends_with_it(lab: Lab) -> None:
    source = """
        import subprocess
        started = subprocess.Popen(["/bin/sleep", "1000"])
        def handler(event, context):
            return started.pid
    """
    config = lab.function(source)
    pid = (await lab.invoke(config)).payload
    assert _alive(pid)
    await lab.pool.retire(config.key)
    await lab.until(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_memory_is_watched(lab: Lab) -> None:
    source = "import time\ndef handler(event, context):\n    data = bytearray(300 * 1024 * 1024)\n    time.sleep(10)"
    assert (await lab.run(source, memory_mb=128)).result.status is Status.OUT_OF_MEMORY


async def test_without_namespaces_auto_serves_plainly_and_namespaces_refuses(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Zygote.start

    async def refuse(zygote: Zygote) -> None:
        if zygote.plan.walled:
            raise NoNamespaces("unshare: Operation not permitted")
        await start(zygote)

    monkeypatch.setattr(nursery.Zygote, "start", refuse)
    async with Lab(tmp_path_factory.mktemp("auto")) as lab:
        assert (await lab.run("def handler(event, context):\n    return event", 1)).payload == 1
        assert lab.pool.isolation()["namespaces"] == "no: unshare: Operation not permitted"
    async with Lab(tmp_path_factory.mktemp("required"), isolation="namespaces") as lab:
        with pytest.raises(ConfigError, match="cannot be isolated"):
            await lab.pool.warm(lab.function(""))
