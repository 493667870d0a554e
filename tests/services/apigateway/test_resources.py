"""Resources and methods: the tree, its rules, and races for a place in it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.services.apigateway.conftest import FUNCTION_URI, Gateway


async def paths(gateway: Gateway, api: dict[str, Any]) -> list[str]:
    found = await gateway.call("GetResources", restApiId=api["id"], limit=500)
    return sorted(each["path"] for each in found["items"])


async def test_the_tree(gateway: Gateway) -> None:
    api = await gateway.api()
    pets = await gateway.resource(api, "pets")
    await gateway.resource(api, "{id}", pets)
    await gateway.mock(api, pets)
    assert await paths(gateway, api) == ["/", "/pets", "/pets/{id}"]
    where = {"restApiId": api["id"], "resourceId": pets}
    shown = await gateway.call("GetResource", **where)
    assert shown == {
        "id": pets,
        "parentId": api["rootResourceId"],
        "pathPart": "pets",
        "path": "/pets",
        "resourceMethods": {"GET": {}},
    }
    embedded = await gateway.call("GetResource", **where, embed=["methods"])
    assert embedded["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    await gateway.call("DeleteResource", **where)
    assert await paths(gateway, api) == ["/"]
    assert await gateway.resource(api, "pets") != pets


@pytest.mark.parametrize("part", ["a b", "{a", "a}", "{a+b}", "", "é", "a/b", "{proxy+}x"])
async def test_refused_path_parts(gateway: Gateway, part: str) -> None:
    api = await gateway.api()
    code, message = await gateway.fails(
        "CreateResource", restApiId=api["id"], parentId=api["rootResourceId"], pathPart=part
    )
    assert (code, message.startswith("Resource's path part only allow")) == ("BadRequestException", True)


async def test_siblings(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"], "parentId": api["rootResourceId"]}
    variable = await gateway.resource(api, "{id}")
    assert await gateway.fails("CreateResource", **where, pathPart="{id}") == (
        "ConflictException",
        "Another resource with the same parent already has this name: {id}",
    )
    assert await gateway.fails("CreateResource", **where, pathPart="{other+}") == (
        "BadRequestException",
        "A sibling ({id}) of this resource already has a variable path part -- only one is allowed",
    )
    greedy = await gateway.resource(api, "{proxy+}", variable)
    assert await gateway.fails("CreateResource", restApiId=api["id"], parentId=greedy, pathPart="x") == (
        "BadRequestException",
        "Cannot create a child of a resource with a greedy path variable: {proxy+}",
    )


async def test_one_of_many_gets_the_name(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"], "parentId": api["rootResourceId"], "pathPart": "one"}
    outcomes = await asyncio.gather(
        *(gateway.call("CreateResource", **where) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, dict) for each in outcomes) == 1
    assert await paths(gateway, api) == ["/", "/one"]


async def test_many_at_once(gateway: Gateway) -> None:
    """Terraform makes ten at a time: none of them is refused for the others."""
    api = await gateway.api()
    await asyncio.gather(*(gateway.resource(api, f"r{number}") for number in range(20)))
    assert len(await paths(gateway, api)) == 21


async def test_moving(gateway: Gateway) -> None:
    api = await gateway.api()
    first, second = await gateway.resource(api, "a"), await gateway.resource(api, "b")
    child = await gateway.resource(api, "c", first)
    where: dict[str, Any] = {"restApiId": api["id"], "resourceId": first}
    moved = await gateway.update(
        "UpdateResource", ("replace", "/parentId", second), ("replace", "/pathPart", "d"), **where
    )
    assert moved["path"] == "/b/d"
    assert await paths(gateway, api) == ["/", "/b", "/b/d", "/b/d/c"]
    assert await gateway.resource(api, "a")
    message = await gateway.update_fails("UpdateResource", ("replace", "/parentId", child), **where)
    assert message == "Resource cannot be an ancestor of itself"
    message = await gateway.update_fails("UpdateResource", ("replace", "/parentId", first), **where)
    assert message == "Resource cannot be an ancestor of itself"
    message = await gateway.update_fails("UpdateResource", ("add", "/pathPart", "x"), **where)
    assert (
        message
        == "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations"
    )
    message = await gateway.update_fails("UpdateResource", ("replace", "/x", "x"), **where)
    assert message == (
        "Invalid patch path  '/x' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"
    )
    code, _ = await gateway.fails("DeleteResource", restApiId=api["id"], resourceId=api["rootResourceId"])
    assert code == "BadRequestException"


async def test_refused_methods(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}

    async def refused(**more: Any) -> tuple[str, str]:
        return await gateway.fails("PutMethod", **where | {"authorizationType": "NONE"} | more)

    assert await refused(httpMethod="FETCH") == (
        "BadRequestException",
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
    )
    assert await refused(authorizationType="CUSTOM") == (
        "BadRequestException",
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a "
        "valid authorizer.",
    )
    assert await refused(requestValidatorId="none") == (
        "BadRequestException",
        "Invalid Request Validator identifier specified",
    )
    assert await refused(requestModels={"application/json": "None"}) == (
        "BadRequestException",
        "Invalid model identifier specified: None",
    )
    names = {"method.request.header.a": True, "method.request.querystring.a": True}
    assert await refused(requestParameters=names) == (
        "BadRequestException",
        "Parameter names must be unique across querystring, header and path",
    )
    await gateway.mock(api)
    assert await refused() == ("ConflictException", "Method already exists for this resource")
    missing = where | {"httpMethod": "POST"}
    assert await gateway.fails("GetMethod", **missing) == (
        "NotFoundException",
        "Invalid Method identifier specified",
    )
    missing = where | {"resourceId": "none"}
    assert await gateway.fails("GetMethod", **missing) == (
        "NotFoundException",
        "Invalid Resource identifier specified",
    )


async def test_method_patches(gateway: Gateway) -> None:
    api = await gateway.api()
    where = await gateway.mock(api)
    authorizer = await gateway.call(
        "CreateAuthorizer", restApiId=api["id"], name="a", type="TOKEN", authorizerUri=FUNCTION_URI
    )
    changed = await gateway.update(
        "UpdateMethod",
        ("replace", "/authorizationType", "CUSTOM"),
        ("replace", "/authorizerId", authorizer["id"]),
        ("replace", "/apiKeyRequired", "true"),
        ("replace", "/operationName", "op"),
        ("add", "/requestModels/application~1json", "Empty"),
        ("add", "/requestParameters/method.request.header.a", "true"),
        **where,
    )
    assert changed["authorizerId"] == authorizer["id"] and changed["apiKeyRequired"] is True
    assert changed["requestModels"] == {"application/json": "Empty"}
    assert changed["requestParameters"] == {"method.request.header.a": True}
    code, _ = await gateway.fails("DeleteAuthorizer", restApiId=api["id"], authorizerId=authorizer["id"])
    assert code == "ConflictException"
    changed = await gateway.update(
        "UpdateMethod",
        ("replace", "/authorizationType", "NONE"),
        ("remove", "/requestParameters/method.request.header.a"),
        **where,
    )
    assert not {"authorizerId", "requestParameters"} & changed.keys()
    await gateway.call("DeleteAuthorizer", restApiId=api["id"], authorizerId=authorizer["id"])
    assert await gateway.update_fails("UpdateMethod", ("replace", "/httpMethod", "x"), **where) == (
        "Invalid patch path /httpMethod"
    )
    assert await gateway.update_fails("UpdateMethod", ("add", "/operationName", "x"), **where) == (
        "Invalid patch operation specified. Must be one of: [replace]"
    )


async def test_responses(gateway: Gateway) -> None:
    api = await gateway.api()
    where = await gateway.mock(api) | {"statusCode": "200"}
    await gateway.call("PutMethodResponse", **where, responseParameters={"method.response.header.a": False})
    assert await gateway.fails("PutMethodResponse", **where) == (
        "ConflictException",
        "Response already exists for this resource",
    )
    mapped = {"method.response.header.b": "integration.response.header.b"}
    assert await gateway.fails("PutIntegrationResponse", **where, responseParameters=mapped) == (
        "BadRequestException",
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        "[Invalid mapping expression parameter specified: method.response.header.b]",
    )
    for source in (
        "'literal'",
        "integration.response.header.x",
        "integration.response.body.a.b[0]",
        "context.requestId",
    ):
        await gateway.call(
            "PutIntegrationResponse", **where, responseParameters={"method.response.header.a": source}
        )
    changed = await gateway.update(
        "UpdateIntegrationResponse",
        ("replace", "/selectionPattern", "4\\d\\d"),
        ("add", "/responseTemplates/application~1json", "{}"),
        ("remove", "/responseParameters/method.response.header.a"),
        **where,
    )
    assert changed == {
        "statusCode": "200",
        "selectionPattern": "4\\d\\d",
        "responseTemplates": {"application/json": "{}"},
    }
    await gateway.call("DeleteIntegrationResponse", **where)
    assert await gateway.fails("GetIntegrationResponse", **where) == (
        "NotFoundException",
        "Invalid Response status code specified",
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "HTTP", "uri": "http://a.b"}, "Enumeration value for HttpMethod must be non-empty"),
        (
            {"type": "HTTP", "uri": "ftp://a.b", "integrationHttpMethod": "GET"},
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            {"type": "AWS", "uri": "http://a.b", "integrationHttpMethod": "GET"},
            "Invalid ARN specified in the request",
        ),
        ({"type": "MOCK", "timeoutInMillis": 10}, "Timeout should be between 50 ms and 29000 ms"),
        (
            {
                "type": "HTTP",
                "uri": "http://a.b",
                "integrationHttpMethod": "GET",
                "requestParameters": {"integration.request.header.a": "method.request.header.a"},
            },
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
            "[Invalid mapping expression parameter specified: method.request.header.a]",
        ),
    ],
)
async def test_refused_integrations(gateway: Gateway, settings: dict[str, Any], message: str) -> None:
    api = await gateway.api()
    where = await gateway.mock(api)
    assert await gateway.fails("PutIntegration", **where, **settings) == ("BadRequestException", message)


async def test_an_unknown_integration_type_is_worded_as_aws_words_it(gateway: Gateway) -> None:
    where = await gateway.mock(await gateway.api())
    assert await gateway.fails("PutIntegration", **where, type="X") == (
        "ValidationException",
        "1 validation error detected: Value 'X' at 'putIntegrationInput.type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
    )


async def test_integration_patches(gateway: Gateway) -> None:
    api = await gateway.api()
    where = await gateway.mock(api, requestParameters={"method.request.querystring.q": False})
    await gateway.call(
        "PutIntegration",
        **where,
        type="HTTP",
        uri="https://${stageVariables.host}/a",
        integrationHttpMethod="get",
    )
    changed = await gateway.update(
        "UpdateIntegration",
        ("replace", "/uri", "https://example.com/{q}"),
        ("replace", "/httpMethod", "post"),
        ("replace", "/timeoutInMillis", "500"),
        ("add", "/requestParameters/integration.request.path.q", "method.request.querystring.q"),
        ("add", "/cacheKeyParameters", "method.request.querystring.q"),
        ("add", "/requestTemplates/application~1json", "{}"),
        ("replace", "/passthroughBehavior", "NEVER"),
        ("replace", "/tlsConfig/insecureSkipVerification", "true"),
        **where,
    )
    assert changed == {
        "type": "HTTP",
        "httpMethod": "POST",
        "uri": "https://example.com/{q}",
        "requestParameters": {"integration.request.path.q": "method.request.querystring.q"},
        "requestTemplates": {"application/json": "{}"},
        "passthroughBehavior": "NEVER",
        "timeoutInMillis": 500,
        "cacheNamespace": api["rootResourceId"],
        "cacheKeyParameters": ["method.request.querystring.q"],
        "tlsConfig": {"insecureSkipVerification": True},
    }
    message = await gateway.update_fails("UpdateIntegration", ("replace", "/timeoutInMillis", "1"), **where)
    assert message == "Timeout should be between 50 ms and 29000 ms"
    assert (await gateway.call("GetIntegration", **where))["timeoutInMillis"] == 500


async def test_the_tree_is_bounded(gateway: Gateway) -> None:
    api = await gateway.api()
    paths = {f"/r{number}": {} for number in range(299)}
    body = json.dumps({"openapi": "3.0.1", "info": {"title": "full"}, "paths": paths}).encode()
    await gateway.call("PutRestApi", restApiId=api["id"], body=body)
    error = (
        "LimitExceededException",
        "Maximum number of resources for this API has been reached. "
        "Please contact AWS if you need additional resources.",
    )
    params = {"restApiId": api["id"], "parentId": api["rootResourceId"], "pathPart": "one"}
    assert await gateway.fails("CreateResource", **params) == error
    body = json.dumps(
        {"openapi": "3.0.1", "info": {"title": "full"}, "paths": paths | {"/more": {}}}
    ).encode()
    assert await gateway.fails("PutRestApi", restApiId=api["id"], body=body) == error
