"""Tags, reserved concurrency, account settings, runtime management."""

from __future__ import annotations

from tests.services.lambda_.fakes import ARN, LambdaHouse


async def test_tags(house: LambdaHouse) -> None:
    await house.create(Tags={"a": "1"})
    await house.do("TagResource", Resource=ARN, Tags={"b": "2", "a": "3"})
    assert (await house.do("ListTags", Resource=ARN))["Tags"] == {"a": "3", "b": "2"}
    await house.do("UntagResource", Resource=ARN, TagKeys=["a", "never"])
    assert (await house.do("ListTags", Resource=ARN))["Tags"] == {"b": "2"}
    assert await house.refuses("ListTags", Resource=ARN + ":1") == (
        "InvalidParameterValueException",
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    )
    code, _ = await house.refuses("TagResource", Resource=ARN + "x", Tags={"a": "b"})
    assert code == "ResourceNotFoundException"
    for tags, part in (
        ({f"k{number}": "v" for number in range(50)}, "Number of tags"),
        ({"aws:mine": "v"}, "System tags"),
    ):
        code, message = await house.refuses("TagResource", Resource=ARN, Tags=tags)
        assert code == "InvalidParameterValueException" and message.startswith(part)


async def test_reservations(house: LambdaHouse) -> None:
    await house.create()
    await house.create("g")
    assert await house.do("GetFunctionConcurrency", FunctionName="f") == {}
    for reserved in (500, 900, 0):
        put = await house.do(
            "PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=reserved
        )
        assert put == {"ReservedConcurrentExecutions": reserved}
        assert await house.do("GetFunctionConcurrency", FunctionName="f") == put
        limits = (await house.do("GetAccountSettings"))["AccountLimit"]
        assert limits["UnreservedConcurrentExecutions"] == 1000 - reserved
    assert (await house.do("GetFunction", FunctionName="f"))["Concurrency"] == put
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=500)
    code, message = await house.refuses(
        "PutFunctionConcurrency", FunctionName="g", ReservedConcurrentExecutions=401
    )
    assert code == "InvalidParameterValueException"
    assert message == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        "below its minimum value of [100]."
    )
    await house.do("PutFunctionConcurrency", FunctionName="g", ReservedConcurrentExecutions=400)
    await house.do("DeleteFunctionConcurrency", FunctionName="f")
    assert await house.do("GetFunctionConcurrency", FunctionName="f") == {}
    code, message = await house.refuses(
        "PutFunctionConcurrency", FunctionName=ARN + ":1", ReservedConcurrentExecutions=1
    )
    assert message.startswith("This operation is permitted on Lambda functions only.")


async def test_account_settings(house: LambdaHouse) -> None:
    size = (await house.create(Publish=True))["CodeSize"]
    settings = await house.do("GetAccountSettings")
    assert settings == {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"TotalCodeSize": 2 * size, "FunctionCount": 1},
    }


async def test_runtime_management_has_one_mode(house: LambdaHouse) -> None:
    await house.create()
    auto = {"UpdateRuntimeOn": "Auto", "FunctionArn": ARN}
    assert await house.do("GetRuntimeManagementConfig", FunctionName="f") == auto
    assert await house.do("PutRuntimeManagementConfig", FunctionName="f", UpdateRuntimeOn="Auto") == auto
    error = await house.fails(
        "lambda", "PutRuntimeManagementConfig", {"FunctionName": "f", "UpdateRuntimeOn": "FunctionUpdate"}
    )
    assert error.status == 501 and "FunctionUpdate" in error.message
    assert await house.do("GetFunctionCodeSigningConfig", FunctionName="f") == {}
