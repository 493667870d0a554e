from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.ids import Ids
from fogbank.core.key_ids import LONG_TERM, TEMPORARY, account_of_key_id, make_key_id


@given(st.integers(0, 10**12 - 1), st.sampled_from([LONG_TERM, TEMPORARY]), st.integers())
def test_the_account_lies_in_the_id(account: int, prefix: str, seed: int) -> None:
    made = make_key_id(prefix, f"{account:012d}", Ids(seed))
    assert len(made) == 20
    assert made.startswith(prefix)
    assert account_of_key_id(made) == f"{account:012d}"


def test_an_id_that_aws_made() -> None:
    # Published with its account by those who found the encoding.
    assert account_of_key_id("ASIAQNZGKIQY56JQ7WML") == "029608264753"


def test_ids_differ() -> None:
    ids = Ids(1)
    assert len({make_key_id(LONG_TERM, "000000000000", ids) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "test",
        "AKIA",
        "AKIAIOSFODNN7EXAMPLE",
        "AIDAQAAAAAAAP7Q6UJGE",
        "AKIAQAAAAAAAP7Q6UJG1",
        "AKIA" + "A" * 16,
    ],
)
def test_what_aws_would_not_have_made(text: str) -> None:
    assert account_of_key_id(text) is None


@given(st.text(max_size=24))
def test_any_text(text: str) -> None:
    account = account_of_key_id(text)
    assert account is None or len(account) == 12
