from __future__ import annotations

import pytest

from tests.services.logs.conftest import LogsHouse


async def names(logs: LogsHouse, **params: object) -> list[str]:
    """Group names of all pages of DescribeLogGroups."""
    found: list[str] = []
    while True:
        answer = await logs.call("DescribeLogGroups", **params)
        found += [group["logGroupName"] for group in answer["logGroups"]]
        if "nextToken" not in answer:
            return found
        params["nextToken"] = answer["nextToken"]


async def test_groups_are_paged_by_name(logs: LogsHouse) -> None:
    made = sorted(f"g/{number}" for number in range(7))
    for name in reversed(made):
        await logs.make(name)
    assert await names(logs, limit=3) == made
    assert await names(logs, limit=7) == made


async def test_a_prefix_takes_the_group_of_that_name_and_longer_ones(logs: LogsHouse) -> None:
    for name in ("app", "app-1", "app/2", "ap", "b"):
        await logs.make(name)
    assert await names(logs, logGroupNamePrefix="app") == ["app", "app-1", "app/2"]
    assert await names(logs, logGroupNamePrefix="app", limit=1) == ["app", "app-1", "app/2"]
    assert await names(logs, logGroupNamePrefix="none") == []


async def test_a_pattern_is_a_substring_and_its_pages_end(logs: LogsHouse) -> None:
    for name in ("a-data-1", "data", "dat", "x/data"):
        await logs.make(name)
    assert await names(logs, logGroupNamePattern="data") == ["a-data-1", "data", "x/data"]
    assert await names(logs, logGroupNamePattern="data", limit=1) == ["a-data-1", "data", "x/data"]


async def test_classes_filter_and_show(logs: LogsHouse) -> None:
    await logs.make("rare", logGroupClass="INFREQUENT_ACCESS")
    await logs.make("usual")
    assert await names(logs, logGroupClass="INFREQUENT_ACCESS") == ["rare"]
    assert (await logs.group("rare"))["logGroupClass"] == "INFREQUENT_ACCESS"
    assert await logs.fails("CreateLogGroup", logGroupName="d", logGroupClass="DELIVERY") == (
        "NotImplemented",
        "fogbank does not support logs CreateLogGroup with logGroupClass DELIVERY yet",
    )


async def test_list_log_groups_takes_alternatives(logs: LogsHouse) -> None:
    for name in ("alpha-1", "beta-1", "x-alpha"):
        await logs.make(name)
    answer = await logs.call("ListLogGroups", logGroupNamePattern="^alpha|beta")
    assert [group["logGroupName"] for group in answer["logGroups"]] == ["alpha-1", "beta-1"]
    first = await logs.call("ListLogGroups", limit=2)
    rest = await logs.call("ListLogGroups", limit=2, nextToken=first["nextToken"])
    assert [group["logGroupName"] for group in rest["logGroups"]] == ["x-alpha"]


async def test_accounts_and_regions_do_not_see_each_other(logs: LogsHouse) -> None:
    house = logs.house
    await logs.make("mine")
    for where in ({"account": "111111111111"}, {"region": "eu-west-1"}):
        answer = await house.call("logs", "DescribeLogGroups", {}, **where)
        assert answer["logGroups"] == []
        await house.call("logs", "CreateLogGroup", {"logGroupName": "mine"}, **where)


async def test_deletion_protection_holds_until_it_is_lifted(logs: LogsHouse) -> None:
    await logs.make("g", "s", deletionProtectionEnabled=True)
    assert (await logs.fails("DeleteLogGroup", logGroupName="g"))[0] == "ValidationException"
    assert (await logs.fails("DeleteLogStream", logGroupName="g", logStreamName="s"))[
        0
    ] == "ValidationException"
    await logs.call("PutLogGroupDeletionProtection", logGroupIdentifier="g", deletionProtectionEnabled=False)
    await logs.call("DeleteLogGroup", logGroupName="g")
    assert await names(logs) == []


async def test_a_group_made_anew_has_nothing_of_the_old_one(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "old"))
    await logs.call("DeleteLogGroup", logGroupName="g")
    await logs.make("g", "s")
    assert await logs.filter("g") == []
    await logs.put("g", "s", (0, "new"))
    assert await logs.filter("g") == ["new"]
    assert await logs.get("g", "s") == ["new"]


async def test_writing_to_a_group_that_was_deleted_fails(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "m"))
    await logs.call("DeleteLogGroup", logGroupName="g")
    assert await logs.fails(
        "PutLogEvents",
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": logs.now_ms, "message": "m"}],
    ) == ("ResourceNotFoundException", "The specified log group does not exist.")


async def test_purging_leaves_nothing_behind(logs: LogsHouse) -> None:
    await logs.make("g", "s", "t")
    for number in range(5):
        await logs.put("g", "s", (number, "m"))
        await logs.put("g", "t", (number, "m"))
    await logs.call("DeleteLogGroup", logGroupName="g")
    await settle(logs)
    left = await logs.house.store.scan(("logs",), limit=100)
    assert [record.key for record in left] == []


async def settle(logs: LogsHouse) -> None:
    """Let the lanes work off what is due."""
    for _ in range(200):
        await logs.clock.advance_ms(100)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"logGroupName": "g", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/k"}, "NotImplemented"),
        ({"logGroupName": "a b"}, "InvalidParameterException"),
        ({"logGroupName": "g", "tags": {}}, "InvalidParameterException"),
    ],
)
async def test_what_create_refuses(logs: LogsHouse, params: dict[str, object], code: str) -> None:
    assert (await logs.fails("CreateLogGroup", **params))[0] == code


async def test_a_tampered_token_is_refused(logs: LogsHouse) -> None:
    for name in ("a", "b"):
        await logs.make(name)
    token = (await logs.call("DescribeLogGroups", limit=1))["nextToken"]
    assert await logs.fails("DescribeLogGroups", nextToken=token[:-2] + "AA") == (
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )
