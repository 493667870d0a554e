"""`fogbank stop`: end a running fogbank on this machine cleanly."""

from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path

from fogbank.cli.client import endpoint, fetch
from fogbank.cli.output import complain, say

WAIT_S = 30.0
STEP_S = 0.02


def run(options: argparse.Namespace) -> int:
    url = endpoint(options.endpoint)
    pid = int(fetch(url, "GET", "/_fogbank/health")["pid"])
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and b"fogbank" not in command.read_bytes():
        complain(f"process {pid} is not a fogbank on this machine")
        return 1
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        complain(f"process {pid} does not run on this machine")
        return 1
    except PermissionError:
        complain(f"process {pid} belongs to another user")
        return 1
    for _ in range(round(WAIT_S / STEP_S)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            say(f"stopped {pid}")
            return 0
        time.sleep(STEP_S)
    complain(f"process {pid} has not ended after {WAIT_S:.0f} s")
    return 1
