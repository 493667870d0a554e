"""Page tokens come back as they went out, and in no other form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.model.page_tokens import ForeignToken, seal, unseal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=8
)


@given(st.text(max_size=40), VALUES)
def test_what_was_sealed_is_unsealed(kind: str, value: object) -> None:
    assert unseal(kind, seal(kind, value)) == value


def test_a_token_of_another_list_is_foreign() -> None:
    with pytest.raises(ForeignToken):
        unseal("iam ListRoles", seal("iam ListUsers", ["x"]))


@given(st.text())
def test_no_text_is_more_than_foreign(text: str) -> None:
    with pytest.raises(ForeignToken):
        unseal("logs DescribeLogGroups", text)


@given(st.integers(0, 19), st.integers(1, 127))
def test_a_changed_token_is_foreign(at: int, change: int) -> None:
    token = seal("k", ["position", 17])
    changed = token[:at] + chr(ord(token[at]) ^ change) + token[at + 1 :]
    with pytest.raises(ForeignToken):
        unseal("k", changed)
