"""Provisioned concurrency: what may be asked for, how it counts, what becomes of it. Over real environments: tests/recordings."""

from __future__ import annotations

from typing import Any

from tests.services.lambda_.fakes import ARN, LambdaHouse
from tests.support.waiting import until

NAME = {"FunctionName": "f"}


async def published(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.settled("f", "1")


async def put(house: LambdaHouse, number: int = 2, qualifier: str = "1") -> dict[str, Any]:
    return await house.do(
        "PutProvisionedConcurrencyConfig",
        **NAME,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=number,
    )


async def ended(house: LambdaHouse, qualifier: str = "1") -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await house.do("GetProvisionedConcurrencyConfig", **NAME, Qualifier=qualifier)
        return None if found["Status"] == "IN_PROGRESS" else found

    found: dict[str, Any] = await until(look)
    return found


async def test_what_is_refused(house: LambdaHouse) -> None:
    await published(house)
    ask = NAME | {"ProvisionedConcurrentExecutions": 1}
    code, message = await house.refuses("PutProvisionedConcurrencyConfig", **ask | {"Qualifier": "$LATEST"})
    assert code == "InvalidParameterValueException" and "unpublished function versions" in message
    code, message = await house.refuses("PutProvisionedConcurrencyConfig", **ask | {"Qualifier": "7"})
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {ARN}:7")
    code, message = await house.refuses("PutProvisionedConcurrencyConfig", **ask | {"Qualifier": "none"})
    assert (code, message) == ("ResourceNotFoundException", f"Cannot find alias arn: {ARN}:none")
    too_many = {"Qualifier": "1", "ProvisionedConcurrentExecutions": 901}
    code, message = await house.refuses("PutProvisionedConcurrencyConfig", **NAME | too_many)
    assert code == "InvalidParameterValueException" and message.endswith("minimum value of [100].")
    too_many["ProvisionedConcurrentExecutions"] = 1001
    code, message = await house.refuses("PutProvisionedConcurrencyConfig", **NAME | too_many)
    assert code == "InvalidParameterValueException" and message.endswith("unreserved concurrency [1000].")
    code, message = await house.refuses("GetProvisionedConcurrencyConfig", **NAME | {"Qualifier": "$LATEST"})
    assert code == "InvalidParameterValueException" and message.endswith("an alias or a published version.")
    await house.do("CreateAlias", **NAME, Name="live", FunctionVersion="1")
    await put(house)
    code, _ = await house.refuses("PutProvisionedConcurrencyConfig", **ask | {"Qualifier": "live"})
    assert code == "ResourceConflictException"


async def test_it_counts_against_the_account_and_the_reservation(house: LambdaHouse) -> None:
    async def unreserved() -> int:
        limits: dict[str, int] = (await house.do("GetAccountSettings"))["AccountLimit"]
        return limits["UnreservedConcurrentExecutions"]

    await published(house)
    await put(house, 3)
    assert await unreserved() == 997
    await house.do("PutFunctionConcurrency", **NAME, ReservedConcurrentExecutions=5)
    assert await unreserved() == 995
    await house.do("DeleteFunctionConcurrency", **NAME)
    assert await unreserved() == 997
    await house.do("DeleteProvisionedConcurrencyConfig", **NAME, Qualifier="1")
    assert await unreserved() == 1000
    await put(house, 3)
    await house.do("DeleteFunction", **NAME)
    assert await unreserved() == 1000


async def test_lists(house: LambdaHouse) -> None:
    await published(house)
    await house.do("CreateAlias", **NAME, Name="live", FunctionVersion="1")
    await put(house, 1, "live")
    await house.do("UpdateFunctionConfiguration", **NAME, Timeout=9)
    await house.settled()
    await house.do("PublishVersion", **NAME)
    await put(house, 2, "2")
    page = await house.do("ListProvisionedConcurrencyConfigs", **NAME, MaxItems=1)
    rest = await house.do("ListProvisionedConcurrencyConfigs", **NAME, Marker=page["NextMarker"])
    found = page["ProvisionedConcurrencyConfigs"] + rest["ProvisionedConcurrencyConfigs"]
    assert [each["FunctionArn"] for each in found] == [f"{ARN}:2", f"{ARN}:live"]
    assert "NextMarker" not in rest


async def test_environments_follow_what_is_asked_for(house: LambdaHouse) -> None:
    await published(house)
    await house.do("CreateAlias", **NAME, Name="live", FunctionVersion="1")
    await put(house, 2, "live")
    assert (await ended(house, "live"))["AllocatedProvisionedConcurrentExecutions"] == 2
    assert sorted(house.pool.provisioned.values()) == [2]
    config, _ = (await house.invoke("f:live"), house.pool.invoked[-1])[1]
    assert config.initialization == "provisioned-concurrency"
    await house.invoke("f")
    assert house.pool.invoked[-1][0].initialization == "on-demand"
    await house.do("DeleteAlias", **NAME, Name="live")

    async def gone() -> bool:
        return not house.pool.provisioned

    await until(gone)
    await house.invoke("f:1")
    assert house.pool.invoked[-1][0].initialization == "on-demand"


async def test_a_failing_init_is_told_and_calls_run_on_demand(house: LambdaHouse) -> None:
    await published(house)
    house.pool.missing.add("f")
    await put(house)
    failed = await ended(house)
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    await house.invoke("f:1")
    assert house.pool.invoked[-1][0].initialization == "on-demand"
    house.pool.missing.clear()
    await put(house)
    assert (await ended(house))["Status"] == "READY"


async def test_a_starting_node_makes_them_again(house: LambdaHouse) -> None:
    await published(house)
    await put(house, 4)
    await ended(house)
    house.pool.provisioned.clear()  # as after the end of the process
    house.state.provisioner.start()

    async def there() -> bool:
        return list(house.pool.provisioned.values()) == [4]

    await until(there)
