"""Whatever becomes of fogbank, no slirp4netns of it is left."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.sandbox.apart import NOBODY, left_behind, needs_outbound, readable_python, start, uplinks
from tests.support.waiting import until_blocking

pytestmark = needs_outbound


@pytest.mark.parametrize("end", ["kill -9", "orderly"])
def test_nothing_is_left(tmp_path: Path, end: str) -> None:
    node, facts = start(tmp_path, network="outbound")
    with node:
        assert facts["error"] is None
        mine = uplinks(node.pid)
        assert (
            len(mine) >= len(facts["pids"]) == 3
        )  # on a busy machine one more is made than is needed in the end
        if end == "orderly":
            node.communicate("")
            assert node.returncode == 0
        else:
            node.send_signal(signal.SIGKILL)
            node.wait()
    until_blocking(
        lambda: not left_behind({**facts, "pids": [*facts["pids"], *map(str, mine)]}, tmp_path), limit_s=10
    )


def test_other_networks_need_no_slirp(tmp_path: Path) -> None:
    for network in ("none", "host"):
        folder = tmp_path / network
        folder.mkdir()
        node, _facts = start(folder, network=network)
        with node:
            assert uplinks(node.pid) == []
            node.communicate("")


@pytest.mark.skipif(os.geteuid() != 0, reason="already a normal user: every other test ran as one")
def test_as_a_normal_user(public_path: Path) -> None:
    """Where everybody may open /dev/net/tun, as most distributions have it; here, a copy of it that only the node sees."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    python = readable_python(drop)
    device = public_path / "tun"
    os.mknod(device, 0o20666, os.stat("/dev/net/tun").st_rdev)
    device.chmod(0o666)
    script = f'mount --bind {device} /dev/net/tun && exec "$@"'
    wrapper = ("unshare", "--mount", "sh", "-c", script, "sh", *drop)
    node, facts = start(public_path, *wrapper, python=python, network="outbound")
    with node:
        assert facts["error"] is None and facts["isolation"]["uid"] == "fogbank's own"
        mine = uplinks(node.pid)
        assert len(mine) >= 3
        node.send_signal(signal.SIGKILL)
        node.wait()
    until_blocking(lambda: not any(Path(f"/proc/{pid}/root").exists() for pid in mine), limit_s=10)
