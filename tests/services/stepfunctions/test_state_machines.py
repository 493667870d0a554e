"""State machines: whose they are, what creating them again means, names, settings that are refused, lists."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.principal import root_of
from tests.services.stepfunctions.conftest import ROLE, StatesHouse, passing


@pytest.mark.parametrize("name", ["a b", "a*", "a/b", "a:b", 'a"', "a\u0085", "a\ufffe"])
async def test_names_that_aws_refuses(states: StatesHouse, name: str) -> None:
    code, message = await states.fails("CreateStateMachine", name=name, definition=passing(), roleArn=ROLE)
    assert (code, message) == ("InvalidName", f"Invalid Name: '{name}'")


@pytest.mark.parametrize(
    "more", [{"roleArn": "arn:aws:iam::000000000000:role/other"}, {"tags": [{"key": "k"}]}]
)
async def test_role_and_tags_are_no_difference(states: StatesHouse, more: dict[str, Any]) -> None:
    arn = await states.machine()
    assert await states.machine(**more) == arn
    shown = await states.call("DescribeStateMachine", stateMachineArn=arn)
    assert shown["roleArn"] == ROLE
    assert (await states.call("ListTagsForResource", resourceArn=arn))["tags"] == []


@pytest.mark.parametrize("more", [{"type": "EXPRESS"}, {"publish": True}, {"definition": passing("other")}])
async def test_what_is_a_difference(states: StatesHouse, more: dict[str, Any]) -> None:
    await states.machine()
    given = {"name": "m", "definition": passing(), "roleArn": ROLE} | more
    assert (await states.fails("CreateStateMachine", **given))[0] == "StateMachineAlreadyExists"


async def test_the_same_again_names_the_version_it_published(states: StatesHouse) -> None:
    given = {"name": "m", "definition": passing(), "roleArn": ROLE, "publish": True}
    first = await states.call("CreateStateMachine", **given)
    assert await states.call("CreateStateMachine", **given) == first
    assert first["stateMachineVersionArn"] == first["stateMachineArn"] + ":1"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("encryptionConfiguration", {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}),
    ],
)
async def test_what_is_refused_by_name(states: StatesHouse, member: str, value: Any) -> None:
    given = {"name": "m", "definition": passing(), "roleArn": ROLE, member: value}
    code, message = await states.fails("CreateStateMachine", **given)
    assert code == "NotImplemented"
    assert member in message


async def test_the_owned_key_is_what_everything_has(states: StatesHouse) -> None:
    arn = await states.machine(encryptionConfiguration={"type": "AWS_OWNED_KEY"})
    shown = await states.call("DescribeStateMachine", stateMachineArn=arn)
    assert shown["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


async def test_metadata_only_leaves_the_definition_out(states: StatesHouse) -> None:
    arn = await states.machine()
    shown = await states.call("DescribeStateMachine", stateMachineArn=arn, includedData="METADATA_ONLY")
    assert shown["definition"] == "{}"


async def test_initial_names_the_first_revision(states: StatesHouse) -> None:
    arn = await states.machine()
    published = await states.call("PublishStateMachineVersion", stateMachineArn=arn, revisionId="INITIAL")
    assert published["stateMachineVersionArn"] == f"{arn}:1"
    await states.call("UpdateStateMachine", stateMachineArn=arn, definition=passing("new"))
    code, _ = await states.fails("PublishStateMachineVersion", stateMachineArn=arn, revisionId="INITIAL")
    assert code == "ConflictException"


async def test_a_version_keeps_its_definition_and_unpublished_revisions_go(states: StatesHouse) -> None:
    arn = await states.machine(publish=True)
    for n in range(5):
        await states.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(str(n)))
    shown = await states.call("DescribeStateMachine", stateMachineArn=f"{arn}:1")
    assert shown["definition"] == passing()
    account = "000000000000"
    kept = await states.house.store.scan(
        ("states-machines", account, "us-east-1", "revision", "m"), limit=100
    )
    assert len(kept) == 2
    await states.call("DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:1")
    kept = await states.house.store.scan(
        ("states-machines", account, "us-east-1", "revision", "m"), limit=100
    )
    assert len(kept) == 1


async def test_labelled_arns_are_refused(states: StatesHouse) -> None:
    arn = await states.machine()
    code, _ = await states.fails("DescribeStateMachine", stateMachineArn=f"{arn}/label")
    assert code == "ValidationException"


async def test_a_token_of_another_list(states: StatesHouse) -> None:
    for n in range(3):
        await states.machine(f"m{n}")
    token = (await states.call("ListStateMachines", maxResults=1))["nextToken"]
    assert (await states.fails("ListActivities", nextToken=token))[0] == "InvalidToken"


@pytest.mark.parametrize("operation", ["DescribeStateMachine", "DeleteStateMachine", "StartExecution"])
async def test_machines_of_other_accounts(states: StatesHouse, operation: str) -> None:
    arn = await states.machine()
    stranger = Caller("111111111111", "us-east-1", root_of("111111111111"), "id")
    with pytest.raises(AwsError, match="AccessDeniedException"):
        await states.house.calls.call("stepfunctions", operation, {"stateMachineArn": arn}, stranger)
