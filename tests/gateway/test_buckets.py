"""Token buckets: never more than the burst and what the rate gave since."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fogbank.gateway.buckets import Bucket, Buckets
from fogbank.gateway.expiring import Expiring


@given(st.floats(0.1, 50), st.integers(1, 20), st.lists(st.floats(0, 2), max_size=60))
def test_a_bucket_gives_what_it_has(rate: float, burst: int, pauses: list[float]) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= burst + rate * now + 1e-6


def test_new_limits_keep_what_was_taken() -> None:
    buckets: Buckets[str] = Buckets()
    assert [buckets.get("a", 0, 2, 0.0).take(0.0) for _ in range(3)] == [True, True, False]
    assert [buckets.get("a", 0, 3, 0.0).take(0.0) for _ in range(2)] == [True, False]
    assert buckets.get("b", 0, 2, 0.0).take(0.0)


def test_an_expiring_map_is_bounded() -> None:
    kept: Expiring[int] = Expiring(2)
    for number in range(3):
        kept.put(number, number, 10.0)
    assert [kept.get(number, 5.0) for number in range(3)] == [None, 1, 2]
    assert kept.get(1, 10.0) is None
    assert len(kept) == 1
