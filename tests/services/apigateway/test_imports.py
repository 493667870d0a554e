"""Definitions in: what each part of OpenAPI and its extensions becomes."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.apigateway.openapi.base_paths import rebased
from fogbank.services.apigateway.openapi.reading import read_definition
from fogbank.services.apigateway.openapi.schemas import to_model
from tests.services.apigateway.conftest import FUNCTION_URI, Gateway

PETS: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "pets", "version": "1.2", "description": "of all kinds"},
    "servers": [
        {"url": "https://example.com/{basePath}", "variables": {"basePath": {"default": "/one/two"}}}
    ],
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-minimum-compression-size": 5,
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
        "none": {},
    },
    "x-amazon-apigateway-request-validator": "none",
    "x-amazon-apigateway-gateway-responses": {
        "DEFAULT_4XX": {
            "statusCode": 404,
            "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
        }
    },
    "x-amazon-apigateway-documentation": {
        "version": "d1",
        "documentationParts": [{"location": {"type": "API"}, "properties": {"description": "text"}}],
    },
    "security": [{"api_key": []}],
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getPet",
                "parameters": [{"$ref": "#/components/parameters/kind"}],
                "security": [{"lambda": []}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    },
                    "default": {"description": "else"},
                },
                "x-amazon-apigateway-integration": {
                    "type": "http",
                    "httpMethod": "get",
                    "uri": "https://example.com/{id}",
                    "requestParameters": {"integration.request.path.id": "method.request.path.id"},
                    "passthroughBehavior": "when_no_templates",
                    "timeoutInMillis": 1000,
                    "responses": {
                        "default": {
                            "statusCode": 200,
                            "responseParameters": {
                                "method.response.header.ETag": "integration.response.header.ETag"
                            },
                        },
                        "5\\d\\d": {"statusCode": "500", "responseTemplates": {"application/json": "{}"}},
                    },
                },
            },
        },
        "/": {
            "post": {
                "x-amazon-apigateway-request-validator": "all",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
                        }
                    }
                },
                "responses": {"201": {"description": "made"}},
                "x-amazon-apigateway-integration": {
                    "type": "aws_proxy",
                    "httpMethod": "POST",
                    "uri": FUNCTION_URI,
                },
            },
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
                "x-amazon-apigateway-integration": {"type": "mock"},
            },
        },
    },
    "components": {
        "parameters": {"kind": {"name": "kind", "in": "query", "schema": {"type": "string"}}},
        "schemas": {
            "Pet": {
                "type": "object",
                "properties": {
                    "owner": {"$ref": "#/components/schemas/Owner"},
                    "age": {"type": "integer", "nullable": True},
                },
                "example": {"age": 3},
            },
            "Owner": {"type": "object"},
        },
        "securitySchemes": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "lambda": {
                "type": "apiKey",
                "name": "Auth",
                "in": "header",
                "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {
                    "type": "token",
                    "authorizerUri": FUNCTION_URI,
                    "authorizerResultTtlInSeconds": 60,
                },
            },
        },
    },
}


async def imported(gateway: Gateway, document: Any = PETS, **more: Any) -> dict[str, Any]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return await gateway.call("ImportRestApi", body=body, **more)


async def methods_of(gateway: Gateway, api_id: str) -> dict[str, dict[str, Any]]:
    found = await gateway.call("GetResources", restApiId=api_id, embed=["methods"])
    return {each["path"]: each.get("resourceMethods", {}) for each in found["items"]}


async def test_everything_of_a_definition(gateway: Gateway) -> None:
    api = await imported(gateway)
    where = {"restApiId": api["id"]}
    assert api["name"] == "pets" and api["version"] == "1.2" and api["description"] == "of all kinds"
    assert api["binaryMediaTypes"] == ["image/png"] and api["minimumCompressionSize"] == 5
    methods = await methods_of(gateway, api["id"])
    assert {path: sorted(each) for path, each in methods.items()} == {
        "/": ["ANY", "POST"],
        "/pets": [],
        "/pets/{id}": ["GET"],
    }
    get, post, any_ = methods["/pets/{id}"]["GET"], methods["/"]["POST"], methods["/"]["ANY"]
    authorizer = (await gateway.call("GetAuthorizers", **where))["items"][0]
    assert authorizer == {
        "id": authorizer["id"],
        "name": "lambda",
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": FUNCTION_URI,
        "identitySource": "method.request.header.Auth",
        "authorizerResultTtlInSeconds": 60,
    }
    assert (get["authorizationType"], get["authorizerId"], get["apiKeyRequired"]) == (
        "CUSTOM",
        authorizer["id"],
        False,
    )
    assert get["operationName"] == "getPet"
    assert get["requestParameters"] == {
        "method.request.path.id": True,
        "method.request.querystring.kind": False,
    }
    assert get["methodResponses"] == {
        "200": {
            "statusCode": "200",
            "responseParameters": {"method.response.header.ETag": False},
            "responseModels": {"application/json": "Pet"},
        }
    }
    integration = get["methodIntegration"]
    assert integration["type"] == "HTTP" and integration["httpMethod"] == "GET"
    assert (
        integration["passthroughBehavior"] == "WHEN_NO_TEMPLATES" and integration["timeoutInMillis"] == 1000
    )
    assert integration["integrationResponses"]["200"] == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.ETag": "integration.response.header.ETag"},
    }
    assert integration["integrationResponses"]["500"]["selectionPattern"] == "5\\d\\d"
    validators = {
        each["id"]: each["name"] for each in (await gateway.call("GetRequestValidators", **where))["items"]
    }
    assert validators[get["requestValidatorId"]] == "none" and validators[post["requestValidatorId"]] == "all"
    assert post["apiKeyRequired"] is True
    assert any_["authorizationType"] == "AWS_IAM"
    models = {
        each["name"]: orjson.loads(each["schema"])
        for each in (await gateway.call("GetModels", **where))["items"]
    }
    assert models.keys() == {"Pet", "Owner", post["requestModels"]["application/json"]}
    url = f"https://apigateway.amazonaws.com/restapis/{api['id']}/models/"
    assert models["Pet"] == {
        "type": "object",
        "properties": {"owner": {"$ref": url + "Owner"}, "age": {"type": "integer"}},
    }
    assert models[post["requestModels"]["application/json"]]["items"] == {"$ref": url + "Pet"}
    response = await gateway.call("GetGatewayResponse", **where, responseType="DEFAULT_4XX")
    assert (response["statusCode"], response["defaultResponse"]) == ("404", False)
    parts = (await gateway.call("GetDocumentationParts", **where))["items"]
    assert [(part["location"], part["properties"]) for part in parts] == [
        ({"type": "API"}, '{"description":"text"}')
    ]
    assert (await gateway.call("GetDocumentationVersion", **where, documentationVersion="d1"))[
        "version"
    ] == "d1"
    await gateway.call("CreateDeployment", **where, stageName="dev")
    await gateway.call("DeleteRestApi", **where)
    assert await gateway.records() == []


async def test_yaml_is_the_same(gateway: Gateway) -> None:
    text = b"""
swagger: "2.0"
info: {title: dates, version: 2016-01-02}
paths:
  /a:
    get:
      produces: [text/plain]
      parameters:
        - {name: b, in: query, required: yes, type: string}
        - {name: body, in: body, schema: {$ref: "#/definitions/B"}}
        - {name: f, in: formData, type: string}
      responses:
        200: {description: ok, schema: {$ref: "#/definitions/B"}}
      x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: 200}}}
definitions:
  B: {type: object}
"""
    api = await imported(gateway, text)
    assert api["version"] == "2016-01-02"
    assert len(api["warnings"]) == 1
    method = (await methods_of(gateway, api["id"]))["/a"]["GET"]
    assert method["requestParameters"] == {"method.request.querystring.b": True}
    assert method["requestModels"] == {"application/json": "B"}
    assert method["methodResponses"]["200"]["responseModels"] == {"text/plain": "B"}
    code, message = await gateway.fails("ImportRestApi", body=text, failOnWarnings=True)
    assert (code, message.startswith("Warnings found during import:\n\t")) == ("BadRequestException", True)


def test_what_models_do_not_know_is_left_out_but_members_of_that_name_stay() -> None:
    schema = {"type": "object", "example": 1, "properties": {"example": {"xml": {}, "type": "string"}}}
    schema |= {"enum": [{"example": 1}], "items": {"$ref": "#/definitions/A-b"}}
    assert to_model(schema, "API") == {
        "type": "object",
        "properties": {"example": {"type": "string"}},
        "enum": [{"example": 1}],
        "items": {"$ref": "https://apigateway.amazonaws.com/restapis/API/models/Ab"},
    }


async def test_merge_and_overwrite(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"]}
    old = await gateway.resource(api, "old")
    await gateway.mock(api, old)
    pets = await gateway.resource(api, "pets")
    await gateway.mock(api, pets, "DELETE")
    await gateway.call("PutGatewayResponse", **where, responseType="THROTTLED", statusCode="420")
    body = json.dumps(PETS).encode()
    merged = await gateway.call("PutRestApi", **where, body=body, mode="merge")
    assert (merged["id"], merged["name"], merged["rootResourceId"]) == (
        api["id"],
        "pets",
        api["rootResourceId"],
    )
    methods = await methods_of(gateway, api["id"])
    assert methods.keys() == {"/", "/old", "/pets", "/pets/{id}"} and "DELETE" in methods["/pets"]
    assert len((await gateway.call("GetModels", **where))["items"]) == 5
    ids = {each["path"]: each["id"] for each in (await gateway.call("GetResources", **where))["items"]}
    assert ids["/pets"] == pets
    await gateway.call("PutRestApi", **where, body=body, mode="overwrite")
    methods = await methods_of(gateway, api["id"])
    assert methods.keys() == {"/", "/pets", "/pets/{id}"} and methods["/pets"] == {}
    assert {each["name"] for each in (await gateway.call("GetModels", **where))["items"]} >= {"Pet", "Owner"}
    assert (await gateway.call("GetGatewayResponse", **where, responseType="THROTTLED"))["defaultResponse"]
    assert await gateway.resource(api, "old") != old
    await gateway.call("DeleteRestApi", **where)
    assert await gateway.records() == []


@pytest.mark.parametrize(
    ("mode", "path"),
    [("ignore", "/pets/{id}"), ("prepend", "/one/two/pets/{id}"), ("split", "/two/pets/{id}")],
)
async def test_base_paths(gateway: Gateway, mode: str, path: str) -> None:
    api = await imported(gateway, parameters={"basepath": mode, "endpointConfigurationTypes": "REGIONAL"})
    assert path in await methods_of(gateway, api["id"])
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]


@given(
    st.lists(st.sampled_from(["a", "{b}", ""]), max_size=4),
    st.lists(st.sampled_from(["x", "y", ""]), max_size=3),
)
def test_paths_are_tidy(path: list[str], base: list[str]) -> None:
    found = rebased("/".join(path), "/".join(base), "prepend")
    assert found.startswith("/") and "//" not in found
    assert found == "/" or not found.endswith("/")


def changed(**members: Any) -> dict[str, Any]:
    return PETS | members


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "Invalid OpenAPI input."),
        (b"[]", "Invalid OpenAPI input."),
        (b"{", "Invalid OpenAPI input."),
        (b"a: *b", "Invalid OpenAPI input."),
        (b'{"info": {"title": "x"}}', "Invalid OpenAPI input."),
        ({"openapi": "3.0.0", "info": {}}, "Invalid OpenAPI input. info.title is missing"),
        (
            changed(paths={"/a": {"get": {"security": [{"x": []}]}}}),
            "Invalid OpenAPI input. Security scheme x is not defined",
        ),
        (
            changed(
                paths={
                    "/a": {
                        "get": {
                            "x-amazon-apigateway-integration": {
                                "type": "aws",
                                "httpMethod": "POST",
                                "uri": "x",
                            }
                        }
                    }
                }
            ),
            "Errors found during import:\n\tUnable to put integration on 'GET' for resource at path '/a': "
            "Invalid ARN specified in the request",
        ),
        (
            changed(paths={"/a": {"$ref": "#/paths/~1a"}}),
            "Invalid OpenAPI input.: references lead in a circle",
        ),
        (
            changed(paths={"/a": {"$ref": "http://x/y"}}),
            "Unable to resolve reference http://x/y: only local references are supported",
        ),
        (
            changed(paths={"/a b": {}}),
            "Errors found during import:\n\tUnable to create resource at path '/a b': Resource's path part only allow "
            "a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        ),
    ],
)
async def test_refused_definitions(gateway: Gateway, document: Any, message: str) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    assert await gateway.fails("ImportRestApi", body=body) == ("BadRequestException", message)
    assert await gateway.records() == []


def test_aliases_that_multiply_are_bounded() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join(['*a' + str(n - 1)] * 10)}]" for n in range(1, 9)]
    with pytest.raises(AwsError, match="Invalid OpenAPI input"):
        read_definition("\n".join(lines).encode())


@pytest.mark.parametrize("levels", [100, 2000, 300_000])
async def test_deep_nesting_is_refused(gateway: Gateway, levels: int) -> None:
    for body in (b"[" * levels + b"]" * levels, b"a: " + b"[" * levels + b"]" * levels, b"{a: " * levels):
        with pytest.raises(AwsError, match="Invalid OpenAPI input"):
            read_definition(b'{"a":' + body + b"}")
    if levels == 100:
        api = await gateway.api()
        schema = '{"items":' * levels + "{}" + "}" * levels
        params = {"restApiId": api["id"], "name": "M", "contentType": "application/json", "schema": schema}
        assert (await gateway.fails("CreateModel", **params))[0] == "BadRequestException"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(read_definition(body), dict)
    except AwsError as error:
        assert error.code == "BadRequestException"


async def test_documentation_parts(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"]}
    kept = await gateway.call(
        "CreateDocumentationPart", **where, location={"type": "API"}, properties='{"a": 1}'
    )
    body = json.dumps(
        {
            "openapi": "3.0.0",
            "x-amazon-apigateway-documentation": {
                "documentationParts": [
                    {"location": {"type": "API"}, "properties": {"b": 2}},
                    {"location": {"type": "METHOD", "path": "/x", "method": "GET"}, "properties": {"c": 3}},
                ]
            },
        }
    ).encode()
    made = await gateway.call("ImportDocumentationParts", **where, body=body, mode="merge")
    assert made["ids"][0] == kept["id"] and len(made["ids"]) == 2
    found = await gateway.call("GetDocumentationParts", **where, type="METHOD")
    assert found["items"] == [
        {
            "id": made["ids"][1],
            "location": {"type": "METHOD", "path": "/x", "method": "GET"},
            "properties": '{"c":3}',
        }
    ]
    code, _ = await gateway.fails(
        "CreateDocumentationPart", **where, location={"type": "API"}, properties='{"a": 1}'
    )
    assert code == "ConflictException"
    undocumented = await gateway.call("GetDocumentationParts", **where, locationStatus="UNDOCUMENTED")
    kinds = {part["location"]["type"] for part in undocumented["items"]}
    assert kinds == {"MODEL", "RESOURCE"}
