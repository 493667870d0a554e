"""What a walled-in child turns into when the zygote's own Python does not serve: Node.js, a `bootstrap`, a wrapper.

Paths are the environment's. Whether they exist is found out inside it, never here: a package may hold links.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fogbank.sandbox.api import FunctionConfig
from fogbank.sandbox.runtimes import Launch
from fogbank.sandbox.variables import RUNTIME_DIR, TASK_ROOT

WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
# A shell starts the wrapper, as on Lambda: one that is missing ends the runtime with status 127.
_WRAPPED = ("/bin/sh", "-c", 'exec "$0" "$@"')
_NODE_HEADER_BYTES_MAX = 81_920
_OLD_SPACE_SHARE, _SEMI_SPACE_SHARE = 0.9, 0.05  # of the function's memory, as Lambda starts Node.js


@dataclass(frozen=True, slots=True)
class Program:
    """A command to execute inside an environment."""

    candidates: tuple[str, ...]  # the first of these that exists is executed
    arguments: tuple[str, ...] = ()
    http: bool = False  # it speaks the HTTP Runtime API; others speak frames
    variables: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, object]:
        """As the zygote wants it."""
        return {"candidates": self.candidates, "arguments": self.arguments, "frames": not self.http}


def program_of(
    launch: Launch, config: FunctionConfig, walled: bool, runtime_folder: Path, python_path: list[str]
) -> Program | None:
    """The program of an environment; None when the zygote's own Python serves.

    `runtime_folder` is what plain processes have for /var/runtime."""
    runtime = RUNTIME_DIR if walled else str(runtime_folder)
    wrapper = config.environment.get(WRAPPER_VARIABLE)
    variables: dict[str, str] = {}
    if launch.provided:
        task = TASK_ROOT if walled else str(config.code)
        return Program((f"{task}/bootstrap", "/opt/bootstrap"), http=True)
    if launch.node is not None:
        executable = "/var/lang/bin/node" if walled else str(launch.node.executable)
        words = [executable, *_node_options(config.memory_mb), f"{runtime}/fogbank_guest/node/main.js"]
    elif wrapper:
        interpreter = launch.interpreter
        executable = (
            interpreter.inner_executable(launch.python_home) if walled else str(interpreter.executable)
        )
        words = [executable, f"{runtime}/bootstrap.py"]
        variables["FOGBANK_PYTHON_PATH"] = json.dumps(python_path)
    else:
        return None
    if wrapper:
        words = [*_WRAPPED, wrapper, *words]
    return Program((words[0],), tuple(words[1:]), variables=variables)


def _node_options(memory_mb: int) -> tuple[str, ...]:
    """V8 does not see the cgroup from inside: it must be told what there is."""
    return (
        "--expose-gc",
        f"--max-http-header-size={_NODE_HEADER_BYTES_MAX}",
        f"--max-semi-space-size={max(1, int(memory_mb * _SEMI_SPACE_SHARE))}",
        f"--max-old-space-size={int(memory_mb * _OLD_SPACE_SHARE)}",
    )
