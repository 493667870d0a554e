"""Whatever becomes of fogbank, nothing of its functions is left: no process, no mount, no cgroup."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

NODE = Path(__file__).with_name("node.py")
NOBODY = 65534
PACKAGES = str(Path(boto3.__file__).parents[1])


def start(
    folder: Path, *wrapper: str, python: str = sys.executable
) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    node = subprocess.Popen(
        [*wrapper, python, str(NODE), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": PACKAGES},
    )
    assert node.stdout is not None
    line = node.stdout.readline()
    if not line:
        node.wait()
        raise AssertionError("the node ended before it was ready")
    return node, json.loads(line)


def until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def left_behind(facts: dict[str, Any], folder: Path) -> list[str]:
    """Processes, mounts and cgroups that name the node's folder, pid or environments."""
    left = [f"process {pid}" for pid in facts["pids"] if _runs(pid)]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            mounts = (process / "mountinfo").read_text()
        except OSError:
            continue
        if str(folder) in mounts:
            left.append(f"mount in {process.name} ({command!r})")
    left += [path for path in facts["cgroups"] if os.path.exists(path)]
    return left


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("end", ["kill -9", "orderly"])
def test_nothing_is_left(tmp_path: Path, end: str) -> None:
    node, facts = start(tmp_path)
    with node:
        assert len(facts["pids"]) == 3 and all(_runs(pid) for pid in facts["pids"])
        if end == "orderly":
            node.communicate("")
            assert node.returncode == 0
        else:
            node.send_signal(signal.SIGKILL)
            node.wait()
    until(lambda: not left_behind(facts, tmp_path))


def test_a_dead_zygote_takes_its_environments_along_and_is_replaced(tmp_path: Path) -> None:
    """See test_zygote.py for what invocations get; here: that nothing survives it."""
    node, facts = start(tmp_path)
    with node:
        parents = {_parent(pid) for pid in facts["pids"]}
        assert len(parents) == 1
        os.kill(parents.pop(), signal.SIGKILL)
        until(lambda: not any(_runs(pid) for pid in facts["pids"]))
        node.communicate("")


def _parent(pid: str) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A folder that a stranger may reach; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="fogbank-test-") as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def test_as_a_normal_user(public_path: Path) -> None:
    """All of it by unprivileged user namespaces: run as nobody, in a copy of the package it may read."""
    if os.geteuid() != 0:
        pytest.skip("already a normal user: every other test ran as one")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    python = _readable_python(drop)
    node, facts = start(public_path, *drop, python=python)
    with node:
        assert facts["isolation"]["namespaces"] == "yes"
        assert facts["isolation"]["uid"] == "fogbank's own"
        assert facts["error"] is None
        assert facts["payload"] == [993, []]
        assert facts["timeout"] == ["Sandbox.Timedout", ["kept"]]
        node.send_signal(signal.SIGKILL)
        node.wait()
    until(lambda: not left_behind(facts, public_path))


def _readable_python(drop: tuple[str, ...]) -> str:
    """An interpreter of our version that a stranger may run; ours may be in root's own folder."""
    for python in (os.path.realpath(sys.executable), f"/usr/bin/python3.{sys.version_info.minor}"):
        command = [*drop, python, "-c", "import boto3, os, sys; os.stat(sys.executable)"]
        environ = {**os.environ, "PYTHONPATH": PACKAGES}
        if (
            os.path.exists(python)
            and not subprocess.run(command, env=environ, capture_output=True).returncode
        ):
            return python
    pytest.skip("no interpreter of this version that nobody may run")
