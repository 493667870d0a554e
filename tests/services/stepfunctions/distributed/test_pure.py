"""Splitting, however the content is divided."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.stepfunctions.distributed.csv_items import records
from fogbank.services.stepfunctions.distributed.json_items import array_elements

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a",\\[]{}é\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"]', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


async def cut(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@given(st.lists(VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
async def test_arrays_in_any_pieces(items: list[Any], size: int, indent: int | None) -> None:
    content = json.dumps(items, indent=indent, ensure_ascii=False).encode()
    assert [json.loads(element) async for element in array_elements(cut(content, size))] == items


@given(
    st.lists(
        st.lists(st.text(alphabet='a",\né', min_size=1, max_size=5), min_size=2, max_size=3), max_size=6
    ),
    st.integers(1, 9),
)
async def test_rows_in_any_pieces(rows: list[list[str]], size: int) -> None:
    text = "".join(",".join('"' + field.replace('"', '""') + '"' for field in row) + "\r\n" for row in rows)
    assert [row async for row in records(cut(text.encode(), size), ",")] == rows
