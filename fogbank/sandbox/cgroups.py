"""Control groups: what this machine lets us limit and freeze, and the folders of one fogbank in it.

Handles version 1, version 2 and both at once (a memory controller in one, a freezer in the other). Each fogbank has one
folder of its own in each hierarchy, named after its process; each environment one below it, made by the environment
itself before it runs anything, and removed by its zygote.
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from fogbank.core.limits import ENVIRONMENT_MEMORY_EXTRA_MB, ENVIRONMENT_PROCESSES_MAX

_PREFIX = "fogbank-"
_ASIDE = "node-"
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Group:
    """One folder to make and enter, and the values to write into it first."""

    dir: str
    writes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A folder of ours in one hierarchy."""

    folder: Path
    version: int


class Cgroups:
    """The folders of this fogbank. `memory` and `freezer` are None where the machine gives us none."""

    def __init__(self, tag: str, proc: Path = Path("/proc")) -> None:
        self._name = f"{_PREFIX}{os.getpid()}-{tag}"
        self._proc = proc
        self.memory: Hierarchy | None = None
        self.freezer: Hierarchy | None = None

    def open(self) -> None:
        """Find what may be written, clear what a killed fogbank left, make our folders."""
        mounts, own = self._mounts(), self._own_paths()
        if "memory" in mounts:
            self.memory = self._claim(mounts["memory"], own.get("memory", "/"), 1) or self._claim(
                mounts["memory"], "/", 1
            )
        if "unified" in mounts:
            self._claim_unified(mounts["unified"], own.get("", "/"))

    def _claim_unified(self, mount: Path, own: str) -> None:
        """Version 2: below our own group, or at the top if only there memory can be limited."""
        for top in (own, "/"):
            unified = self._claim(mount, top, 2)
            if unified is None:
                continue
            if self.memory is None and _delegate_memory(unified.folder):
                self.memory = unified
            if self.freezer is None or self.memory is unified:
                if self.freezer is not None:
                    _remove(self.freezer.folder)
                self.freezer = unified if (unified.folder / "cgroup.freeze").exists() else None
            else:
                _remove(unified.folder)
            if self.memory is not None:
                return

    def groups(self, number: int, memory_mb: int, tmp_mb: int) -> list[Group]:
        """The groups environment `number` enters.

        The limit leaves room for a full /tmp, because tmpfs pages are charged like memory; `memory.py` watches that
        the processes themselves stay within `memory_mb`.
        """
        limit = str((memory_mb + tmp_mb + ENVIRONMENT_MEMORY_EXTRA_MB) * _MIB)
        found: list[Group] = []
        if self.memory is not None:
            writes = [("memory.limit_in_bytes" if self.memory.version == 1 else "memory.max", limit)]
            for name, value in (
                ("memory.swappiness", "0"),
                ("memory.swap.max", "0"),
                ("memory.oom.group", "1"),
                ("pids.max", str(ENVIRONMENT_PROCESSES_MAX)),
            ):
                if name in self._files:
                    writes.append((name, value))
            found.append(Group(str(self.memory.folder / f"e{number}"), tuple(writes)))
        if self.freezer is not None and self.freezer is not self.memory:
            found.append(Group(str(self.freezer.folder / f"e{number}"), ()))
        return found

    @property
    def _files(self) -> frozenset[str]:
        assert self.memory is not None
        names = (
            ("memory.swappiness",)
            if self.memory.version == 1
            else ("memory.swap.max", "memory.oom.group", "pids.max")
        )
        enabled = _read(self.memory.folder / "cgroup.subtree_control").split()
        return frozenset(
            name for name in names if self.memory.version == 1 or name.partition(".")[0] in enabled
        )

    def freeze_file(self, number: int) -> str | None:
        """Where to write 1 and 0 to freeze and thaw environment `number`."""
        return None if self.freezer is None else str(self.freezer.folder / f"e{number}" / "cgroup.freeze")

    def memory_folder(self, number: int) -> Path | None:
        """Where the memory figures of environment `number` are."""
        return None if self.memory is None else self.memory.folder / f"e{number}"

    def folders(self) -> tuple[str, ...]:
        """Our own folders."""
        return tuple({str(one.folder) for one in (self.memory, self.freezer) if one is not None})

    def close(self) -> None:
        """Remove our folders; their processes have ended."""
        for folder in self.folders():
            _remove(Path(folder))
        self.memory = self.freezer = None

    def describe(self) -> str:
        """For `doctor`: "v1 memory, v2 freezer"."""
        parts = []
        if self.memory is not None:
            parts.append(f"v{self.memory.version} memory")
        if self.freezer is not None:
            parts.append(f"v{self.freezer.version} freezer")
        return ", ".join(parts) or "none may be written"

    def _claim(self, mount: Path, own: str, version: int) -> Hierarchy | None:
        """Make our folder below the group `own`; None where that is not allowed."""
        parent = mount / own.lstrip("/")
        _clear_stale(parent)
        folder = parent / self._name
        try:
            folder.mkdir()
        except OSError:
            return None
        if os.access(folder / "cgroup.procs", os.W_OK):
            return Hierarchy(folder, version)
        _remove(folder)
        return None

    def _mounts(self) -> dict[str, Path]:
        """Mount point of the version 1 memory controller ("memory") and of version 2 ("unified")."""
        found: dict[str, Path] = {}
        for line in _read(self._proc / "self/mountinfo").splitlines():
            left, _, right = line.partition(" - ")
            fields, kind = left.split(), right.split()
            if kind and kind[0] == "cgroup2":
                found.setdefault("unified", Path(fields[4]))
            elif kind and kind[0] == "cgroup" and "memory" in kind[-1].split(","):
                found.setdefault("memory", Path(fields[4]))
        return found

    def _own_paths(self) -> dict[str, str]:
        """The group we are in, by controller; version 2 under the empty name."""
        own: dict[str, str] = {}
        for line in _read(self._proc / "self/cgroup").splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                own[controller] = path
        return own


def _delegate_memory(folder: Path) -> bool:
    """Turn the memory and pids controllers on for the groups below `folder`, from the top down."""
    parent = folder.parent
    if "memory" not in _read(folder / "cgroup.controllers").split() and not _enable(parent):
        return False
    return _enable(folder)


def _enable(folder: Path) -> bool:
    """Hand the memory controller (and pids, where there is one) down to the groups below `folder`."""
    available = _read(folder / "cgroup.controllers").split()
    if "memory" not in available:
        return False
    for controller in ("memory", "pids"):
        if controller in available and not _hand_down(folder, controller):
            return False
    return True


def _hand_down(folder: Path, controller: str) -> bool:
    control = folder / "cgroup.subtree_control"
    try:
        control.write_text(f"+{controller}")
    except OSError as error:
        # A group with processes of its own hands nothing down. If we are the only one in it, we step aside.
        if error.errno != errno.EBUSY or _read(folder / "cgroup.procs").split() != [str(os.getpid())]:
            return False
        try:
            aside = folder / f"{_ASIDE}{os.getpid()}"
            aside.mkdir(exist_ok=True)
            (aside / "cgroup.procs").write_text(str(os.getpid()))
            control.write_text(f"+{controller}")
        except OSError:
            return False
    return True


def _clear_stale(parent: Path) -> None:
    """Remove folders of fogbanks that were killed; what still runs in them is theirs, and is killed."""
    try:
        folders = [path for path in parent.iterdir() if path.name.startswith(_PREFIX)]
    except OSError:
        return
    for folder in folders:
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not os.path.exists(f"/proc/{number}"):
            for procs in folder.glob("e*/cgroup.procs"):
                for pid in _read(procs).split():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except OSError:
                        pass
            _remove(folder)


def _remove(folder: Path) -> None:
    for path in (*folder.glob("e*"), folder):
        try:
            path.rmdir()
        except OSError:
            pass  # still emptying: the next fogbank clears it


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
