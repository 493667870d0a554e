"""Child processes that say on their output what was acknowledged to them, until they are killed with -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(module: str, *arguments: object) -> subprocess.Popen[bytes]:
    """`python -m module arguments…`, from the root of the project."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run_and_kill(child: subprocess.Popen[bytes], acks: int, *, begun: bytes | None = None) -> list[list[str]]:
    """Kill the child after `acks` lines (those after the line `begun`); the words of every whole line that it got out."""
    assert child.stdout is not None and child.stderr is not None
    lines = []
    if begun is not None:
        for line in child.stdout:
            lines.append(line)
            if line == begun:
                break
    lines += [child.stdout.readline() for _ in range(acks)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    errors = child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    assert child.wait() == -signal.SIGKILL, errors
    return [line.decode().split() for line in lines if line.endswith(b"\n")]
