"""Finding control groups, on machines of every kind: the hierarchies are folders of files here."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fogbank.core.limits import ENVIRONMENT_MEMORY_EXTRA_MB
from fogbank.sandbox.cgroups import Cgroups


class Machine:
    """A /proc and cgroup mounts below a folder. Folders that cgroups make get no control files by themselves."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        (self.proc / "self").mkdir(parents=True)
        self.mounts: list[str] = []
        self.groups: list[str] = []

    def mount(self, path: Path, kind: str, options: str) -> None:
        path.mkdir(parents=True)
        self.mounts.append(f"30 1 0:26 / {path} rw,relatime - {kind} {kind} {options}")

    def open(self, tag: str = "a") -> Cgroups:
        (self.proc / "self/mountinfo").write_text("\n".join(self.mounts))
        (self.proc / "self/cgroup").write_text("\n".join(self.groups))
        cgroups = Cgroups(tag, self.proc)
        cgroups.open()
        return cgroups


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes the kernel's part: a new folder can be entered and frozen."""
    mkdir = Path.mkdir

    def with_files(path: Path, *arguments: object, **named: object) -> None:
        mkdir(path, *arguments, **named)  # type: ignore[arg-type]
        if path.name.startswith("fogbank-"):
            (path / "cgroup.procs").touch()
            if "v2" in path.parts or "unified" in path.parts:
                (path / "cgroup.freeze").touch()

    monkeypatch.setattr(Path, "mkdir", with_files)
    return Machine(tmp_path)


def test_none(machine: Machine) -> None:
    cgroups = machine.open()
    assert cgroups.describe() == "none may be written"
    assert cgroups.groups(1, 128, 512) == []
    assert cgroups.freeze_file(1) is None and cgroups.memory_folder(1) is None and cgroups.folders() == ()
    cgroups.close()


def test_both_versions_at_once(machine: Machine, tmp_path: Path) -> None:
    machine.mount(tmp_path / "memory", "cgroup", "rw,memory")
    machine.mount(tmp_path / "unified", "cgroup2", "rw")
    machine.groups = ["4:memory:/some/group", "0::/"]
    (tmp_path / "memory/some/group").mkdir(parents=True)
    cgroups = machine.open()
    assert cgroups.describe() == "v1 memory, v2 freezer"
    memory, freezer = cgroups.groups(7, 128, 512)
    assert memory.dir == str(tmp_path / f"memory/some/group/fogbank-{os.getpid()}-a/e7")
    limit = str((128 + 512 + ENVIRONMENT_MEMORY_EXTRA_MB) * 1024 * 1024)
    assert ("memory.limit_in_bytes", limit) in memory.writes
    assert freezer.writes == () and freezer.dir in str(cgroups.freeze_file(7))


def test_version_2_alone_uses_the_group_that_can_hand_memory_down(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's own group is full of other processes; at the top, memory is handed down already."""
    machine.mount(tmp_path / "v2", "cgroup2", "rw")
    machine.groups = ["0::/session"]
    (tmp_path / "v2/session").mkdir()
    for folder in ("v2", "v2/session"):
        (tmp_path / folder / "cgroup.controllers").write_text("cpu memory pids")
        (tmp_path / folder / "cgroup.procs").write_text("1\n2\n3")
    at_top = tmp_path / f"v2/fogbank-{os.getpid()}-a"
    real_write, real_read = Path.write_text, Path.read_text

    def write(path: Path, text: str) -> int:
        if path == tmp_path / "v2/session/cgroup.subtree_control":
            raise OSError(errno.EBUSY, "busy")
        return real_write(path, text)

    def read(path: Path) -> str:
        return "memory pids" if path.parent == at_top and path.name != "cgroup.procs" else real_read(path)

    monkeypatch.setattr(Path, "write_text", write)
    monkeypatch.setattr(Path, "read_text", read)
    cgroups = machine.open()
    assert cgroups.describe() == "v2 memory, v2 freezer"
    assert cgroups.folders() == (str(at_top),)
    (one,) = cgroups.groups(3, 256, 512)
    assert one.writes == (
        ("memory.max", str((256 + 512 + ENVIRONMENT_MEMORY_EXTRA_MB) * 1024 * 1024)),
        ("memory.swap.max", "0"),
        ("memory.oom.group", "1"),
        ("pids.max", "1024"),
    )


def test_alone_in_its_group_fogbank_steps_aside(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.mount(tmp_path / "v2", "cgroup2", "rw")
    machine.groups = ["0::/service"]
    service = tmp_path / "v2/service"
    service.mkdir()
    (service / "cgroup.controllers").write_text("memory")
    (service / "cgroup.procs").write_text(str(os.getpid()))
    ours = service / f"fogbank-{os.getpid()}-a"
    aside = service / f"node-{os.getpid()}"
    real_write, real_read = Path.write_text, Path.read_text

    def write(path: Path, text: str) -> int:
        if path == service / "cgroup.subtree_control" and not (aside / "cgroup.procs").exists():
            raise OSError(errno.EBUSY, "busy")
        return real_write(path, text)

    def read(path: Path) -> str:
        if path == ours / "cgroup.controllers":
            return "memory" if (service / "cgroup.subtree_control").exists() else ""
        return real_read(path)

    monkeypatch.setattr(Path, "write_text", write)
    monkeypatch.setattr(Path, "read_text", read)
    cgroups = machine.open()
    assert cgroups.describe() == "v2 memory, v2 freezer"
    assert real_read(aside / "cgroup.procs") == str(os.getpid())
    assert real_read(ours / "cgroup.subtree_control") == "+memory"


def test_what_a_killed_fogbank_left_is_cleared(machine: Machine, tmp_path: Path) -> None:
    machine.mount(tmp_path / "unified", "cgroup2", "rw")
    machine.groups = ["0::/"]
    stale = tmp_path / "unified/fogbank-99999999-b/e1"
    os.makedirs(stale)
    alive = tmp_path / f"unified/fogbank-{os.getppid()}-c/e1"
    os.makedirs(alive)
    machine.open()
    assert not stale.parent.exists()
    assert alive.exists()


def test_two_pools_of_one_process_do_not_meet(machine: Machine, tmp_path: Path) -> None:
    machine.mount(tmp_path / "unified", "cgroup2", "rw")
    machine.groups = ["0::/"]
    one, two = machine.open("a"), machine.open("b")
    assert one.folders() != two.folders()
