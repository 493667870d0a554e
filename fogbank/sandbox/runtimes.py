"""From a function's runtime (`python3.12`) to what starts its environments.

The seam for other languages: `Runtimes.launch` answers a `Launch`, which names the zygote to fork from and, for programs
that are not the zygote's own Python, the command that a walled-in child turns into.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fogbank.core.errors import RuntimeUnavailable
from fogbank.sandbox.api import RuntimeFound
from fogbank.sandbox.interpreters import Interpreter, find_interpreters
from fogbank.sandbox.nodes import NEWEST_MAJOR, OLDEST_MAJOR, Node, find_nodes

# What a Python function finds in /var/runtime on Lambda: the runtime client, boto3, and what they import.
RUNTIME_PACKAGES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)
_PYTHON = re.compile(r"python3\.(\d{1,2})")
_NODE = re.compile(r"nodejs(\d\d)\.x")
PROVIDED = ("provided.al2", "provided.al2023")
OLDEST_MINOR, OLDEST_OWN_MINOR, NEWEST_MINOR = 8, 10, 14
# The last releases that run on an interpreter too old for fogbank's own copies.
_OLD_REQUIREMENTS = {8: ("awslambdaric==2.2.1", "boto3<1.38"), 9: ("awslambdaric<4", "boto3<1.43")}
_REQUIREMENTS = ("awslambdaric>=3.0", "boto3>=1.40")


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start environments of one runtime."""

    zygote: str  # equal names share a zygote
    label: str  # as INIT_START names it: "python:3.12.v1"
    interpreter: Interpreter  # runs the zygote
    packages: dict[str, Path]  # importable name: file or folder to expose in /var/runtime
    node: Node | None = None  # children become this Node.js, whose installation is /var/lang
    provided: bool = False  # children become the function's own `bootstrap`

    @property
    def preload(self) -> bool:
        """Whether the zygote's own Python serves. If not it only forks, for children that execute a program."""
        return self.node is None and not self.provided

    @property
    def python_home(self) -> str:
        """Where the interpreter's installation is inside: Lambda has /var/lang for the function's language."""
        return "/var/lang" if self.preload else "/run/python"


class Runtimes:
    """The runtimes this machine can run. `cache` holds what `ensure` installed and compiled files."""

    def __init__(self, cache: Path | None = None) -> None:
        self.cache = cache or default_cache()
        self._interpreters: dict[int, Interpreter] | None = None
        self._nodes: dict[int, Node] | None = None
        self._own_packages: dict[str, Path] | None = None

    @property
    def nodes(self) -> dict[int, Node]:
        if self._nodes is None:
            self._nodes = find_nodes()
        return self._nodes

    @property
    def interpreters(self) -> dict[int, Interpreter]:
        if self._interpreters is None:
            self._interpreters = find_interpreters()
        return self._interpreters

    def launch(self, runtime: str) -> Launch:
        """How to start `runtime`. Raises RuntimeUnavailable, saying what to install."""
        if (node := _NODE.fullmatch(runtime)) is not None:
            return self._launch_node(runtime, int(node[1]))
        if runtime in PROVIDED:
            label = runtime.replace(".", ":", 1) + ".v1"
            return Launch("provided", label, self._host_interpreter(), {}, provided=True)
        match = _PYTHON.fullmatch(runtime)
        if match is None or not OLDEST_MINOR <= int(match[1]) <= NEWEST_MINOR:
            raise RuntimeUnavailable(f"fogbank does not run the runtime {runtime} yet")
        minor = int(match[1])
        interpreter = self.interpreters.get(minor)
        if interpreter is None:
            raise RuntimeUnavailable(
                f"{runtime} needs CPython 3.{minor}, which was not found on PATH, in pyenv or in uv: "
                f"install it, for example with `uv python install 3.{minor}`, and restart fogbank"
            )
        patch = interpreter.version.rpartition(".")[2]
        return Launch(runtime, f"python:3.{minor}.v{patch}", interpreter, self._packages(minor))

    def _launch_node(self, runtime: str, major: int) -> Launch:
        if not OLDEST_MAJOR <= major <= NEWEST_MAJOR or major % 2:
            raise RuntimeUnavailable(f"fogbank does not run the runtime {runtime} yet")
        node = self.nodes.get(major)
        if node is None:
            raise RuntimeUnavailable(
                f"{runtime} needs Node.js {major}, which was not found on PATH, in nvm, fnm or volta: "
                f"install it, for example with `nvm install {major}`, and restart fogbank"
            )
        patch = node.version.rpartition(".")[2]
        return Launch(runtime, f"nodejs:{major}.v{patch}", self._host_interpreter(), {}, node=node)

    def _host_interpreter(self) -> Interpreter:
        """The Python of zygotes that run no Python functions: fogbank's own, else the newest."""
        found = self.interpreters
        minor = sys.version_info.minor if sys.version_info.minor in found else max(found, default=0)
        if not minor:
            raise RuntimeUnavailable(
                "no CPython was found on PATH, in pyenv or in uv to make environments with"
            )
        return found[minor]

    def found(self) -> list[RuntimeFound]:
        """Every runtime that `launch` would accept, oldest first, Python first."""
        rows = self._found_pythons()
        for major, node in sorted(self.nodes.items()):
            if major % 2 == 0:
                rows.append(RuntimeFound(f"nodejs{major}.x", str(node.executable), node.version))
        rows += [RuntimeFound(name, "the function's own bootstrap", "") for name in PROVIDED]
        return rows

    def _found_pythons(self) -> list[RuntimeFound]:
        rows = []
        for minor, interpreter in sorted(self.interpreters.items()):
            try:
                self.launch(f"python3.{minor}")
            except RuntimeUnavailable:
                continue
            rows.append(RuntimeFound(f"python3.{minor}", str(interpreter.executable), interpreter.version))
        return rows

    def newest(self) -> str | None:
        """The Python to warm first: fogbank's own version, whose compiled packages fit."""
        own = f"python3.{sys.version_info.minor}"
        names = [row.runtime for row in self._found_pythons()]
        return own if own in names else (names[-1] if names else None)

    def ensure(self, minor: int) -> Path:
        """Install the runtime's packages for an interpreter that cannot use fogbank's own, by its own pip.

        Explicit, never at serve time: it downloads. Returns the folder. Raises RuntimeUnavailable."""
        interpreter = self.interpreters.get(minor)
        if interpreter is None:
            raise RuntimeUnavailable(f"CPython 3.{minor} was not found on PATH, in pyenv or in uv")
        target = self._installed(minor)
        wanted = _OLD_REQUIREMENTS.get(minor, _REQUIREMENTS)
        command = [str(interpreter.executable), "-m", "pip", "install", "--quiet", "--upgrade"]
        done = subprocess.run(
            [*command, "--target", str(target), *wanted], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeUnavailable(f"pip of CPython 3.{minor} failed: {done.stderr.strip()[-500:]}")
        return target

    def _installed(self, minor: int) -> Path:
        return self.cache / "runtimes" / f"python3.{minor}"

    def _packages(self, minor: int) -> dict[str, Path]:
        folder = self._installed(minor)
        if (folder / "awslambdaric").is_dir():
            return {
                name: path
                for name in RUNTIME_PACKAGES
                for path in (folder / name, folder / f"{name}.py")
                if path.exists()
            }
        if minor < OLDEST_OWN_MINOR:
            raise RuntimeUnavailable(
                f"python3.{minor} needs older packages of its own: install them with "
                f"`fogbank runtimes --ensure python3.{minor}`"
            )
        if self._own_packages is None:
            self._own_packages = _locate(RUNTIME_PACKAGES)
        return self._own_packages


def default_cache() -> Path:
    """Where things that can be made again are kept: `$XDG_CACHE_HOME/fogbank` or `~/.cache/fogbank`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fogbank"


def _locate(names: tuple[str, ...]) -> dict[str, Path]:
    """Where fogbank's own copies of these packages are, without importing them."""
    located = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        located[name] = origin.parent if origin.name == "__init__.py" else origin
    return located
