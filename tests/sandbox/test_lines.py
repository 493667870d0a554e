"""Output cut into log events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.limits import LOG_LINE_BYTES_MAX
from fogbank.sandbox.lines import LineSplitter


@given(
    st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=30)),
    st.integers(1, 17),
)
def test_lines_survive_any_cut(lines: list[str], step: int) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    splitter = LineSplitter()
    seen = [line for start in range(0, len(data), step) for line in splitter.feed(data[start : start + step])]
    assert seen == lines
    assert splitter.flush() == []


def test_the_rest_comes_with_flush_once() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.flush() == ["tw"]
    assert splitter.flush() == []
    assert splitter.feed(b"o\n") == ["o"]


def test_no_line_is_longer_than_the_limit_and_nothing_is_lost() -> None:
    splitter = LineSplitter()
    size = 3 * LOG_LINE_BYTES_MAX + 7
    seen = splitter.feed(b"x" * size)
    seen += splitter.feed(b"y\n" + b"z" * (LOG_LINE_BYTES_MAX + 1) + b"\n")
    assert [len(line) for line in seen] == [LOG_LINE_BYTES_MAX] * 3 + [8, LOG_LINE_BYTES_MAX, 1]


def test_carriage_returns_are_text() -> None:
    assert LineSplitter().feed(b"a\rb\r\n") == ["a\rb\r"]
