"""Functions through the pool: what they get, what they return, and how environments are reused."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.core.errors import PoolExhausted, RuntimeUnavailable
from fogbank.sandbox.api import Status
from tests.sandbox.harness import ARN, Lab

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTER = """
    count = 0
    def handler(event, context):
        global count
        count += 1
        return count
"""


async def test_event_goes_in_and_response_comes_out(lab: Lab) -> None:
    reply = await lab.run(
        "def handler(event, context):\n    return {'got': event}", {"name": "žluťoučký", "n": [1, 2.5]}
    )
    assert reply.result.status is Status.SUCCESS
    assert reply.result.error_type is None
    assert reply.payload == {"got": {"name": "žluťoučký", "n": [1, 2.5]}}


async def test_nobody_stays_awake_for_an_answer_that_nobody_waits_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr("fogbank.sandbox.vigil.Vigil.enter", lambda vigil: kept.append("enter"))
    monkeypatch.setattr("fogbank.sandbox.vigil.Vigil.leave", lambda vigil: kept.append("leave"))
    config = lab.function(COUNTER)
    assert (await lab.invoke(config, patient=True)).payload == 1 and kept == []
    assert (await lab.invoke(config)).payload == 2 and kept == ["enter", "leave"]


async def test_first_invocation_reports_init_and_later_ones_reuse_the_environment(lab: Lab) -> None:
    config = lab.function(COUNTER)
    first = await lab.invoke(config)
    second = await lab.invoke(config)
    assert (first.payload, second.payload) == (1, 2)
    assert first.result.init_duration_ms is not None and first.result.init_duration_ms > 0
    assert second.result.init_duration_ms is None
    assert first.result.stream == second.result.stream
    assert [kind for kind, _ in first.log.events] == ["init", "start"]
    assert [kind for kind, _ in second.log.events] == ["start"]
    assert first.log.events[0] == ("init", "python:3.11.v7") or first.log.events[0][1].startswith(
        "python:3.11.v"
    )


async def test_stream_is_named_as_lambda_names_it(lab: Lab) -> None:
    reply = await lab.run("def handler(event, context):\n    return context.log_stream_name", version="7")
    assert reply.payload == reply.result.stream
    day, _, rest = reply.result.stream.rpartition("/[7]")
    assert len(day.split("/")) == 3 and len(rest) == 32


async def test_context_object(lab: Lab) -> None:
    source = """
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            return {
                "id": context.aws_request_id, "arn": context.invoked_function_arn, "name": context.function_name,
                "version": context.function_version, "memory": context.memory_limit_in_mb, "group": context.log_group_name,
                "left": left, "custom": context.client_context.custom, "identity": context.identity.cognito_identity_id,
            }
    """
    reply = await lab.invoke(
        lab.function(source, timeout_ms=9_000),
        client_context='{"custom": {"foo": "bar"}}',
        cognito_identity='{"cognitoIdentityId": "id-1", "cognitoIdentityPoolId": "pool-1"}',
    )
    payload = reply.payload
    assert 0 < payload.pop("left") <= 9_000
    assert payload.pop("id").startswith("00000000-0000-4000-8000-")
    assert payload == {
        "arn": ARN,
        "name": "f",
        "version": "$LATEST",
        "memory": "256",
        "group": "/aws/lambda/f",
        "custom": {"foo": "bar"},
        "identity": "id-1",
    }


async def test_environment_variables_are_those_of_lambda(lab: Lab) -> None:
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)"
    config = lab.function(source, environment={"MINE": "yes", "LANG": "cs_CZ", "AWS_REGION": "moon-1"})
    seen = (await lab.invoke(config, trace_id="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")).payload
    assert seen["MINE"] == "yes"
    assert seen["LANG"] == "cs_CZ"  # a default gives way to the function's own
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"  # what is reserved does not
    assert seen["_HANDLER"] == "index.handler"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert seen["AWS_SESSION_TOKEN"] == "the-session-token"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert seen["_X_AMZN_TRACE_ID"].startswith("Root=1-5759e988")
    assert seen["LAMBDA_TASK_ROOT"] == "/var/task" and seen["TZ"] == ":UTC"
    assert not any("FOGBANK" in name for name in seen)


async def test_trace_id_lasts_one_invocation(lab: Lab) -> None:
    config = lab.function("import os\ndef handler(e, c):\n    return os.environ.get('_X_AMZN_TRACE_ID')")
    assert (await lab.invoke(config, trace_id="Root=1-a-b")).payload == "Root=1-a-b"
    assert (await lab.invoke(config)).payload is None


async def test_boto3_has_the_roles_credentials_and_no_session_of_the_zygote(lab: Lab) -> None:
    source = """
        import boto3
        assert boto3.DEFAULT_SESSION is None
        s3 = boto3.client("s3")
        def handler(event, context):
            found = boto3.Session().get_credentials()
            url = s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
            return [found.access_key, found.token, s3.meta.endpoint_url, "the-secret-key" in url]
    """
    reply = await lab.run(source)
    assert reply.payload == ["ASIAEXAMPLE", "the-session-token", "http://127.0.0.1:4566", False]


async def test_random_state_differs_between_environments(lab: Lab) -> None:
    source = "import random, uuid\ndrawn = random.random()\ndef handler(e, c):\n    return [drawn, str(uuid.uuid4())]"
    one, two = await lab.run(source), await lab.run(source)
    assert one.payload[0] != two.payload[0] and one.payload[1] != two.payload[1]


async def test_concurrent_invocations_each_have_an_environment_of_their_own(lab: Lab) -> None:
    config = lab.function("import time\ndef handler(event, context):\n    time.sleep(0.2)\n    return event")
    replies = await asyncio.gather(*(lab.invoke(config, number) for number in range(8)))
    assert [reply.payload for reply in replies] == list(range(8))
    assert len({reply.result.stream for reply in replies}) == 8


async def test_layers_are_merged_with_the_later_over_the_earlier(lab: Lab) -> None:
    source = """
        import os, helper
        def handler(event, context):
            return [helper.name, sorted(os.listdir("/opt")), open("/opt/shared.txt").read()]
    """
    low = lab.package({"python/helper.py": "name = 'low'", "shared.txt": "low", "a.txt": ""})
    high = lab.package({"python/helper.py": "name = 'high'", "shared.txt": "high"})
    reply = await lab.run(source, layers=(low, high))
    assert reply.payload == ["high", ["a.txt", "python", "shared.txt"], "high"]
    alone = await lab.run(source, layers=(low,))
    assert alone.payload == ["low", ["a.txt", "python", "shared.txt"], "low"]


@pytest.mark.parametrize("name", ["six", "calendar", "boto3", "uuid"])
async def test_modules_of_the_function_win_over_preloaded_ones(lab: Lab, name: str) -> None:
    own = lab.package({f"{name}.py": "mine = 'function'\ndef handler(e, c):\n    return mine"})
    assert (await lab.invoke(lab.function("", code=own, handler=f"{name}.handler"))).payload == "function"
    layer = lab.package({f"python/{name}/__init__.py": "mine = 'layer'"})
    source = f"import {name}\ndef handler(e, c):\n    return {name}.mine"
    assert (await lab.run(source, layers=(layer,))).payload == "layer"


async def test_a_function_with_its_own_botocore_gets_none_of_ours(lab: Lab) -> None:
    layer = lab.package({"python/botocore/__init__.py": "", "python/botocore/session.py": "theirs = True"})
    source = "import sys, botocore.session\ndef handler(e, c):\n    return [botocore.session.theirs, 'boto3' in sys.modules]"
    assert (await lab.run(source, layers=(layer,))).payload == [True, False]


async def test_large_payloads_both_ways(lab: Lab) -> None:
    config = lab.function("def handler(event, context):\n    return event")
    text = "x" * (6 * 1024 * 1024 - 100)
    assert (await lab.invoke(config, text)).payload == text
    assert (await lab.invoke(config, "small again")).payload == "small again"


async def test_response_over_the_limit_is_refused_and_the_environment_lives_on(lab: Lab) -> None:
    config = lab.function(
        "calls = 0\ndef handler(size, context):\n    global calls\n    calls += 1\n    return 'x' * size if size else calls"
    )
    reply = await lab.invoke(config, 6_291_556)
    assert reply.payload == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert reply.result.status is Status.ERROR
    assert (await lab.invoke(config, 0)).payload == 2
    largest = await lab.invoke(config, 6_291_556 - 2)
    assert largest.result.status is Status.SUCCESS


async def test_bytes_and_none(lab: Lab) -> None:
    assert (await lab.run("def handler(e, c):\n    pass")).result.payload == b"null"
    assert (await lab.run("def handler(e, c):\n    return b'raw'")).result.payload == b"raw"


async def test_a_caller_that_goes_away_does_not_stop_the_function(lab: Lab) -> None:
    config = lab.function(
        "import time\ndone = []\ndef handler(event, context):\n    if event == 'slow':\n        time.sleep(0.3)\n    done.append(event)\n    return done"
    )
    await lab.invoke(config, "first")
    task = asyncio.ensure_future(lab.invoke(config, "slow"))
    await lab.until(lambda: "busy" in lab.states())
    task.cancel()
    await lab.until(lambda: "busy" not in lab.states())
    assert (await lab.invoke(config, "last")).payload == ["first", "slow", "last"]


async def test_retired_config_ends_idle_environments_now_and_busy_ones_after_use(lab: Lab) -> None:
    config = lab.function(
        "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event"
    )

    def mine() -> list[str]:
        return [row["state"] for row in lab.pool.environments() if row["stream"] in streams]

    idle, busy = await asyncio.gather(lab.invoke(config, 0.01), lab.invoke(config, 0.01))
    streams = {idle.result.stream, busy.result.stream}
    slow = asyncio.ensure_future(lab.invoke(config, 0.3))
    await lab.until(lambda: "busy" in mine())
    await lab.pool.retire(config.key)
    await lab.until(lambda: mine() == ["busy"])
    assert (await slow).payload == 0.3
    await lab.until(lambda: mine() == [])


async def test_unknown_and_missing_runtimes_are_refused_by_name(lab: Lab) -> None:
    config = lab.function("def handler(e, c): pass", runtime="ruby3.3")
    with pytest.raises(RuntimeUnavailable, match=r"ruby3\.3"):
        await lab.invoke(config)


async def test_a_full_pool_makes_room_from_idle_environments_and_then_refuses(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with Lab(tmp_path_factory.mktemp("small"), environments_max=2) as small:
        source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event"
        one, two, three = (small.function(source) for _ in range(3))
        await small.invoke(one, 0)
        await small.invoke(two, 0)
        assert (await small.invoke(three, 0)).payload == 0  # the longest idle one made room
        busy = [asyncio.ensure_future(small.invoke(config, 3)) for config in (two, three)]
        await small.until(lambda: small.states().count("busy") == 2)
        with pytest.raises(PoolExhausted, match="2 environments"):
            await small.invoke(one, 0)
        assert [(await task).payload for task in busy] == [3, 3]


async def test_a_freed_environment_serves_who_waits_for_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with Lab(tmp_path_factory.mktemp("queue"), environments_max=500) as lab:
        config = lab.function("def handler(event, context):\n    return event")
        replies = await asyncio.gather(*(lab.invoke(config, number) for number in range(60)))
        assert [reply.payload for reply in replies] == list(range(60))
        assert len(lab.states()) < 60


async def test_status_rows(lab: Lab) -> None:
    config = lab.function("def handler(e, c): pass", name="shown", version="3")
    reply = await lab.invoke(config)
    (row,) = [row for row in lab.pool.environments() if row["function"] == "shown:3"]
    assert row["stream"] == reply.result.stream and row["runtime"] == "python3.11"
    assert row["state"] in ("ready", "frozen") and int(row["pid"]) > 1
