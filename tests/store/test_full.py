"""A full disk: StoreFull, nothing written, reads go on, and so do writes once there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import StoreFull
from fogbank.store.api import Store, Transaction
from fogbank.store.blobs import FileBlobs
from tests.store.backends import Backend

SMALL_BYTES = 8 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "fogbank-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted: not root, or mounting is forbidden")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    return filler


async def write_until_full(store: Store) -> int:
    """Commit records of 64 KiB until one is refused; how many went in."""
    for number in range(1000):
        try:
            await store.commit(
                Transaction().put(("n", number), os.urandom(65_536)).append(("l",), [(number, b"e")])
            )
        except StoreFull:
            return number
    pytest.fail("the disk never became full")


async def check_intact(store: Store, written: int) -> None:
    assert await store.count(("n",), limit=10_000) == written
    assert await store.last_seq(("l",)) == written
    assert len(await store.read_log(("l",), limit=10_000)) == written


async def test_a_full_disk_refuses_whole_transactions_and_recovers(
    small_disk: Path, clock: VirtualClock
) -> None:
    backend = Backend("sqlite", small_disk / "store.sqlite")
    async with backend.open(clock) as store:
        await store.commit(Transaction().put(("before",), b"x"))
        filler = fill(small_disk)
        written = await write_until_full(store)
        await check_intact(store, written)
        with pytest.raises(StoreFull):
            await store.commit(Transaction().put(("large",), os.urandom(4 * 1024 * 1024)))
        assert await store.get(("large",)) is None
        assert await store.get(("before",)) is not None
        filler.unlink()
        await store.commit(Transaction().put(("n", written), b"").append(("l",), [(1, b"")]))
        await check_intact(store, written + 1)
    async with backend.open(clock) as store:
        await check_intact(store, written + 1)
    await backend.lanes.close()


async def test_deleting_is_the_way_out_of_a_full_disk(small_disk: Path, clock: VirtualClock) -> None:
    backend = Backend("sqlite", small_disk / "store.sqlite")
    async with backend.open(clock) as store:
        fill(small_disk)
        written = await write_until_full(store)
        deleted = 0
        while deleted < written // 2:
            await store.commit(Transaction().delete(("n", deleted)).put(("gone", deleted), b""))
            deleted += 1
        with pytest.raises(StoreFull):  # what was freed is within the file, and not yet enough
            await store.commit(Transaction().put(("more",), os.urandom(65_536)))
        while deleted < written:
            await store.commit(Transaction().delete(("n", deleted)))
            deleted += 1
        assert await store.count(("n",), limit=10_000) == 0
    await backend.lanes.close()


async def test_a_store_starts_on_a_full_disk(small_disk: Path, clock: VirtualClock) -> None:
    backend = Backend("sqlite", small_disk / "store.sqlite")
    async with backend.open(clock) as store:
        written = await write_until_full(store)
    fill(small_disk)
    async with backend.open(clock) as store:
        await store.commit(Transaction().delete(("n", 0)))
        assert await store.count(("n",), limit=10_000) == written - 1
    await backend.lanes.close()


async def test_in_a_batch_that_does_not_fit_what_fits_goes_in(small_disk: Path, clock: VirtualClock) -> None:
    backend = Backend("sqlite", small_disk / "store.sqlite")
    async with backend.open(clock) as store:
        await store.commit(Transaction().put(("before",), b"x"))
        small = [store.commit(Transaction().put(("small", n), b"y")) for n in range(5)]
        large = [store.commit(Transaction().put(("large", n), os.urandom(1_500_000))) for n in range(12)]
        outcomes = await asyncio.gather(*small, *large, return_exceptions=True)
        assert not any(isinstance(outcome, BaseException) for outcome in outcomes[:5])
        refused = [outcome for outcome in outcomes[5:] if isinstance(outcome, BaseException)]
        assert refused and all(isinstance(outcome, StoreFull) for outcome in refused)
        assert await store.count(("small",), limit=99) == 5
        assert await store.count(("large",), limit=99) == 12 - len(refused)
    await backend.lanes.close()


async def test_a_page_limit_acts_as_a_full_disk(tmp_path: Path, clock: VirtualClock) -> None:
    """What a full disk does, where no small file system can be mounted."""
    from fogbank.store.sqlite import SqliteStore

    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(clock) as store:
        assert isinstance(store, SqliteStore) and store._writing is not None
        store._writing.pragma("max_page_count", 200)
        written = await write_until_full(store)
        assert written > 0
        await check_intact(store, written)
        store._writing.pragma("max_page_count", 1_000_000)
        await store.commit(Transaction().put(("n", written), b"").append(("l",), [(1, b"")]))
        await check_intact(store, written + 1)
    await backend.lanes.close()


async def test_a_blob_that_does_not_fit_leaves_nothing(small_disk: Path) -> None:
    blobs = FileBlobs(small_disk)
    kept = await blobs.put(b"kept")
    with pytest.raises(StoreFull):
        await blobs.put(os.urandom(SMALL_BYTES + 1))
    assert files(small_disk) == [blobs.path(kept)]
    assert await blobs.get(kept) == b"kept"
    await blobs.put(os.urandom(SMALL_BYTES // 2))
