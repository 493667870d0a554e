"""`kill -9`, again and again, of a process that runs executions: all of them end well, and no effect happens twice."""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path

from tests.support.killing import start

EXECUTIONS = 6


def live(folder: Path, kill_after: int | None) -> list[list[str]]:
    """One life of the process; it is killed after so many lines of either file."""
    child = start(
        "tests.services.stepfunctions.engine.child", folder / "store.db", folder / "effects", EXECUTIONS
    )
    assert child.stdout is not None and child.stderr is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if kill_after is not None and len(lines) >= kill_after:
            break
    if kill_after is not None:
        child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    errors = child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    code = child.wait()
    assert code == (0 if kill_after is None else -signal.SIGKILL) or (kill_after is not None and code == 0), (
        errors
    )
    return [line.decode().split() for line in lines if line.endswith(b"\n")]


def test_every_execution_survives(tmp_path: Path) -> None:
    drawn = random.Random(7)
    said: list[list[str]] = []
    for kill_after in [*(drawn.randrange(1, EXECUTIONS + 2) for _ in range(4)), None]:
        said += live(tmp_path, kill_after)
    ended = {line[1]: line[2:] for line in said if line[0] == "ended"}
    assert ended == {f"e{index}": ["SUCCEEDED", "[1,1,1]"] for index in range(EXECUTIONS)}
    assert said[-1] == ["done"]
    effects = Counter((tmp_path / "effects").read_text().split())
    assert set(effects.values()) == {1}
    assert len(effects) >= EXECUTIONS * 4
