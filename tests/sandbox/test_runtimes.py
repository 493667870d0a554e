"""Every Python that is here runs; what is not is refused with what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fogbank.core.errors import RuntimeUnavailable
from fogbank.sandbox.interpreters import find_interpreters
from fogbank.sandbox.runtimes import Runtimes
from tests.sandbox.harness import Lab

SOURCE = """
    import sys, json, traceback
    def handler(event, context):
        import boto3
        return [sys.version.split()[0], sys.executable, boto3.client("sqs").meta.region_name, __file__, sys.path[0]]
"""


SUPPORTED = range(8, 15)
FOUND = sorted(set(SUPPORTED) & set(Runtimes().interpreters))


@pytest.mark.parametrize("minor", [minor for minor in SUPPORTED if minor not in FOUND])
def test_a_python_that_is_not_here_says_what_to_install(minor: int) -> None:
    with pytest.raises(RuntimeUnavailable, match=f"uv python install 3.{minor}"):
        Runtimes().launch(f"python3.{minor}")


def test_a_node_that_is_not_here_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtimes, "nodes", {})
    with pytest.raises(RuntimeUnavailable, match=r"needs Node\.js 22.*nvm install 22"):
        Runtimes().launch("nodejs22.x")


@pytest.mark.parametrize("minor", FOUND)
async def test_python(minor: int, tmp_path: Path) -> None:
    runtimes = Runtimes()
    name = f"python3.{minor}"
    try:
        runtimes.launch(name)
    except RuntimeUnavailable as missing:
        pytest.skip(str(missing))
    found = runtimes.interpreters[minor]
    async with Lab(tmp_path) as lab:
        reply = await lab.run(SOURCE, runtime=name)
        assert reply.result.error_type is None, reply.payload
        version, executable, region, file, first = reply.payload
        assert (version, region) == (found.version, "eu-west-1")
        if lab.pool.isolation()["namespaces"] == "yes":
            assert (executable, file, first) == (f"/var/lang/bin/{name}", "/var/task/index.py", "/var/task")


def _install(prefix: Path, minor: int, version: str | None = None) -> None:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / f"python3.{minor}").touch()
    (prefix / "lib" / f"python3.{minor}").mkdir(parents=True)
    (prefix / "lib" / f"python3.{minor}" / "os.py").touch()
    if version is not None:
        include = prefix / "include" / f"python3.{minor}"
        include.mkdir(parents=True)
        (include / "patchlevel.h").write_text(f'#define PY_VERSION "{version}"\n')


def test_interpreters_are_found_where_people_keep_them(tmp_path: Path) -> None:
    _install(tmp_path / "usr", 9, "3.9.77")
    _install(tmp_path / "pyenv/versions/3.8.2", 8)
    _install(tmp_path / "pyenv/versions/3.8.19", 8)
    _install(tmp_path / "uv/cpython-3.99.4-linux-x86_64-gnu", 99)
    environ = {
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'usr/bin'}:{tmp_path / 'absent'}",
        "PYENV_ROOT": str(tmp_path / "pyenv"),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv"),
    }
    found = find_interpreters(environ)
    assert {minor: one.version for minor, one in found.items() if minor != sys.version_info.minor} == {
        9: "3.9.77",
        8: "3.8.19",
        99: "3.99.4",
    }
    assert found[99].inner_executable("/var/lang") == "/var/lang/bin/python3.99"
    assert found[sys.version_info.minor].prefix == Path(sys.base_prefix)


def test_virtual_environments_and_shims_are_no_interpreters(tmp_path: Path) -> None:
    venv = tmp_path / "venv/bin"
    venv.mkdir(parents=True)
    (venv / "python3.77").symlink_to(tmp_path / "nowhere")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python3.78").write_text("#!/bin/sh\n")
    found = find_interpreters({"HOME": str(tmp_path), "PATH": f"{venv}:{shims}"})
    assert set(found) <= {sys.version_info.minor}


def test_old_pythons_say_how_to_get_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path / "pyenv/versions/3.8.19", 8)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    runtimes = Runtimes(tmp_path / "cache")
    with pytest.raises(RuntimeUnavailable, match=r"fogbank runtimes --ensure python3\.8"):
        runtimes.launch("python3.8")
    assert "python3.8" not in [row.runtime for row in runtimes.found()]
    (tmp_path / "cache/runtimes/python3.8/awslambdaric").mkdir(parents=True)
    assert runtimes.launch("python3.8").packages["awslambdaric"].is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "name", ["python2.7", "python3.7", "python3.99", "python", "java21", "nodejs16.x", ""]
)
def test_runtimes_nobody_has(name: str) -> None:
    with pytest.raises(RuntimeUnavailable):
        Runtimes().launch(name)
