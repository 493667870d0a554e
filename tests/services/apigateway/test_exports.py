"""Definitions out: what a stage serves, and that it comes in again as it went out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.services.apigateway.conftest import Gateway
from tests.services.apigateway.test_imports import PETS, imported, methods_of


async def exported(gateway: Gateway, api_id: str, kind: str = "oas30", **more: Any) -> dict[str, Any]:
    answer = await gateway.call("GetExport", restApiId=api_id, stageName="dev", exportType=kind, **more)
    assert answer["contentType"] == "application/octet-stream"
    assert answer["contentDisposition"].startswith(f'attachment; filename="{kind}_')
    document: dict[str, Any] = yaml.safe_load(answer["body"])
    return document


@pytest.fixture
async def pets(gateway: Gateway) -> str:
    api = await imported(gateway)
    await gateway.call("CreateDeployment", restApiId=api["id"], stageName="dev")
    await gateway.update(
        "UpdateStage", ("replace", "/documentationVersion", "d1"), restApiId=api["id"], stageName="dev"
    )
    return str(api["id"])


async def test_openapi_without_extensions(gateway: Gateway, pets: str) -> None:
    document = await exported(gateway, pets)
    text = json.dumps(document).replace(
        "x-amazon-apigateway-any-method", ""
    )  # there is no other way to say ANY
    assert "x-amazon" not in text
    assert document["info"] == {"title": "pets", "description": "of all kinds", "version": "1.2"}
    assert document["servers"] == [
        {
            "url": f"https://{pets}.execute-api.us-east-1.amazonaws.com/{{basePath}}",
            "variables": {"basePath": {"default": "/dev"}},
        }
    ]
    assert document["paths"]["/pets/{id}"]["get"] == {
        "operationId": "getPet",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "kind", "in": "query", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {
                "description": "200 response",
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
            }
        },
        "security": [{"lambda": []}],
    }
    assert document["components"]["schemas"]["Pet"]["properties"]["owner"] == {
        "$ref": "#/components/schemas/Owner"
    }
    assert document["components"]["schemas"].keys() >= {"Pet", "Owner"}


async def test_swagger(gateway: Gateway, pets: str) -> None:
    document = await exported(gateway, pets, "swagger", accepts="application/yaml")
    assert (
        document["swagger"] == "2.0" and document["basePath"] == "/dev" and document["schemes"] == ["https"]
    )
    get = document["paths"]["/pets/{id}"]["get"]
    assert get["produces"] == ["application/json"]
    assert get["parameters"][1] == {"name": "kind", "in": "query", "required": False, "type": "string"}
    assert get["responses"]["200"]["schema"] == {"$ref": "#/definitions/Pet"}
    post = document["paths"]["/"]["post"]
    assert post["consumes"] == ["application/json"] and post["security"] == [{"api_key": []}]
    body = post["parameters"][0]
    assert body["in"] == "body" and body["schema"] == {"$ref": f"#/definitions/{body['name']}"}
    assert document["securityDefinitions"]["api_key"] == {
        "type": "apiKey",
        "name": "x-api-key",
        "in": "header",
    }


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
async def test_what_goes_out_comes_in_again(gateway: Gateway, pets: str, kind: str, accepts: str) -> None:
    answer = await gateway.call(
        "GetExport",
        restApiId=pets,
        stageName="dev",
        exportType=kind,
        accepts=accepts,
        parameters={"extensions": "apigateway"},
    )
    again = await imported(gateway, answer["body"])
    before, after = await methods_of(gateway, pets), await methods_of(gateway, again["id"])
    for methods in (before, after):
        for method in (each for path in methods.values() for each in path.values()):
            for member in ("authorizerId", "requestValidatorId"):
                method.pop(member, None)
            method["methodIntegration"].pop("cacheNamespace")
    assert after == before
    for operation in ("GetModels", "GetAuthorizers", "GetRequestValidators", "GetGatewayResponses"):
        one = (await gateway.call(operation, restApiId=pets))["items"]
        other = (await gateway.call(operation, restApiId=again["id"]))["items"]
        assert _named(one, pets) == _named(other, again["id"])
    parts = (await gateway.call("GetDocumentationParts", restApiId=again["id"]))["items"]
    assert [part["location"] for part in parts] == [{"type": "API"}]


def _named(items: list[dict[str, Any]], api_id: str) -> list[str]:
    plain = [{name: value for name, value in item.items() if name != "id"} for item in items]
    return sorted(json.dumps(item, sort_keys=True).replace(api_id, "API") for item in plain)


async def test_the_export_is_of_what_is_deployed(gateway: Gateway, pets: str) -> None:
    await gateway.call(
        "PutRestApi", restApiId=pets, body=json.dumps(PETS | {"paths": {}}).encode(), mode="overwrite"
    )
    assert (await exported(gateway, pets))["paths"].keys() == {"/", "/pets/{id}"}


async def test_one_extension(gateway: Gateway, pets: str) -> None:
    document = await exported(gateway, pets, parameters={"extensions": "integrations"})
    assert document["paths"]["/"]["post"]["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert "x-amazon-apigateway-request-validators" not in document
    assert "x-amazon-apigateway-authorizer" not in document["components"]["securitySchemes"]["lambda"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"exportType": "raml"}, "BadRequestException"),
        ({"accepts": "text/html"}, "BadRequestException"),
        ({"parameters": {"extensions": "x"}}, "BadRequestException"),
        ({"parameters": {"extensions": "postman"}}, "NotImplemented"),
        ({"stageName": "none"}, "NotFoundException"),
    ],
)
async def test_refused_exports(gateway: Gateway, pets: str, settings: dict[str, Any], code: str) -> None:
    params = {"restApiId": pets, "stageName": "dev", "exportType": "oas30"} | settings
    assert (await gateway.fails("GetExport", **params))[0] == code
