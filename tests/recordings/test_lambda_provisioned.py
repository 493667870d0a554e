"""Provisioned concurrency answers what AWS answered, with environments that really are there beforehand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.recordings.test_lambda import ADDED_SINCE, FILE, Scenario
from tests.support.recordings import error_of, recorded

# The init takes as long as the test needs to see that it has not ended.
TYPE = """
import os, time
time.sleep(0.3)
def handler(event, context):
    time.sleep(event.get("wait", 0))
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""
READY, ON_DEMAND = "provisioned-concurrency", "on-demand"


@pytest.fixture(scope="module")
def server() -> Iterator[Fogbank]:
    with Fogbank(Settings()) as running:
        yield running


_accounts = count(430_000_000_000)


@pytest.fixture
def fn(server: Fogbank) -> Scenario:
    return Scenario(server, str(next(_accounts)))


def put(fn: Scenario, number: int, qualifier: str = "1") -> Any:
    return fn.client.put_provisioned_concurrency_config(
        FunctionName="fn", Qualifier=qualifier, ProvisionedConcurrentExecutions=number
    )


def get(fn: Scenario, qualifier: str = "1") -> Any:
    return fn.client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier=qualifier)


def done(fn: Scenario, qualifier: str = "1") -> Any:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = get(fn, qualifier)
        if found["Status"] != "IN_PROGRESS":
            return found
        time.sleep(0.02)
    raise AssertionError("it does not come")


def type_of(fn: Scenario, qualifier: str, **event: Any) -> Any:
    return json.loads(fn.invoke(payload=event, Qualifier=qualifier)["Payload"].read())


@pytest.mark.parametrize("qualifier", ["1", "live"])
def test_provisioned_concurrency(fn: Scenario, qualifier: str) -> None:
    case = "test_provisioned_concurrency" + ("" if qualifier == "1" else "_on_alias")
    was = recorded(FILE, f"TestLambdaConcurrency::{case}")
    fn.made(TYPE)
    fn.client.publish_version(FunctionName="fn")
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    fn.matches(was["put_provisioned_5"], put(fn, 5, qualifier))
    fn.matches(was["get_provisioned_prewait"], get(fn, qualifier))
    fn.matches(was["get_provisioned_postwait"], done(fn, qualifier))
    assert type_of(fn, qualifier) == READY
    assert type_of(fn, "$LATEST") == ON_DEMAND


def test_lambda_provisioned_concurrency_scheduling(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_lambda_provisioned_concurrency_scheduling")
    fn.made(TYPE)
    fn.client.publish_version(FunctionName="fn")
    put(fn, 1)
    fn.matches(was["get_provisioned_postwait"], done(fn))
    assert type_of(fn, "1") == READY
    types: list[Any] = []
    slow = threading.Thread(target=lambda: types.append(type_of(fn, "1", wait=1.5)))
    slow.start()
    fn.events(at_least=5)  # its START
    assert type_of(fn, "1") == ON_DEMAND
    slow.join()
    assert types == [READY]


def test_provisioned_concurrency_init_failure(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_provisioned_concurrency_init_failure")
    fn.made("import time\ntime.sleep(0.3)\nraise Exception('intended')\n")
    fn.client.publish_version(FunctionName="fn")
    fn.matches(was["put_provisioned"], put(fn, 1))
    fn.matches(was["get_provisioned_prewait"], get(fn))
    fn.matches(was["get_provisioned_postwait"], done(fn))


def test_reserved_provisioned_overlap(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_reserved_provisioned_overlap")
    fn.made(TYPE)
    fn.client.publish_version(FunctionName="fn")
    fn.matches(was["put_provisioned_5"], put(fn, 2))
    fn.matches(was["get_provisioned_prewait"], get(fn))
    fn.matches(was["get_provisioned_postwait"], done(fn))
    reserve = fn.client.put_function_concurrency
    low = error_of(reserve, FunctionName="fn", ReservedConcurrentExecutions=1)
    fn.matches(was["reserved_lower_than_provisioned_exc"], low)
    reserve(FunctionName="fn", ReservedConcurrentExecutions=2)
    fn.matches(was["get_concurrency"], fn.client.get_function_concurrency(FunctionName="fn"))
    throttled = error_of(fn.invoke)
    fn.matches(was["reserved_equals_provisioned_latest_invoke_exc"], throttled)
    assert type_of(fn, "1") == READY
    updated = fn.client.update_function_configuration(FunctionName="fn", Timeout=15)
    fn.matches(was["update_func_config"], updated)
    fn.settled()
    fn.client.publish_version(FunctionName="fn")
    fn.matches(was["reserved_equals_provisioned_another_provisioned_exc"], error_of(put, fn, 1, "2"))
    fn.matches(was["reserved_equals_provisioned_increase_provisioned_exc"], error_of(put, fn, 3))


def test_lambda_provisioned_concurrency_moves_with_alias(fn: Scenario) -> None:
    was = recorded(FILE, "TestLambdaConcurrency::test_lambda_provisioned_concurrency_moves_with_alias")
    ignore = ADDED_SINCE | {"Runtime"}

    def check(key: str, answer: Any) -> Any:
        fn.matches(was[key], answer, ignore=ignore)
        return answer

    client = fn.client
    fn.matches(was["create-result"]["CreateFunctionResponse"], fn.made(TYPE, Timeout=2), ignore=ignore)
    latest = client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST")
    check("get-function-configuration", latest)
    published = client.publish_version(
        FunctionName="fn", RevisionId=latest["RevisionId"], Description="my-first-version"
    )
    check("publish_version_1", published)
    check(
        "get_function_configuration_version_1",
        client.get_function_configuration(FunctionName="fn", Qualifier="1"),
    )
    assert type_of(fn, "1") == ON_DEMAND
    check("create_alias", client.create_alias(FunctionName="fn", FunctionVersion="1", Name="live"))
    check("get_function_before_provisioned", client.get_function(FunctionName="fn", Qualifier="1"))
    put(fn, 1, "live")
    done(fn, "live")
    # The function's revision of an alias was recorded as one of its own.
    alias = client.get_function(FunctionName="fn", Qualifier="live")
    fn.matches(was["get_function_after_provisioned"], alias, ignore=ignore | {"RevisionId"})
    assert (type_of(fn, "1"), type_of(fn, "live")) == (READY, READY)
    client.update_function_configuration(FunctionName="fn", Timeout=10)
    fn.settled()
    latest = client.get_function_configuration(FunctionName="fn")
    check("get_function_after_update", latest)
    check("publish_version_2", client.publish_version(FunctionName="fn", RevisionId=latest["RevisionId"]))
    check("update_alias", client.update_alias(FunctionName="fn", FunctionVersion="2", Name="live"))
    check("get_provisioned_config_after_alias_move", get(fn, "live"))
    assert done(fn, "live")["Status"] == "READY"
    assert (type_of(fn, "1"), type_of(fn, "2"), type_of(fn, "live")) == (ON_DEMAND, READY, READY)
    check("provisioned_concurrency_notfound", error_of(get, fn, "2"))


def test_environments_are_kept_and_made_up_for(fn: Scenario) -> None:
    """What is provisioned is there before it is called, comes back when it ends, and goes when it is not wanted any more."""
    fn.made("import os\ndef handler(event, context):\n    event and os._exit(1)\n    return os.getpid()\n")
    fn.client.publish_version(FunctionName="fn")

    def become(number: int) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            rows = fn.server.app.house.pool.environments()
            mine = [row for row in rows if row["account"] == fn.account]
            if len([row for row in mine if row["state"] in ("ready", "frozen")]) == len(mine) == number:
                return
            time.sleep(0.01)
        raise AssertionError(f"{mine} are not {number}")

    put(fn, 2)
    done(fn)
    become(2)
    assert fn.invoke(payload={"die": 1}, Qualifier="1")["FunctionError"] == "Unhandled"
    become(2)
    put(fn, 1)
    done(fn)
    become(1)
    fn.client.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="1")
    assert error_of(get, fn)["ResponseMetadata"]["HTTPStatusCode"] == 404
    become(0)
