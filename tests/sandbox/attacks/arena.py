"""Where attackers fight: a real pool, a hostile function to write in a few lines, and a neighbour to be left unharmed."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fogbank.sandbox.api import Credentials, FunctionConfig, FunctionNetwork, Status
from tests.sandbox.harness import Lab, Platform

ACCOUNT = "000000000000"

# What every hostile function starts with. An attempt runs in a forked child: one that kills its process is an outcome.
PRELUDE = '''
import ctypes, errno, json, os, platform, signal, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
MACHINE = platform.machine()

def call(function, *arguments):
    """A libc function; its errno as OSError."""
    ctypes.set_errno(0)
    result = getattr(libc, function)(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

def attempt(work):
    """Run `work` in a child: the name of the errno or exception, "signal N", or "SUCCEEDED <value>"."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            outcome = "SUCCEEDED " + repr(work())[:200]
        except OSError as error:
            outcome = errno.errorcode.get(error.errno or 0, "OSError")
        except BaseException as error:
            outcome = type(error).__name__
        os.write(writing, outcome.encode())
        os._exit(0)
    os.close(writing)
    outcome = b""
    while piece := os.read(reading, 4096):
        outcome += piece
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    return outcome.decode() or "signal %d" % (status & 127)

def read(path, size=4096):
    with open(path, "rb") as file:
        return file.read(size)

'''

NEIGHBOUR = """
import os
state = {"secret": os.environ["SECRET"], "calls": 0}
open("/tmp/diary", "w").write(os.environ["SECRET"])

def handler(event, context):
    state["calls"] += 1
    return {"secret": state["secret"], "diary": open("/tmp/diary").read(), "calls": state["calls"]}
"""


class House(Platform):
    """Credentials by the function's name, so that one can look for another's."""

    greeting = "platform for"

    async def credentials(self, config: FunctionConfig) -> Credentials:
        return Credentials(f"ASIA{config.name}", f"secret-of-{config.name}", f"token-of-{config.name}")


class Arena(Lab):
    """A pool and what attacks need."""

    def __init__(
        self, folder: Path, network: FunctionNetwork = FunctionNetwork.HOST, **settings: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, platform=House(), network=network, **settings)
        self._made: list[FunctionConfig] = []
        self._neighbour = self.function(NEIGHBOUR, name="neighbour", environment={"SECRET": "tell-nobody"})
        self._made.clear()
        self._neighbour_calls = 0

    def function(
        self, source: str | Mapping[str, str | bytes], runtime: str = "python3.11", **changes: Any
    ) -> FunctionConfig:
        """A function from its source, or from several files. Names and keys are new each time."""
        name = changes.pop("name", None) or f"f{next(self._numbers)}"
        files = {"index.py": source} if isinstance(source, str) else source
        config = super().function(
            files,
            runtime,
            **{
                "key": f"{name}:$LATEST:1",
                "name": name,
                "code": self.package(files, name),
                "account": ACCOUNT,
                "region": "us-east-1",
                "tmp_mb": 64,
                "role_arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "log_group": f"/aws/lambda/{name}",
                **changes,
            },
        )
        self._made.append(config)
        return config

    async def clear(self) -> None:
        """End every environment but the neighbour's."""
        while self._made:
            await self.pool.retire(self._made.pop().key)

    async def attack(self, source: str, event: Any = None, **more: Any) -> Any:
        """Run hostile code that lives long enough to report; what it reports. The neighbour is checked afterwards."""
        outcome = await self.invoke(self.function(PRELUDE + textwrap.dedent(source), **more), event)
        assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.lines)
        await self.neighbour_is_unharmed()
        return outcome.payload

    async def neighbour_is_unharmed(self) -> None:
        """The same environment as before still answers, with its memory and its files."""
        outcome = await self.invoke(self._neighbour)
        self._neighbour_calls += 1
        assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.lines)
        expected = {"secret": "tell-nobody", "diary": "tell-nobody", "calls": self._neighbour_calls}
        assert outcome.payload == expected


def breaches(report: Mapping[str, str]) -> dict[str, str]:
    """The attempts that got through."""
    return {name: outcome for name, outcome in report.items() if outcome.startswith("SUCCEEDED")}
