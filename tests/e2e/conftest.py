"""A server in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.servers import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    sink = tmp_path / "sink"
    sink.mkdir()
    sink.chmod(0o777)
    found = Server(tmp_path / "data", sink)
    found.start()
    yield found
    found.end(signal.SIGKILL)
