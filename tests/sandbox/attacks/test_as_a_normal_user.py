"""The same attacks where fogbank is a normal user: unprivileged user namespaces, no uid for each environment, no cgroups."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
PROJECT = Path(__file__).parents[3]
FOLDER = "tests/sandbox/attacks"
ATTACKS = (
    f"{FOLDER}/test_files.py",
    f"{FOLDER}/test_kernel.py",
    f"{FOLDER}/test_leftovers.py",
    f"{FOLDER}/test_processes.py::test_only_its_own_processes_are_visible",
    f"{FOLDER}/test_processes.py::test_memory_of_other_processes_is_out_of_reach",
    f"{FOLDER}/test_processes.py::test_killing_everything_kills_only_itself",
    f"{FOLDER}/test_processes.py::test_a_fork_bomb_is_bounded_and_ends_with_its_invocation",
    f"{FOLDER}/test_network.py",
    "tests/sandbox/test_provided.py::test_a_strangers_call_to_the_runtime_api_is_cut",
)

# The interpreter may lie in a home that strangers cannot enter: in a mount namespace of the tests' own, that home is
# covered, and the interpreter bound back into it.
REACHABLE = """
set -e
hold="$1"; prefix="$2"; blocked="$3"; shift 3
if [ -n "$blocked" ]; then
  mount --bind "$prefix" "$hold"
  mount -t tmpfs -o mode=755 tmpfs "$blocked"
  mkdir -p "$prefix"
  mount --bind "$hold" "$prefix"
  umount "$hold"
fi
exec "$@"
"""


def blocked(path: Path) -> str:
    """The first folder on the way to `path` that a stranger cannot pass, or nothing."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return str(folder)
    return ""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fogbank-nobody-") as folder:
        for name in ("", "home", "hold", "t"):
            (Path(folder) / name).mkdir(exist_ok=True)
            os.chown(Path(folder) / name, NOBODY, NOBODY)
        yield Path(folder)


@pytest.mark.slow
def test_as_a_normal_user(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a normal user already: every other test here ran as one")
    if shutil.which("setpriv") is None or shutil.which("unshare") is None:
        pytest.skip("needs setpriv and unshare")
    prefix = Path(sys.base_prefix)
    if blocked(PROJECT / "x"):
        pytest.skip("the project lies where a normal user cannot go")
    command = [
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", REACHABLE, "sh"),
        *(str(home / "hold"), str(prefix), blocked(prefix / "bin")),
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *(
            sys.executable,
            "-m",
            "pytest",
            "-n0",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--basetemp={home}/t/b",
            *ATTACKS,
        ),
    ]
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home / "home"),
        "TMPDIR": str(home / "t"),
        "XDG_CACHE_HOME": str(home / "home/cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode and "Operation not permitted" in done.stderr and "passed" not in done.stdout:
        pytest.skip(f"this machine gives no private mounts: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
