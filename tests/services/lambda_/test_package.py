"""Packages come from strangers: what they may hold, and what never leaves their folder."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.lambda_ import package
from fogbank.services.lambda_.code_store import CodeStore
from fogbank.services.lambda_.package import BadPackage, EmptyPackage, PackageTooLarge, unpack
from fogbank.store.blobs import FileBlobs
from tests.services.lambda_.fakes import pack


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "target"
    folder.mkdir(parents=True)
    return folder


def entry(name: str, mode: int, content: bytes = b"", system: int = 3) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system = system
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return out.getvalue()


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_files_and_folders(target: Path) -> None:
    size = unpack(pack({"index.py": "x = 1", "package/": "", "package/sub/data.bin": b"\0" * 10}), target)
    assert (target / "index.py").read_text() == "x = 1"
    assert (target / "package/sub/data.bin").read_bytes() == b"\0" * 10
    assert size == 15


def test_what_only_the_owner_might_read_the_function_reads(target: Path) -> None:
    unpack(entry("index.py", stat.S_IFREG | 0o600, b"x"), target)
    assert stat.S_IMODE((target / "index.py").stat().st_mode) == 0o644


def test_programs_stay_executable_and_nothing_keeps_special_bits(target: Path) -> None:
    unpack(entry("bootstrap", stat.S_IFREG | 0o6750, b"x"), target)
    assert stat.S_IMODE((target / "bootstrap").stat().st_mode) == 0o755


def test_a_zip_from_windows_has_plain_files(target: Path) -> None:
    unpack(entry("bootstrap", stat.S_IFREG | 0o755, b"x", system=0), target)
    assert stat.S_IMODE((target / "bootstrap").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/out", "a/../b", "..", "a\\..\\out", "C:\\out", "a\x00b/../../out"],
)
def test_names_that_lead_out(target: Path, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, "out")
    try:
        unpack(content.getvalue(), target)
    except BadPackage:
        pass
    assert everything_in(target.parent.parent) - {"outer", "outer/target"} <= {"outer/target/a"}


def test_links_inside(target: Path) -> None:
    unpack(pack({"lib/real.so.1": "so"}, {"lib/real.so": "real.so.1", "top": "lib/real.so"}), target)
    assert (target / "top").read_text() == "so"


@pytest.mark.parametrize(
    "links",
    [
        {"out": "/etc/passwd"},
        {"out": "../secret"},
        {"a/out": "../../secret"},
        {"a": ".", "b": "a/../../secret"},
        {"self": "self/../.."},
        {"x": "y", "y": "../secret"},
    ],
)
def test_links_that_lead_out(target: Path, links: dict[str, str]) -> None:
    (target.parent / "secret").write_text("secret")
    with pytest.raises(BadPackage):
        unpack(pack({"index.py": "x"}, links), target)


def test_nothing_is_written_through_a_link(target: Path) -> None:
    """A link to a folder and a file below it: whichever comes first, the file does not land behind the link."""
    with pytest.raises(BadPackage):
        unpack(pack({"door/planted": "x"}, {"door": ".."}), target)
    assert not (target.parent / "planted").exists()


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_devices_and_pipes(target: Path, kind: int) -> None:
    with pytest.raises(BadPackage):
        unpack(entry("special", kind | 0o666), target)


def test_what_is_empty(target: Path) -> None:
    for content in (b"", pack({})):
        with pytest.raises(EmptyPackage):
            unpack(content, target)


def test_a_bomb_is_stopped_where_the_limit_is(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "CODE_UNZIPPED_BYTES_MAX", 1_000_000)
    with pytest.raises(PackageTooLarge):
        unpack(pack({"a": b"\0" * 600_000, "b": b"\0" * 600_000}), target)
    assert sum(path.stat().st_size for path in target.rglob("*")) <= 1_000_000
    other = target.parent / "other"
    other.mkdir()
    assert unpack(pack({"a": b"\0" * 1_000_000}), other) == 1_000_000


def test_sizes_in_the_zip_are_not_believed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "CODE_UNZIPPED_BYTES_MAX", 1000)
    content = bytearray(pack({"a": b"\0" * 100_000}))
    small = struct.pack("<I", 10)
    content[22:26] = small  # in the entry's own header
    directory = content.rfind(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = small
    with pytest.raises((BadPackage, PackageTooLarge)):
        unpack(bytes(content), target)
    assert sum(path.stat().st_size for path in target.rglob("*")) <= 1000


def test_too_many_entries(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "CODE_FILES_MAX", 3)
    with pytest.raises(BadPackage):
        unpack(pack({str(number): "x" for number in range(4)}), target)
    monkeypatch.setattr(package, "CODE_CENTRAL_BYTES_MAX", 100)
    with pytest.raises(BadPackage):
        unpack(pack({str(number): "x" for number in range(3)}), target)
    assert everything_in(target) == set()


def test_a_file_where_a_folder_is(target: Path) -> None:
    with pytest.raises(BadPackage):
        unpack(pack({"a": "file", "a/b": "below"}), target)


def test_of_two_with_one_name_the_last_counts(target: Path) -> None:
    content = io.BytesIO()
    with pytest.warns(UserWarning), zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", "first")
        archive.writestr("index.py", "second")
    unpack(content.getvalue(), target)
    assert (target / "index.py").read_text() == "second"


@given(st.binary(max_size=400))
def test_no_bytes_break_it(content: bytes) -> None:
    _unpack_anywhere(content)


@given(st.data())
def test_no_damage_breaks_it(data: st.DataObject) -> None:
    content = bytearray(pack({"index.py": "x" * 50, "lib/a": "y"}, {"link": "index.py"}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _unpack_anywhere(bytes(content))


def _unpack_anywhere(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "target"
        target.mkdir()
        try:
            unpack(content, target)
        except (BadPackage, EmptyPackage, PackageTooLarge):
            pass
        assert os.listdir(folder) == ["target"]


async def test_equal_packages_share_a_folder_and_a_power_loss_empties_it(tmp_path: Path) -> None:
    store = CodeStore(FileBlobs(tmp_path / "blobs"), tmp_path / "code")
    await store.start()
    content = pack({"index.py": "x"})
    first = await store.take_in(content)
    again = await store.take_in(content)
    assert first == again
    (store.path(first.sha) / "index.py").write_text("torn")
    await store.start()
    assert (store.path(first.sha) / "index.py").read_text() == "torn"  # the same boot: kept
    (tmp_path / "code" / ".boot").write_text("another boot")
    await store.start()
    assert not store.path(first.sha).exists()
    assert await store.ensure(first.sha)
    assert (store.path(first.sha) / "index.py").read_text() == "x"
    await store.discard(first.sha)
    assert not await store.ensure(first.sha)
