"""What a node wrote last: found until its bytes are needed for something newer."""

from __future__ import annotations

from fogbank.store.recent import Recent


def test_the_newest_value_is_found_until_it_is_dropped() -> None:
    recent: Recent[str] = Recent()
    recent.keep(("a",), 1, "one", 3)
    recent.keep(("a",), 2, "two", 3)
    assert recent.get(("a",)) == (2, "two")
    recent.drop(("a",))
    recent.drop(("a",))
    assert recent.get(("a",)) is None


def test_what_was_not_asked_for_the_longest_gives_way() -> None:
    recent: Recent[str] = Recent(bytes_max=3 * 1000)
    for name in ("a", "b", "c"):
        recent.keep((name,), 1, name, 400)
    assert recent.get(("a",)) == (1, "a")
    recent.keep(("d",), 1, "d", 400)
    assert recent.get(("b",)) is None
    assert [recent.get((name,)) is not None for name in ("a", "c", "d")] == [True, True, True]


def test_what_is_larger_than_all_room_is_not_kept() -> None:
    recent: Recent[bytes] = Recent(bytes_max=1000)
    recent.keep(("a",), 1, b"", 100)
    recent.keep(("b",), 1, b"", 5000)
    assert recent.get(("a",)) is None
    assert recent.get(("b",)) is None
