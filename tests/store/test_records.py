"""Records: versions, conditions, ranges."""

from __future__ import annotations

import pytest

from fogbank.core.errors import Conflict
from fogbank.store.api import ABSENT, Key, Store, Transaction


async def put(store: Store, key: Key, value: bytes = b"v", expect: int | None = None) -> int:
    return (await store.commit(Transaction().put(key, value, expect=expect))).versions[0]


async def names(store: Store, prefix: Key, **kwargs: object) -> list[Key]:
    found = await store.scan(prefix, **{"limit": 100, **kwargs})  # type: ignore[arg-type]
    return [record.key for record in found]


async def test_a_record_is_read_back_with_its_version(store: Store) -> None:
    assert await store.get(("a", 1)) is None
    version = await put(store, ("a", 1), b"one")
    record = await store.get(("a", 1))
    assert record is not None
    assert (record.key, record.value, record.version) == (("a", 1), b"one", version)
    assert version >= 1


async def test_versions_grow_and_outlive_a_delete(store: Store) -> None:
    seen = [await put(store, ("k",)), await put(store, ("k",))]
    await store.commit(Transaction().delete(("k",)))
    assert await store.get(("k",)) is None
    seen.append(await put(store, ("k",)))
    assert seen == sorted(set(seen))


async def test_a_put_can_demand_absence(store: Store) -> None:
    await put(store, ("k",), b"first", expect=ABSENT)
    with pytest.raises(Conflict) as caught:
        await put(store, ("k",), b"second", expect=ABSENT)
    assert (caught.value.index, caught.value.key) == (0, ("k",))
    record = await store.get(("k",))
    assert record is not None and record.value == b"first"


async def test_put_delete_and_check_can_demand_a_version(store: Store) -> None:
    old = await put(store, ("k",))
    new = await put(store, ("k",), b"new", expect=old)
    for stale in (
        Transaction().put(("k",), b"x", expect=old),
        Transaction().delete(("k",), expect=old),
        Transaction().check(("k",), old),
        Transaction().check(("missing",), new),
    ):
        with pytest.raises(Conflict):
            await store.commit(stale)
    await store.commit(
        Transaction().check(("k",), new).check(("missing",), ABSENT).delete(("k",), expect=new)
    )
    assert await store.get(("k",)) is None


async def test_deleting_what_is_not_there_is_no_error_unless_a_version_is_demanded(store: Store) -> None:
    await store.commit(Transaction().delete(("nothing",)).delete(("nothing",), expect=ABSENT))
    with pytest.raises(Conflict):
        await store.commit(Transaction().delete(("nothing",), expect=7))


async def test_scan_gives_key_order_and_only_the_prefix(store: Store) -> None:
    keys: list[Key] = [("p", b"b"), ("p", -5), ("p", 3), ("p", "a"), ("p", "a", 1), ("p", "b"), ("p",)]
    others: list[Key] = [("o", "z"), ("p\x00",), ("pp",), (1,), ("q",), ("p\x00\xff", "a")]
    for key in [*reversed(keys), *others]:
        await put(store, key)
    ordered: list[Key] = [("p",), ("p", b"b"), ("p", -5), ("p", 3), ("p", "a"), ("p", "a", 1), ("p", "b")]
    assert await names(store, ("p",)) == ordered
    assert await names(store, ("p",), reverse=True) == ordered[::-1]
    assert await names(store, ("p", "a")) == [("p", "a"), ("p", "a", 1)]
    assert len(await names(store, ())) == len(keys) + len(others)


async def test_scan_pages_with_exclusive_bounds(store: Store) -> None:
    for number in range(10):
        await put(store, ("n", number), str(number).encode())
    assert await names(store, ("n",), limit=3) == [("n", 0), ("n", 1), ("n", 2)]
    assert await names(store, ("n",), after=("n", 2), limit=2) == [("n", 3), ("n", 4)]
    assert await names(store, ("n",), after=("n", 2), before=("n", 5)) == [("n", 3), ("n", 4)]
    assert await names(store, ("n",), before=("n", 5), reverse=True, limit=2) == [("n", 4), ("n", 3)]
    assert await names(store, ("n",), after=("m",), before=("z",)) == [("n", number) for number in range(10)]
    assert await names(store, ("n",), after=("n", 9)) == []
    assert await names(store, ("n",), after=("n", 7), before=("n", 3)) == []
    assert await names(store, ("n",), limit=0) == []


async def test_count_stops_at_its_limit(store: Store) -> None:
    for number in range(7):
        await put(store, ("n", number))
    assert await store.count(("n",), limit=100) == 7
    assert await store.count(("n",), limit=5) == 5
    assert await store.count(("m",), limit=5) == 0


async def test_get_many_answers_in_the_order_asked(store: Store) -> None:
    await put(store, ("a",), b"A")
    await put(store, ("b",), b"B")
    found = await store.get_many([("b",), ("none",), ("a",), ("b",)])
    assert [record and record.value for record in found] == [b"B", None, b"A", b"B"]
    assert [record and record.key for record in found] == [("b",), None, ("a",), ("b",)]
    assert await store.get_many([]) == []


async def test_delete_prefix_takes_the_tree_and_nothing_beside_it(store: Store) -> None:
    for key in [("t",), ("t", 1), ("t", 1, "x"), ("t", "y"), ("tt",), ("t\x00",), ("s",)]:
        await put(store, key)
    await store.commit(Transaction().delete_prefix(("t",)))
    assert await names(store, ()) == [("s",), ("t\x00",), ("tt",)]


async def test_delete_prefix_of_everything_is_refused(store: Store) -> None:
    await put(store, ("kept",))
    with pytest.raises(ValueError, match="must not be empty"):
        await store.commit(Transaction().delete_prefix(()))
    assert await store.get(("kept",)) is not None


async def test_large_and_empty_values_survive(store: Store) -> None:
    large = bytes(range(256)) * 16_384  # 4 MiB: applied off the loop
    await store.commit(Transaction().put(("large",), large).put(("empty",), b""))
    found = await store.get_many([("large",), ("empty",)])
    assert [record and record.value for record in found] == [large, b""]


async def test_a_key_too_long_is_refused_before_anything_is_written(store: Store) -> None:
    with pytest.raises(ValueError, match="exceeds"):
        await store.commit(Transaction().put(("ok",), b"").put(("x" * 5000,), b""))
    assert await store.get(("ok",)) is None


async def test_values_of_a_range(store: Store) -> None:
    for number in range(6):
        await put(store, ("r", number), str(number).encode())
    await put(store, ("r", 3, "below"), b"below")

    async def read(low: Key, high: Key, **kwargs: object) -> list[bytes]:
        return await store.range_values(low, high, **{"limit": 100, **kwargs})  # type: ignore[arg-type]

    assert await read(("r", 2), ("r", 4)) == [b"2", b"3", b"below"]
    assert await read(("r", 3, "z"), ("r", 99)) == [b"4", b"5"]
    assert await read(("r",), ("r", 99), limit=2, reverse=True) == [b"5", b"4"]
    assert await read(("r", 4), ("r", 2)) == []
