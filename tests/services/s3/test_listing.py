"""Lists against a plain reading of the rules, over keys that sort and roll up in every way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.clock import VirtualClock
from fogbank.core.lanes import Lanes
from fogbank.services.s3.listing import list_page, rolled_up
from fogbank.store.api import Transaction
from fogbank.store.sqlite import SqliteStore

TEXT = st.text(alphabet="ab/é\U0010ffff", max_size=5)
BASE = ("s3", "object", "b")


def expected(keys: list[str], prefix: str, delimiter: str, after: str) -> list[str]:
    """Every key and common prefix that a list from `after` on gives."""
    found: list[str] = []
    skipped = rolled_up(after, prefix, delimiter)
    for key in sorted(keys):
        if not key.startswith(prefix) or (after and key <= after):
            continue
        shown = rolled_up(key, prefix, delimiter) or key
        if shown != skipped and shown not in found:
            found.append(shown)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.sets(TEXT.filter(bool), max_size=25), TEXT, st.sampled_from(["", "/", "b/"]), TEXT, st.integers(1, 7)
)
async def test_pages_are_what_the_rules_say(
    held: set[str], prefix: str, delimiter: str, after: str, most: int
) -> None:
    lanes = Lanes()
    store = SqliteStore(None, VirtualClock(), lanes)
    await store.open()
    try:
        transaction = Transaction()
        for key in held:
            transaction.put((*BASE, key), b"")
        transaction.put(("s3", "object", "c", "a"), b"").put(("s3", "object", "a", "a"), b"")
        await store.commit(transaction)
        shown: list[str] = []
        wanted = expected(list(held), prefix, delimiter, after)
        for _ in range(len(wanted) + 2):
            page = await list_page(store, BASE, prefix=prefix, delimiter=delimiter, after=after, most=most)
            assert len(page) <= most
            shown += sorted([str(record.key[-1]) for record in page.records] + page.prefixes)
            if not page.truncated:
                break
            after = page.last
        assert shown == wanted
    finally:
        await lanes.close()
        await store.close()


async def test_what_rolls_up_is_not_read() -> None:
    lanes = Lanes()
    store = SqliteStore(None, VirtualClock(), lanes)
    await store.open()
    transaction = Transaction()
    for folder in range(5):
        for number in range(400):
            transaction.put((*BASE, f"{folder}/{number}"), b"")
    await store.commit(transaction)
    read, scan = 0, store.scan

    async def counted(*args: object, **more: object) -> object:
        nonlocal read
        records = await scan(*args, **more)  # type: ignore[arg-type]
        read += len(records)
        return records

    store.scan = counted  # type: ignore[method-assign, assignment]
    page = await list_page(store, BASE, prefix="", delimiter="/", after="", most=1000)
    assert page.prefixes == ["0/", "1/", "2/", "3/", "4/"] and not page.truncated
    assert read < 2000 * 0.75
    await lanes.close()
    await store.close()
