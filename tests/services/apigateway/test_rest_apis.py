"""APIs: their settings, patches, clones, tags, and what goes with them when they go."""

from __future__ import annotations

import json

import pytest

from tests.services.apigateway.conftest import FUNCTION_URI, Gateway

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "execute-api:Invoke",
            "Resource": "execute-api:/dev/*",
        }
    ],
}


async def test_defaults(gateway: Gateway) -> None:
    api = await gateway.api()
    assert api == {
        "id": api["id"],
        "name": "test",
        "createdDate": gateway.now_ms,
        "apiKeySource": "HEADER",
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": False,
        "rootResourceId": api["rootResourceId"],
    }
    assert await gateway.call("GetRestApi", restApiId=api["id"]) == api | {"tags": {}}
    assert await gateway.call("GetRestApis") == {"items": [api]}


async def test_another_account_does_not_see_it(gateway: Gateway) -> None:
    api = await gateway.api()
    error = await gateway.house.fails(
        "apigateway", "GetRestApi", {"restApiId": api["id"]}, account="111111111111"
    )
    assert error.message == f"Invalid API identifier specified 111111111111:{api['id']}"


async def test_patches(gateway: Gateway) -> None:
    api = await gateway.api(binaryMediaTypes=["image/png"])
    changed = await gateway.update(
        "UpdateRestApi",
        ("replace", "/name", "other"),
        ("replace", "/description", "text"),
        ("replace", "/apiKeySource", "AUTHORIZER"),
        ("add", "/binaryMediaTypes/image~1gif"),
        ("remove", "/binaryMediaTypes/image~1png"),
        ("replace", "/minimumCompressionSize", "10"),
        ("replace", "/disableExecuteApiEndpoint", "true"),
        ("replace", "/endpointConfiguration/types/EDGE", "REGIONAL"),
        ("replace", "/policy", json.dumps(POLICY)),
        restApiId=api["id"],
    )
    assert changed["name"] == "other" and changed["description"] == "text"
    assert changed["apiKeySource"] == "AUTHORIZER" and changed["disableExecuteApiEndpoint"] is True
    assert changed["binaryMediaTypes"] == ["image/gif"] and changed["minimumCompressionSize"] == 10
    assert changed["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    ended = await gateway.update(
        "UpdateRestApi",
        ("replace", "/minimumCompressionSize", ""),
        ("remove", "/binaryMediaTypes/image~1gif"),
        ("replace", "/policy", ""),
        ("replace", "/description", ""),
        restApiId=api["id"],
    )
    assert not {"minimumCompressionSize", "binaryMediaTypes", "policy", "description"} & ended.keys()


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (("replace", "/nothing", "x"), "Invalid patch path /nothing"),
        (("add", "/name", "x"), "Invalid patch operation specified. Must be one of: [replace]"),
        (
            ("replace", "/minimumCompressionSize", "-1"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            ("replace", "/minimumCompressionSize", "much"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            ("replace", "/policy", "{}"),
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        ),
        (("replace", None, "x"), "Invalid patch path null"),
    ],
)
async def test_refused_patches(gateway: Gateway, patch: tuple[str, ...], message: str) -> None:
    api = await gateway.api()
    assert await gateway.update_fails("UpdateRestApi", patch, restApiId=api["id"]) == message
    assert await gateway.call("GetRestApi", restApiId=api["id"]) == api | {"tags": {}}


async def test_an_unknown_patch_operation_names_the_member(gateway: Gateway) -> None:
    api = await gateway.api()
    code, message = await gateway.fails(
        "UpdateRestApi", restApiId=api["id"], patchOperations=[{"op": "wrong", "path": "/name"}]
    )
    assert code == "ValidationException"
    assert "'updateRestApiInput.patchOperations.1.member.op'" in message


async def test_the_policy_names_the_api_and_comes_back_escaped(gateway: Gateway) -> None:
    api = await gateway.api(policy=json.dumps(POLICY))
    assert '\\"' in api["policy"]
    statement = json.loads(json.loads(f'"{api["policy"]}"'))["Statement"][0]
    assert statement["Resource"] == f"arn:aws:execute-api:us-east-1:000000000000:{api['id']}/dev/*"


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"types": ["EDGE", "REGIONAL"]}, "Cannot create an api with multiple Endpoint Types."),
        (
            {"types": ["EDGE"], "vpcEndpointIds": ["vpce-1"]},
            "VPCEndpoints can only be specified with PRIVATE apis.",
        ),
    ],
)
async def test_refused_endpoints(gateway: Gateway, endpoint: dict[str, list[str]], message: str) -> None:
    assert await gateway.fails("CreateRestApi", name="a", endpointConfiguration=endpoint) == (
        "BadRequestException",
        message,
    )


async def test_deletion_takes_everything_along(gateway: Gateway) -> None:
    assert await gateway.records() == []
    api = await gateway.stage()
    where = {"restApiId": api["id"]}
    await gateway.resource(api, "pets")
    await gateway.call("CreateModel", **where, name="M", contentType="application/json", schema="{}")
    await gateway.call("CreateRequestValidator", **where, name="v")
    await gateway.call("CreateAuthorizer", **where, name="a", type="TOKEN", authorizerUri=FUNCTION_URI)
    await gateway.call("PutGatewayResponse", **where, responseType="THROTTLED")
    await gateway.call("CreateDocumentationPart", **where, location={"type": "API"}, properties='{"a": 1}')
    await gateway.call("CreateDocumentationVersion", **where, documentationVersion="1")
    await gateway.call("FlushStageCache", **where, stageName="dev")
    plan = await gateway.call("CreateUsagePlan", name="p", apiStages=[{"apiId": api["id"], "stage": "dev"}])
    await gateway.call("DeleteRestApi", **where)
    assert (await gateway.call("GetUsagePlan", usagePlanId=plan["id"]))["apiStages"] == []
    await gateway.call("DeleteUsagePlan", usagePlanId=plan["id"])
    assert await gateway.records() == []


async def test_a_clone_is_an_api_of_its_own(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"]}
    validator = (await gateway.call("CreateRequestValidator", **where, name="v"))["id"]
    pets = await gateway.resource(api, "pets")
    await gateway.mock(api, pets, requestValidatorId=validator)
    copy = await gateway.api(name="copy", cloneFrom=api["id"])
    resources = (await gateway.call("GetResources", restApiId=copy["id"], embed=["methods"]))["items"]
    by_path = {resource["path"]: resource for resource in resources}
    assert by_path["/"]["id"] == copy["rootResourceId"] == by_path["/pets"]["parentId"]
    assert by_path["/pets"]["id"] != pets
    method = by_path["/pets"]["resourceMethods"]["GET"]
    assert method["methodIntegration"]["cacheNamespace"] == by_path["/pets"]["id"]
    validators = (await gateway.call("GetRequestValidators", restApiId=copy["id"]))["items"]
    assert [each["id"] for each in validators] == [method["requestValidatorId"]] != [validator]
    await gateway.call("DeleteRestApi", **where)
    assert len((await gateway.call("GetModels", restApiId=copy["id"]))["items"]) == 2
    assert await gateway.fails("CreateRestApi", name="x", cloneFrom="nothing") == (
        "BadRequestException",
        "Invalid API identifier specified",
    )


async def test_pages(gateway: Gateway) -> None:
    made = {(await gateway.api(name=f"a{number}"))["id"] for number in range(7)}
    seen: list[str] = []
    position = None
    while True:
        page = await gateway.call("GetRestApis", limit=3, **({"position": position} if position else {}))
        seen += [each["id"] for each in page["items"]]
        assert len(page["items"]) <= 3
        position = page.get("position")
        if position is None:
            break
    assert len(seen) == 7 and set(seen) == made
    assert await gateway.fails("GetRestApis", position="made-up") == (
        "BadRequestException",
        "Invalid position parameter specified",
    )


async def test_tags(gateway: Gateway) -> None:
    api = await gateway.stage(tags={"a": "1"})
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    await gateway.call("TagResource", resourceArn=arn, tags={"b": "2"})
    assert await gateway.call("GetTags", resourceArn=arn) == {"tags": {"a": "1", "b": "2"}}
    await gateway.call("UntagResource", resourceArn=arn, tagKeys=["a", "b"])
    assert (await gateway.call("GetRestApi", restApiId=api["id"]))["tags"] == {}
    await gateway.call("TagResource", resourceArn=f"{arn}/stages/dev", tags={"s": "t"})
    assert (await gateway.call("GetStage", restApiId=api["id"], stageName="dev"))["tags"] == {"s": "t"}
    error = await gateway.house.fails(
        "apigateway", "GetTags", {"resourceArn": f"{arn}/stages/dev"}, account="111111111111"
    )
    assert error.code == "NotFoundException"
    code, _ = await gateway.fails("TagResource", resourceArn=arn, tags={"aws:x": "y"})
    assert code == "BadRequestException"


async def test_parts_of_an_api_that_is_not_there(gateway: Gateway) -> None:
    """A part is looked up by both ids at once; a list names the API."""
    for operation, params, message in (
        ("GetResource", {"resourceId": "r"}, "Invalid Resource identifier specified"),
        ("GetModel", {"modelName": "M"}, "Invalid model name specified: M"),
        ("GetStage", {"stageName": "s"}, "Invalid stage identifier specified"),
        ("GetDeployment", {"deploymentId": "d"}, "Invalid Deployment identifier specified"),
        ("GetResources", {}, "Invalid API identifier specified 000000000000:none"),
        ("GetModels", {}, "Invalid API identifier specified 000000000000:none"),
    ):
        assert await gateway.fails(operation, restApiId="none", **params) == ("NotFoundException", message)


async def test_private_apis_are_dual_stack(gateway: Gateway) -> None:
    api = await gateway.api(endpointConfiguration={"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-1"]})
    assert api["endpointConfiguration"]["ipAddressType"] == "dualstack"
    where = {"restApiId": api["id"]}
    patch = ("replace", "/endpointConfiguration/ipAddressType", "ipv4")
    message = "Only dualstack ipAddressType is supported for Private APIs."
    assert await gateway.update_fails("UpdateRestApi", patch, **where) == message
    changed = await gateway.update(
        "UpdateRestApi",
        ("add", "/endpointConfiguration/vpcEndpointIds", "vpce-2"),
        ("remove", "/endpointConfiguration/vpcEndpointIds", "vpce-1"),
        **where,
    )
    assert changed["endpointConfiguration"]["vpcEndpointIds"] == ["vpce-2"]
    changed = await gateway.update(
        "UpdateRestApi", ("replace", "/endpointConfiguration/types/PRIVATE", "REGIONAL"), patch, **where
    )
    assert changed["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
