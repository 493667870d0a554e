"""Whatever becomes of fogbank, nothing of its functions is left: no process, no mount, no cgroup."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.sandbox.apart import NOBODY, left_behind, readable_python, runs, start
from tests.support.waiting import until_blocking


@pytest.mark.parametrize("end", ["kill -9", "orderly"])
def test_nothing_is_left(tmp_path: Path, end: str) -> None:
    node, facts = start(tmp_path)
    with node:
        assert len(facts["pids"]) == 3 and all(runs(pid) for pid in facts["pids"])
        if end == "orderly":
            node.communicate("")
            assert node.returncode == 0
        else:
            node.send_signal(signal.SIGKILL)
            node.wait()
    until_blocking(lambda: not left_behind(facts, tmp_path), limit_s=10)


def test_a_dead_zygote_takes_its_environments_along_and_is_replaced(tmp_path: Path) -> None:
    """See test_zygote.py for what invocations get; here: that nothing survives it."""
    node, facts = start(tmp_path)
    with node:
        parents = {_parent(pid) for pid in facts["pids"]}
        assert len(parents) == 1
        os.kill(parents.pop(), signal.SIGKILL)
        until_blocking(lambda: not any(runs(pid) for pid in facts["pids"]), limit_s=10)
        node.communicate("")


def test_as_a_normal_user(public_path: Path) -> None:
    """All of it by unprivileged user namespaces: run as nobody, in a copy of the package it may read."""
    if os.geteuid() != 0:
        pytest.skip("already a normal user: every other test ran as one")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    python = readable_python(drop)
    node, facts = start(public_path, *drop, python=python)
    with node:
        assert facts["isolation"]["namespaces"] == "yes"
        assert facts["isolation"]["uid"] == "fogbank's own"
        assert facts["error"] is None
        assert facts["payload"] == [993, []]
        assert facts["timeout"] == ["Sandbox.Timedout", ["kept"]]
        node.send_signal(signal.SIGKILL)
        node.wait()
    until_blocking(lambda: not left_behind(facts, public_path), limit_s=10)


def _parent(pid: str) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
