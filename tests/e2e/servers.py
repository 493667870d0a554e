"""A server that lives several times on one data directory."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.support.serving import start


class Server:
    """One data directory, and the process that serves it now; functions write below `/sink`."""

    def __init__(self, data_dir: Path, sink: Path, *options: str) -> None:
        self.data_dir, self.sink, self.options = data_dir, sink, options
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        self.process, self.url = start(self.data_dir, "--bind", f"{self.sink}:/sink", *self.options)

    def end(self, number: int) -> int:
        assert self.process is not None and self.process.stdout is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        self.process.stdout.close()
        return self.process.wait(30)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 1}),
        )
