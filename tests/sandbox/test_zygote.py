"""What becomes of invocations when a zygote dies, and of requests it cannot serve."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fogbank.core.errors import SandboxError
from fogbank.sandbox.api import Status
from tests.sandbox.harness import Lab, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _parent(pid: str) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_a_zygote_that_dies_fails_its_invocations_and_is_replaced(lab: Lab) -> None:
    config = lab.function(
        "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event"
    )
    idle = await lab.invoke(config, 0)
    busy = asyncio.ensure_future(lab.invoke(replace(config, key="other"), 60))
    await lab.until(lambda: "busy" in lab.states())
    (row,) = [row for row in lab.pool.environments() if row["stream"] == idle.result.stream]
    os.kill(_parent(row["pid"]), 9)
    reply = await busy
    assert reply.result.status is Status.CRASHED
    assert reply.payload["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert lab.states() == []
    assert (await lab.invoke(config, 0)).payload == 0


async def test_code_that_has_gone_is_fogbanks_error_and_the_pool_lives_on(lab: Lab) -> None:
    config = lab.function("def handler(event, context):\n    return event")
    with pytest.raises(SandboxError, match="could not be made"):
        await lab.invoke(replace(config, code=config.code / "absent", key="gone"))
    assert (await lab.invoke(config, 5)).payload == 5


async def test_the_child_in_reserve_may_die(lab: Lab) -> None:
    config = lab.function("def handler(event, context):\n    return event")
    await lab.invoke(config, 1)
    (row,) = [row for row in lab.pool.environments() if row["state"] in ("ready", "frozen")][-1:]
    zygote = _parent(row["pid"])
    known = {row["pid"] for row in lab.pool.environments()}

    def reserve() -> list[str]:
        children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
        return [pid for pid in children if pid not in known]

    await lab.until(lambda: len(reserve()) == 1)
    os.kill(int(reserve()[0]), 9)
    assert (await lab.invoke(replace(config, key="next"), 2)).payload == 2


async def test_secrets_are_in_no_repr(lab: Lab) -> None:
    config = lab.function(
        "def handler(event, context):\n    return event", environment={"PASSWORD": "hunter2"}
    )
    await lab.invoke(config)
    said = (
        repr(config)
        + repr(lab.pool)
        + repr(lab.pool.environments())
        + repr(lab.pool._keeper.nursery.zygotes())
    )
    assert "hunter2" not in said and "the-secret-key" not in said


async def test_large_environments_and_many_requests_at_once(lab: Lab) -> None:
    """More than the control socket holds at a time."""
    config = lab.function(
        "import os\ndef handler(event, context):\n    return len(os.environ['BIG'])",
        environment={"BIG": "x" * 60_000},
    )
    replies = await asyncio.gather(*(lab.invoke(replace(config, key=f"big-{n}")) for n in range(24)))
    assert [reply.payload for reply in replies] == [60_000] * 24


async def test_a_platform_that_fails_fails_the_invocation_and_nothing_else(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = lab.function("def handler(event, context):\n    return event")

    async def no_credentials(_config: object) -> None:
        raise LookupError("the role has gone")

    with monkeypatch.context() as patch:
        patch.setattr(lab.platform, "credentials", no_credentials)
        for _ in range(20):  # more than may start at once
            with pytest.raises(LookupError, match="the role has gone"):
                await lab.invoke(config)
    assert (await lab.invoke(config, 3)).payload == 3


async def test_who_waits_when_the_pool_closes_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with Lab(tmp_path_factory.mktemp("closing")) as closing:
        config = closing.function("import time\ndef handler(event, context):\n    time.sleep(60)")
        waiting = [asyncio.ensure_future(closing.invoke(replace(config, key=f"k{n}"))) for n in range(30)]
        await closing.until(lambda: "busy" in closing.states())
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert len(ends) == 30
    for end in ends:
        assert isinstance(end, SandboxError) or (
            isinstance(end, Reply) and end.result.status is Status.CRASHED
        ), end
