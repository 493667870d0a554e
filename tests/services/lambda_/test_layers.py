"""Layers: versions, lists, and what a function may make of them."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.config import AuthMode, Settings
from fogbank.core.errors import AwsError
from fogbank.model.principal import root_of
from tests.services.lambda_.fakes import LambdaHouse, creation, functions, pack

ARN = "arn:aws:lambda:us-east-1:000000000000:layer:"


async def publish(
    house: LambdaHouse, name: str = "shared", text: str = "x = 1", **more: Any
) -> dict[str, Any]:
    content = {"ZipFile": pack({"python/shared.py": text})}
    return await house.do("PublishLayerVersion", LayerName=name, Content=content, **more)


async def test_a_layer_version(house: LambdaHouse) -> None:
    published = await publish(
        house,
        Description="d",
        CompatibleRuntimes=["python3.11"],
        LicenseInfo="MIT",
        CompatibleArchitectures=["x86_64"],
    )
    assert (published["LayerArn"], published["LayerVersionArn"]) == (ARN + "shared", ARN + "shared:1")
    got = await house.do("GetLayerVersion", LayerName="shared", VersionNumber=1)
    assert {**got, "Content": None} == {**published, "Content": None}
    by_arn = await house.do("GetLayerVersionByArn", Arn=ARN + "shared:1")
    assert by_arn["Content"]["CodeSha256"] == published["Content"]["CodeSha256"]
    token = got["Content"]["Location"].rpartition("/")[2]
    assert await house.state.code_download(token) == pack({"python/shared.py": "x = 1"})


async def test_what_is_not_there(house: LambdaHouse) -> None:
    await publish(house)
    missing = "The resource you requested does not exist."
    assert await house.refuses("GetLayerVersion", LayerName="shared", VersionNumber=2) == (
        "ResourceNotFoundException",
        missing,
    )
    assert await house.refuses("GetLayerVersion", LayerName="shared", VersionNumber=0) == (
        "InvalidParameterValueException",
        "Layer Version Cannot be less than 1.",
    )
    assert await house.refuses("GetLayerVersionByArn", Arn=ARN + "other:1") == (
        "ResourceNotFoundException",
        missing,
    )
    await house.do("DeleteLayerVersion", LayerName="other", VersionNumber=1)
    code, message = await house.refuses("PublishLayerVersion", LayerName="x", Content={"ZipFile": b"no zip"})
    assert code == "InvalidParameterValueException" and message.startswith("Could not unzip")
    code, message = await house.refuses(
        "PublishLayerVersion",
        LayerName="x",
        Content={"ZipFile": pack({"a": ""})},
        CompatibleRuntimes=["cobol"],
    )
    assert code == "ValidationException" and "Value '[cobol]' at 'compatibleRuntimes'" in message


async def test_numbers_are_never_given_out_again(house: LambdaHouse) -> None:
    for _ in range(2):
        await publish(house)
    await house.do("DeleteLayerVersion", LayerName="shared", VersionNumber=2)
    assert (await publish(house))["Version"] == 3
    versions = (await house.do("ListLayerVersions", LayerName="shared"))["LayerVersions"]
    assert [version["Version"] for version in versions] == [3, 1]


async def test_lists(house: LambdaHouse) -> None:
    await publish(house, "a", CompatibleRuntimes=["python3.11"])
    await publish(house, "a", CompatibleRuntimes=["python3.12"])
    await publish(house, "b", CompatibleRuntimes=["python3.12"])
    listed = (await house.do("ListLayers", CompatibleRuntime="python3.11"))["Layers"]
    assert [(found["LayerName"], found["LatestMatchingVersion"]["Version"]) for found in listed] == [("a", 1)]
    page = await house.do("ListLayers", MaxItems=1)
    assert [found["LatestMatchingVersion"]["Version"] for found in page["Layers"]] == [2]
    rest = await house.do("ListLayers", Marker=page["NextMarker"])
    assert [found["LayerName"] for found in rest["Layers"]] == ["b"]
    page = await house.do("ListLayerVersions", LayerName=ARN + "a", MaxItems=1)
    rest = await house.do("ListLayerVersions", LayerName="a", Marker=page["NextMarker"])
    assert [v["Version"] for v in page["LayerVersions"] + rest["LayerVersions"]] == [2, 1]
    await house.do("DeleteLayerVersion", LayerName="b", VersionNumber=1)
    assert [found["LayerName"] for found in (await house.do("ListLayers"))["Layers"]] == ["a"]


async def test_a_function_gets_its_layers_in_order(house: LambdaHouse) -> None:
    for name in ("a", "b"):
        await publish(house, name, f"which = {name!r}")
    created = await house.create(Layers=[ARN + "b:1", ARN + "a:1"])
    assert [layer["Arn"] for layer in created["Layers"]] == [ARN + "b:1", ARN + "a:1"]
    await house.do("DeleteLayerVersion", LayerName="a", VersionNumber=1)
    await house.clock.advance_ms(2_000_000)
    await house.invoke()  # a function keeps the layers that it has
    layers = house.pool.invoked[0][0].layers
    assert [(layer / "python/shared.py").read_text() for layer in layers] == ["which = 'b'", "which = 'a'"]
    await house.do("UpdateFunctionConfiguration", FunctionName="f", Layers=[])
    assert "Layers" not in await house.settled()


async def test_what_a_function_cannot_refer_to(house: LambdaHouse) -> None:
    for _ in range(2):
        await publish(house)
    for layers, message in (
        ([ARN + "shared:9"], f"Layer version {ARN}shared:9 does not exist."),
        ([ARN + f"l{number}:1" for number in range(6)], "Cannot reference more than 5 layers."),
        (
            [ARN + "shared:1", ARN + "shared:2"],
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{ARN}shared:1 and {ARN}shared:2.",
        ),
        (
            ["arn:aws:lambda:eu-west-1:000000000000:layer:shared:1"],
            "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
        ),
    ):
        assert await house.refuses("CreateFunction", **creation() | {"Layers": layers}) == (
            "InvalidParameterValueException",
            message,
        )


async def test_function_and_layers_together_have_a_limit(
    house: LambdaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fogbank.services.lambda_ import settings

    await publish(house, text="x" * 1000)
    monkeypatch.setattr(settings, "CODE_UNZIPPED_BYTES_MAX", 1010)
    code, message = await house.refuses("CreateFunction", **creation() | {"Layers": [ARN + "shared:1"]})
    assert code == "InvalidParameterValueException"
    assert message.startswith(
        "Function code combined with layers exceeds the maximum allowed size of 1010 bytes."
    )


async def test_other_accounts_need_the_layers_permission() -> None:
    async with functions(Settings(auth=AuthMode.ENFORCE)) as house:
        await publish(house)
        params = {"LayerName": ARN + "shared", "VersionNumber": 1}

        async def get(account: str) -> dict[str, Any]:
            own = house.caller(account)
            caller = type(own)(account, own.region, root_of(account), own.request_id)
            return await house.calls.call("lambda", "GetLayerVersion", params, caller)

        with pytest.raises(AwsError, match="AccessDeniedException"):
            await get("111111111111")
        await house.do(
            "AddLayerVersionPermission",
            **params,
            StatementId="s",
            Action="lambda:GetLayerVersion",
            Principal="111111111111",
        )
        assert (await get("111111111111"))["Version"] == 1
        with pytest.raises(AwsError, match="AccessDeniedException"):
            await get("222222222222")


async def test_extensions_are_refused_by_name(house: LambdaHouse) -> None:
    content = {"ZipFile": pack({"extensions/watcher": "#!/bin/sh\n"})}
    code, message = await house.refuses("PublishLayerVersion", LayerName="shared", Content=content)
    assert (code, "extensions/watcher" in message) == ("NotImplemented", True)
    assert (await house.do("ListLayers"))["Layers"] == []
