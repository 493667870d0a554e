"""Finding Node.js installations."""

from __future__ import annotations

from pathlib import Path

from fogbank.sandbox.nodes import find_nodes


def test_the_finder_reads_versions_from_folders(tmp_path: Path) -> None:
    for relative in (
        ".nvm/versions/node/v18.19.0", ".nvm/versions/node/v18.20.4", ".nvm/versions/node/v9.0.0",
        ".local/share/fnm/node-versions/v22.1.0/installation", ".volta/tools/image/node/24.0.1",
    ):  # fmt: skip
        executable = tmp_path / relative / "bin/node"
        executable.parent.mkdir(parents=True)
        executable.write_text("")
        executable.chmod(0o755)
    found = find_nodes({"HOME": str(tmp_path), "PATH": ""})
    assert {major: node.version for major, node in found.items()} == {
        18: "18.20.4",
        22: "22.1.0",
        24: "24.0.1",
    }
    assert found[22].executable.is_file()


def test_a_shim_on_path_is_not_node(tmp_path: Path) -> None:
    shim = tmp_path / "volta-shim"
    shim.write_text("")
    shim.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/node").symlink_to(shim)
    assert find_nodes({"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}) == {}
