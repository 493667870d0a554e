"""The data directory: one holder at a time, a node name that stays, clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.core.errors import ConfigError
from fogbank.core.ids import Ids
from fogbank.store.folders import Folders


def test_one_process_holds_it_and_the_next_is_told_who(tmp_path: Path) -> None:
    first = Folders(tmp_path / "data")
    with pytest.raises(ConfigError, match=r"is in use by process \d+"):
        Folders(tmp_path / "data")
    first.close()
    Folders(tmp_path / "data").close()


def test_the_nodes_name_stays(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    name = folders.node(Ids())
    assert len(name) == 16
    assert folders.node(Ids()) == name
    folders.close()
    again = Folders(tmp_path)
    assert again.node(Ids()) == name
    again.close()


def test_without_a_directory_everything_ends_with_it() -> None:
    folders = Folders(None)
    assert folders.store is None
    assert folders.root.is_dir()
    folders.close()
    assert not folders.root.exists()


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        Folders(tmp_path / "file" / "data")
