"""The share of the processors that is left over."""

from __future__ import annotations

from pathlib import Path

from fogbank.core.load import Processors


def test_the_share_between_two_looks(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n")
    processors = Processors(str(stat))
    stat.write_text("cpu  160 0 60 820 60 0 0 0 0 0\n")
    assert processors.idle_share() == 0.3
    assert processors.idle_share() is None  # no time has passed
    stat.write_text("cpu  170 0 60 820 60 0 0 0 7 0\n")  # guests are counted within user already
    assert processors.idle_share() == 0.0


def test_unknown_where_there_is_no_such_file(tmp_path: Path) -> None:
    assert Processors(str(tmp_path / "missing")).idle_share() is None
