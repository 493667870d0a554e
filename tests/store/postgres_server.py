"""A private PostgreSQL server for the tests: on a Unix socket in a folder of its own, gone when they end.

`FOGBANK_TEST_POSTGRES` names a server to use instead. PostgreSQL refuses to run as root, so root starts it as another
user: `postgres` where there is one, else `nobody`.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgres_url() -> Iterator[str]:
    """The URL of a server that answers; skips, saying why, where there is none."""
    given = os.environ.get("FOGBANK_TEST_POSTGRES")
    if given:
        yield given
        return
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'fogbank[postgres]'")
    with _private_server() as url:
        yield url


@contextmanager
def _private_server() -> Iterator[str]:
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    user = _user()
    folder = Path(
        tempfile.mkdtemp(prefix="fogbank-pg-", dir="/tmp")
    )  # short: a socket's path holds 107 bytes
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        data = folder / "data"
        _run(
            [initdb, "-D", data, "-A", "trust", "-U", "fogbank", "-E", "UTF8", "--no-instructions"],
            folder,
            user,
        )
        # fsync stays on in production; here only kill -9 of clients is tested, never of the machine.
        options = (
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
        )
        start = [pg_ctl, "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start"]
        _run(start, folder, user)
        try:
            yield f"postgresql:///postgres?host={folder}&user=fogbank"
        finally:
            _run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    candidates = [shutil.which(name), *sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)]
    for candidate in (*candidates, f"/usr/local/bin/{name}"):
        if candidate is not None and Path(candidate).exists():
            return os.path.realpath(candidate)
    pytest.skip(
        f"no PostgreSQL here: {name} is neither on PATH nor in /usr/lib/postgresql; or set FOGBANK_TEST_POSTGRES"
    )


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: list[str | Path], folder: Path, user: str | None) -> None:
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        user=user,
        env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        # The server inherits these: a pipe would stay open for as long as it runs.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if ended.returncode:
        log = folder / "log"
        pytest.fail(f"{command[0]} ended with {ended.returncode}: {log.read_text() if log.exists() else ''}")
