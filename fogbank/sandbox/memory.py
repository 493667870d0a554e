"""How much memory an environment's processes hold: what Lambda's memory size limits.

The cgroup's own limit is a backstop above it: files in /tmp are charged to the same cgroup (tmpfs), though on Lambda they
are a disk and not memory. So the processes' anonymous memory is read, and compared, here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PROCESSES_MAX = 1024


def of_cgroup(folder: Path, floor_bytes: int, pid: int = 0) -> int:
    """Bytes of anonymous and shared memory in a cgroup, without the files in the /tmp of `pid` (0: not known).

    0 when the whole charge, read first because it is cheap, is below `floor_bytes`."""
    for name in ("memory.usage_in_bytes", "memory.current"):
        text = _read(folder / name)
        if text:
            if int(text) <= floor_bytes:
                return 0
            break
    else:
        return 0
    fields = dict(line.split(" ", 1) for line in _read(folder / "memory.stat").splitlines())
    anonymous = int(fields.get("total_rss", fields.get("anon", 0)))
    shared = int(fields.get("total_shmem", fields.get("shmem", 0)))
    return anonymous + (max(0, shared - _tmp_bytes(pid)) if shared and pid else 0)


def peak_kb(pid: int) -> int:
    """The most memory that one process ever held, in KiB; 0 when it has gone."""
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _tmp_bytes(pid: int) -> int:
    """What lies in the /tmp of a process: tmpfs and shared memory are one figure in the cgroup."""
    try:
        tmp = os.statvfs(f"/proc/{pid}/root/tmp")
    except OSError:
        return 1 << 62  # it has just ended
    return (tmp.f_blocks - tmp.f_bfree) * tmp.f_frsize


def of_tree(pid: int, floor_bytes: int = 0) -> int:
    """Bytes of anonymous memory of a process and its descendants, where there is no cgroup to ask.

    A quick sum counts pages that forked processes share once for each of them. Only when it is above `floor_bytes` are
    the processes' fair shares added up, which costs the kernel a walk of their page tables."""
    pids = list(tree(pid))
    quick = sum(map(_resident_bytes, pids))
    return quick if quick <= floor_bytes else sum(map(_share_bytes, pids))


def tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    todo, seen = [pid], 0
    while todo and seen < _PROCESSES_MAX:
        one = todo.pop()
        seen += 1
        yield one
        for task in _names(f"/proc/{one}/task"):
            todo += map(int, _read(Path(f"/proc/{one}/task/{task}/children")).split())


def _resident_bytes(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return max(0, int(fields[1]) - int(fields[2])) * _PAGE_BYTES if len(fields) >= 3 else 0


def _share_bytes(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    return _resident_bytes(pid)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
