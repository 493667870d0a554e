"""`fogbank start` in a process of its own: for end-to-end tests and benchmarks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

FOGBANK = str(Path(sys.executable).with_name("fogbank"))


def start(
    data_dir: Path | str,
    *options: str,
    port: int = 0,
    stderr: int | IO[bytes] | None = None,
    own_session: bool = False,
) -> tuple[subprocess.Popen[str], str]:
    """The process once it answers, and its URL. `port` 0 is any that is free; with a session of its own Ctrl-C does not reach it.
    ChildProcessError when it ends instead."""
    process = subprocess.Popen(
        [FOGBANK, "start", "--port", str(port), "--data-dir", str(data_dir), *options],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=own_session,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "answers at " in line:
            return process, line.rsplit(" ", 1)[1].strip()
    raise ChildProcessError(f"{process.args!r} ended with {process.wait()}")
