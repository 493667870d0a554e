"""A fogbank in a process of its own (`node.py`), and what is left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank.core.errors import ConfigError
from fogbank.sandbox.outbound import find_slirp

NODE = Path(__file__).with_name("node.py")
NOBODY = 65534
PACKAGES = str(Path(boto3.__file__).parents[1])


def start(
    folder: Path, *wrapper: str, python: str = sys.executable, network: str = "host"
) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    node = subprocess.Popen(
        [*wrapper, python, str(NODE), str(folder), network],
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


def left_behind(facts: dict[str, Any], folder: Path) -> list[str]:
    """Processes, mounts and cgroups that name the node's folder, pid or environments."""
    left = [f"process {pid}" for pid in facts["pids"] if runs(pid)]
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


def runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def readable_python(drop: tuple[str, ...]) -> str:
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


def uplinks(parent: int | None = None) -> list[int]:
    """The slirp4netns processes that `parent` (this process) has."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text().rpartition(")")
        except OSError:
            continue
        if head.partition("(")[2] == "slirp4netns" and int(tail.split()[1]) == (parent or os.getpid()):
            found.append(int(stat.parent.name))
    return found


def why_no_outbound() -> str:
    """What this machine lacks for `--function-network outbound`; empty when nothing."""
    try:
        find_slirp("auto")
    except ConfigError as error:
        return str(error)
    return ""


needs_outbound = pytest.mark.skipif(why_no_outbound() != "", reason=why_no_outbound())
