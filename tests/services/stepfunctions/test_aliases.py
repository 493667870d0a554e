"""Aliases: routes, idempotency, what keeps a version alive, and which version an execution is started with."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from tests.services.stepfunctions.conftest import StatesHouse, passing


def routes(arn: str, *weights: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": f"{arn}:{version}", "weight": weight} for version, weight in weights]


async def made(
    states: StatesHouse, arn: str, name: str = "live", *weights: tuple[int, int], **more: Any
) -> str:
    answer = await states.call(
        "CreateStateMachineAlias",
        name=name,
        routingConfiguration=routes(arn, *(weights or ((1, 100),))),
        **more,
    )
    return str(answer["stateMachineAliasArn"])


async def test_a_life(states: StatesHouse) -> None:
    arn = await states.versions(2)
    alias = await made(states, arn, description="first")
    assert alias == f"{arn}:live"
    shown = await states.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert (shown["name"], shown["description"]) == ("live", "first")
    assert shown["routingConfiguration"] == routes(arn, (1, 100))
    await states.clock.advance_ms(1000)
    await states.call(
        "UpdateStateMachineAlias",
        stateMachineAliasArn=alias,
        routingConfiguration=routes(arn, (1, 20), (2, 80)),
    )
    shown = await states.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert shown["routingConfiguration"] == routes(arn, (1, 20), (2, 80))
    assert shown["description"] == "first"
    assert shown["updateDate"] == shown["creationDate"] + 1000
    await states.call("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    code, _ = await states.fails("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert code == "ResourceNotFound"
    assert await states.call("DeleteStateMachineAlias", stateMachineAliasArn=alias) == {}


async def test_the_same_again_is_no_conflict_and_another_is(states: StatesHouse) -> None:
    arn = await states.versions(2)
    assert await made(states, arn) == await made(states, arn)
    code, _ = await states.fails(
        "CreateStateMachineAlias", name="live", routingConfiguration=routes(arn, (2, 100))
    )
    assert code == "ConflictException"


@pytest.mark.parametrize(
    ("weights", "part"),
    [
        (((1, 60),), "must equal 100"),
        (((1, 50), (1, 50)), "distinct"),
    ],
)
async def test_bad_routes(states: StatesHouse, weights: tuple[tuple[int, int], ...], part: str) -> None:
    arn = await states.versions(2)
    code, message = await states.fails(
        "CreateStateMachineAlias", name="live", routingConfiguration=routes(arn, *weights)
    )
    assert code == "ValidationException"
    assert part in message


async def test_routes_of_two_machines(states: StatesHouse) -> None:
    one, two = await states.versions(1, "one"), await states.versions(1, "two")
    mixed = [*routes(one, (1, 50)), *routes(two, (1, 50))]
    code, _ = await states.fails("CreateStateMachineAlias", name="live", routingConfiguration=mixed)
    assert code == "ValidationException"


async def test_a_version_that_is_not_there(states: StatesHouse) -> None:
    arn = await states.versions(1)
    code, _ = await states.fails(
        "CreateStateMachineAlias", name="live", routingConfiguration=routes(arn, (7, 100))
    )
    assert code == "ResourceNotFound"


async def test_a_routed_version_stays(states: StatesHouse) -> None:
    arn = await states.versions(2)
    alias = await made(states, arn)
    code, message = await states.fails("DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:1")
    assert code == "ConflictException"
    assert message.endswith("[live]")
    await states.call(
        "UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=routes(arn, (2, 100))
    )
    await states.call("DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:1")


async def test_lists_have_the_newest_first_and_pages(states: StatesHouse) -> None:
    arn = await states.versions(2)
    for n, name in enumerate(("a", "b", "c")):
        await made(states, arn, name, (1 + n % 2, 100))
        await states.clock.advance_ms(1)
    names: list[str] = []
    token: dict[str, Any] = {}
    while True:
        page = await states.call("ListStateMachineAliases", stateMachineArn=arn, maxResults=2, **token)
        names += [each["stateMachineAliasArn"].rpartition(":")[2] for each in page["stateMachineAliases"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == ["c", "b", "a"]
    of_version = await states.call("ListStateMachineAliases", stateMachineArn=f"{arn}:2")
    assert [each["stateMachineAliasArn"] for each in of_version["stateMachineAliases"]] == [f"{arn}:b"]


async def test_executions_are_shared_by_weight(states: StatesHouse) -> None:
    arn = await states.versions(2)
    alias = await made(states, arn, "live", (1, 20), (2, 80))
    drawn = Counter([(await states.state.machines.resolve(alias)).version_arn for _ in range(500)])
    assert drawn.keys() == {f"{arn}:1", f"{arn}:2"}
    assert 50 < drawn[f"{arn}:1"] < 150


async def test_an_update_is_seen_at_once(states: StatesHouse) -> None:
    arn = await states.versions(2)
    alias = await made(states, arn)
    assert (await states.state.machines.resolve(alias)).version_arn == f"{arn}:1"
    await states.call(
        "UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=routes(arn, (2, 100))
    )
    assert (await states.state.machines.resolve(alias)).version_arn == f"{arn}:2"
    before = await states.state.machines.resolve(arn)
    await states.call("UpdateStateMachine", stateMachineArn=arn, definition=passing("new"))
    after = await states.state.machines.resolve(arn)
    assert before.definition != after.definition == passing("new")


async def test_a_deleted_machine_takes_all_with_it(states: StatesHouse) -> None:
    arn = await states.versions(2)
    alias = await made(states, arn)
    await states.call("DeleteStateMachine", stateMachineArn=arn)
    for gone in (arn, f"{arn}:1", alias):
        with pytest.raises(AwsError, match="StateMachineDoesNotExist"):
            await states.state.machines.resolve(gone)
    assert await states.machine() == arn
    assert (await states.call("ListStateMachineAliases", stateMachineArn=arn))["stateMachineAliases"] == []
    assert (await states.call("ListStateMachineVersions", stateMachineArn=arn))["stateMachineVersions"] == []
