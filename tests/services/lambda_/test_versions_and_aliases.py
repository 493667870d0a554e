"""Published versions and the names for them."""

from __future__ import annotations

from tests.services.lambda_.fakes import ARN, LambdaHouse, pack


async def publish(house: LambdaHouse, times: int) -> None:
    """So many versions that differ."""
    for number in range(times):
        await house.do("UpdateFunctionConfiguration", FunctionName="f", Description=str(number))
        await house.settled()
        await house.do("PublishVersion", FunctionName="f")


async def test_a_version_is_what_latest_was(house: LambdaHouse) -> None:
    await house.create(Environment={"Variables": {"WHICH": "one"}})
    published = await house.do("PublishVersion", FunctionName="f", Description="first")
    assert (published["Version"], published["FunctionArn"], published["State"]) == ("1", ARN + ":1", "Active")
    await house.do(
        "UpdateFunctionConfiguration", FunctionName="f", Environment={"Variables": {"WHICH": "two"}}
    )
    await house.settled()
    shown = await house.do("GetFunctionConfiguration", FunctionName="f", Qualifier="1")
    assert shown == published
    await house.invoke(Qualifier="1")
    await house.invoke()
    assert [config.environment["WHICH"] for config, _ in house.pool.invoked] == ["one", "two"]


async def test_publishing_again_without_a_change_gives_the_same_version(house: LambdaHouse) -> None:
    await house.create()
    first = await house.do("PublishVersion", FunctionName="f")
    assert await house.do("PublishVersion", FunctionName="f", Description="ignored") == first
    await publish(house, 1)
    versions = (await house.do("ListVersionsByFunction", FunctionName="f"))["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    assert [version["FunctionArn"].rpartition(":")[2] for version in versions] == ["$LATEST", "1", "2"]


async def test_publishing_only_what_was_looked_at(house: LambdaHouse) -> None:
    created = await house.create()
    code, message = await house.refuses("PublishVersion", FunctionName="f", CodeSha256="other")
    assert code == "InvalidParameterValueException"
    assert message == (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({created['CodeSha256']}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    code, _ = await house.refuses("PublishVersion", FunctionName="f", RevisionId=created["RevisionId"])
    assert code == "PreconditionFailedException"
    await house.do("PublishVersion", FunctionName="f", CodeSha256=created["CodeSha256"])


async def test_update_and_publish_at_once(house: LambdaHouse) -> None:
    await house.create()
    updated = await house.do(
        "UpdateFunctionCode", FunctionName="f", ZipFile=pack({"index.py": "# 2"}), Publish=True
    )
    assert (updated["Version"], updated["FunctionArn"], updated["State"]) == ("1", ARN + ":1", "Pending")
    assert (await house.settled("f", "1"))["State"] == "Active"
    assert (await house.settled())["CodeSha256"] == updated["CodeSha256"]


async def test_versions_in_pages_and_in_number_order(house: LambdaHouse) -> None:
    await house.create()
    await publish(house, 11)
    numbers, marker = [], None
    while True:
        more = {"Marker": marker} if marker else {}
        page = await house.do("ListVersionsByFunction", FunctionName="f", MaxItems=5, **more)
        numbers += [version["Version"] for version in page["Versions"]]
        if (marker := page.get("NextMarker")) is None:
            break
    assert numbers == ["$LATEST", *(str(number) for number in range(1, 12))]


async def test_deleting_versions(house: LambdaHouse) -> None:
    await house.create()
    await publish(house, 2)
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="2")
    code, message = await house.refuses("DeleteFunction", FunctionName="f", Qualifier="2")
    assert code == "ResourceConflictException" and message.endswith("reference it: [live]")
    await house.do("DeleteFunction", FunctionName="f", Qualifier="1")
    code, _ = await house.refuses("GetFunction", FunctionName="f", Qualifier="1")
    assert code == "ResourceNotFoundException"
    assert await house.refuses("DeleteFunction", FunctionName="f", Qualifier="$LATEST") == (
        "InvalidParameterValueException",
        "$LATEST version cannot be deleted without deleting the function.",
    )
    assert await house.refuses("DeleteFunction", FunctionName="f", Qualifier="live") == (
        "InvalidParameterValueException",
        "Deletion of aliases is not currently supported.",
    )
    await publish(house, 1)
    versions = (await house.do("ListVersionsByFunction", FunctionName="f"))["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "2", "3"]  # numbers are not reused


async def test_aliases(house: LambdaHouse) -> None:
    await house.create()
    await publish(house, 2)
    created = await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    assert created == {
        "AliasArn": ARN + ":live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "",
        "RevisionId": created["RevisionId"],
    }
    assert await house.refuses("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1") == (
        "ResourceConflictException",
        f"Alias already exists: {ARN}:live",
    )
    assert await house.refuses("CreateAlias", FunctionName="f", Name="b", FunctionVersion="9") == (
        "ResourceNotFoundException",
        f"Function not found: {ARN}:9",
    )
    assert await house.refuses("GetAlias", FunctionName="f", Name="none") == (
        "ResourceNotFoundException",
        f"Cannot find alias arn: {ARN}:none",
    )
    moved = await house.do(
        "UpdateAlias",
        FunctionName="f",
        Name="live",
        FunctionVersion="2",
        RevisionId=created["RevisionId"],
    )
    assert moved["FunctionVersion"] == "2" and moved["RevisionId"] != created["RevisionId"]
    code, _ = await house.refuses(
        "UpdateAlias", FunctionName="f", Name="live", RevisionId=created["RevisionId"]
    )
    assert code == "PreconditionFailedException"
    shown = await house.do("GetFunctionConfiguration", FunctionName="f", Qualifier="live")
    assert (shown["FunctionArn"], shown["Version"]) == (ARN + ":live", "2")
    await house.do("DeleteAlias", FunctionName="f", Name="live")
    await house.do("DeleteAlias", FunctionName="f", Name="live")
    assert (await house.do("ListAliases", FunctionName="f"))["Aliases"] == []


async def test_aliases_by_version_and_in_pages(house: LambdaHouse) -> None:
    await house.create()
    await publish(house, 2)
    for number, name in enumerate(("a", "b", "c", "d")):
        await house.do("CreateAlias", FunctionName="f", Name=name, FunctionVersion=str(number % 2 + 1))
    page = await house.do("ListAliases", FunctionName="f", FunctionVersion="1", MaxItems=1)
    assert [alias["Name"] for alias in page["Aliases"]] == ["a"]
    rest = await house.do("ListAliases", FunctionName="f", FunctionVersion="1", Marker=page["NextMarker"])
    assert [alias["Name"] for alias in rest["Aliases"]] == ["c"] and "NextMarker" not in rest


async def test_shared_invocations_are_checked(house: LambdaHouse) -> None:
    await house.create()
    await publish(house, 2)

    async def refused(version: str, weights: dict[str, float]) -> str:
        routing = {"AdditionalVersionWeights": weights}
        _, message = await house.refuses(
            "CreateAlias", FunctionName="f", Name="live", FunctionVersion=version, RoutingConfig=routing
        )
        return message

    assert await refused("1", {"2": 0.1, "1": 0.1}) == (
        "Number of items in AdditionalVersionWeights cannot be greater than 1"
    )
    assert await refused("$LATEST", {"1": 0.1}) == (
        "$LATEST is not supported for an alias pointing to more than 1 version"
    )
    assert await refused("1", {"1": 0.1}) == (
        "Invalid function version 1. Function version 1 is already included in routing configuration."
    )
    assert await refused("1", {"7": 0.1}) == f"Function not found: {ARN}:7"
    assert "less than or equal to 1" in await refused("1", {"2": 1.5})
    routing = {"AdditionalVersionWeights": {"2": 0.5}}
    created = await house.do(
        "CreateAlias", FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=routing
    )
    assert created["RoutingConfig"] == routing
    kept = await house.do("UpdateAlias", FunctionName="f", Name="live", Description="kept")
    assert kept["RoutingConfig"] == routing
    ended = await house.do(
        "UpdateAlias", FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert "RoutingConfig" not in ended
