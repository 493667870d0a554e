"""The fogbank server and the worker, each in a process of its own, both on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

APP = Path(__file__).parents[1]
FOGBANK = str(Path(sys.executable).with_name("fogbank"))


class Server:
    """`fogbank start` on one data directory; it keeps its port when it is started again."""

    def __init__(self, port: int, data_dir: str, environment: dict[str, str]) -> None:
        self._port = port
        self._data_dir = data_dir
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> float:
        """Start it; the milliseconds until it said that it answers."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [FOGBANK, "start", "--port", str(self._port), "--data-dir", self._data_dir],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            print(f"  {line}", end="", flush=True)
            if "answers at " in line:
                self.url = line.rsplit(" ", 1)[1].strip()
                self._port = urlsplit(self.url).port or self._port
                return (time.perf_counter() - began) * 1000
        raise SystemExit(f"FAILED: fogbank did not start: status {self._process.wait()}")

    def kill(self) -> int:
        """`kill -9`; the process id that it had."""
        assert self._process is not None and self._process.stdout is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
        return self._process.pid

    def start_worker(self, activity: str) -> int:
        """Start worker.py; its process id."""
        self._worker = subprocess.Popen(
            [sys.executable, str(APP / "worker.py"), activity, "--endpoint-url", self.url],
            env=self._environment,
            start_new_session=True,  # Ctrl-C is ours
        )
        return self._worker.pid

    def wait(self) -> None:
        """Until somebody ends it."""
        assert self._process is not None
        self._process.wait()

    def end(self) -> int:
        """End both, in order; the server's status."""
        if self._worker is not None and self._worker.poll() is None:
            self._worker.terminate()
            self._worker.wait()
        if self._process is None:
            return 1
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(30)

    def cli(self, *arguments: str) -> str:
        """What the fogbank command prints."""
        done = subprocess.run(
            [FOGBANK, *arguments, "--endpoint", self.url], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"FAILED: fogbank {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()
