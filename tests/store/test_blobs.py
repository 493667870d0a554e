"""Blobs: named by content, whole or absent, also under `kill -9`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fogbank.store.blobs import FileBlobs

ROOT = Path(__file__).parents[2]
MISSING = "0" * 64

WRITER = """
import asyncio, os, sys
from pathlib import Path
from fogbank.store.blobs import FileBlobs

async def main():
    blobs = FileBlobs(Path(sys.argv[1]))
    async def work(seed):
        n = 0
        while True:
            n += 1
            name = await blobs.put((b"%d.%d " % (seed, n)) * 40_000)
            os.write(1, name.encode() + b"\\n")
    await asyncio.gather(*(work(int(sys.argv[2]) * 10 + n) for n in range(4)))

asyncio.run(main())
"""


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_content_comes_back_under_its_hash(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    for content in (b"", b"hello", os.urandom(3_000_000)):
        name = await blobs.put(content)
        assert name == hashlib.sha256(content).hexdigest()
        assert await blobs.get(name) == content
        assert blobs.path(name).read_bytes() == content
        assert b"".join([piece async for piece in await blobs.open(name, 65_536)]) == content


async def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    names = await asyncio.gather(*(blobs.put(b"same") for _ in range(20)))
    assert len(set(names)) == 1
    assert len(files(tmp_path)) == 1


async def test_what_is_not_there(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    assert await blobs.get(MISSING) is None
    with pytest.raises(KeyError):
        await blobs.open(MISSING)
    await blobs.delete(MISSING)


async def test_a_deleted_blob_is_gone_and_may_come_back(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    name = await blobs.put(b"x")
    await blobs.delete(name)
    assert await blobs.get(name) is None
    assert await blobs.put(b"x") == name
    assert await blobs.get(name) == b"x"


@pytest.mark.parametrize(
    "name", ["", "..", "../" * 10 + "etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" * 64]
)
async def test_a_name_never_leads_elsewhere(tmp_path: Path, name: str) -> None:
    blobs = FileBlobs(tmp_path)
    with pytest.raises(ValueError, match="64 hexadecimal"):
        await blobs.get(name)
    with pytest.raises(ValueError, match="64 hexadecimal"):
        blobs.path(name)


async def test_a_folder_removed_under_it_is_made_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    name = await blobs.put(b"x")
    for path in sorted((tmp_path / "blobs").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert await blobs.put(b"x") == name
    assert await blobs.get(name) == b"x"


async def test_cleaning_passes_by_what_is_being_written(tmp_path: Path) -> None:
    import fcntl

    blobs = FileBlobs(tmp_path)
    (tmp_path / "tmp" / "left-behind").write_bytes(b"half")
    under_way = tmp_path / "tmp" / "under-way"
    with under_way.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert await blobs.clean_up() == 1
        assert files(tmp_path) == [under_way]
    assert await blobs.clean_up() == 1
    assert files(tmp_path) == []


def write_and_kill(folder: Path, round: int, acks: int) -> set[str]:
    """Let a child write blobs and kill it after `acks` acknowledgements; the names it got out."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(round)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(acks)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    return {line.decode().strip() for line in lines if line.endswith(b"\n")}


@pytest.mark.slow
async def test_killed_writers_leave_no_torn_blob(tmp_path: Path) -> None:
    draws = random.Random(3)
    acknowledged: set[str] = set()
    for round in range(5):
        acknowledged |= write_and_kill(tmp_path, round, draws.randrange(1, 40))
        blobs = FileBlobs(tmp_path)
        for name in acknowledged:
            assert blobs.path(name).exists(), "an acknowledged blob is lost"
        for path in files(tmp_path):
            if path.parent.name != "tmp":
                assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        await blobs.clean_up()
        assert all(path.parent.name != "tmp" for path in files(tmp_path))
