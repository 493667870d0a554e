"""The nouns of HTTP and WebSocket APIs: made, changed, listed, refused, deleted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.services.apigatewayv2.conftest import HttpApi, HttpApis
from tests.services.apigatewayv2.test_service import refused

URL = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET", "IntegrationUri": "http://127.0.0.1:9/"}
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
CERTIFICATE = {"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1"}


def test_an_api_as_it_is_answered(apis: HttpApis) -> None:
    made = apis.client.create_api(Name="a", ProtocolType="HTTP", Tags={"k": "v"}, Description="d")
    made.pop("ResponseMetadata")
    assert made["ApiEndpoint"] == f"https://{made['ApiId']}.execute-api.us-east-1.amazonaws.com"
    assert made["RouteSelectionExpression"] == "$request.method $request.path"
    assert made["ApiKeySelectionExpression"] == "$request.header.x-api-key"
    assert (made["DisableExecuteApiEndpoint"], made["Tags"]) == (False, {"k": "v"})
    found = apis.client.get_api(ApiId=made["ApiId"])
    found.pop("ResponseMetadata")
    assert found == made
    changed = apis.client.update_api(ApiId=made["ApiId"], Name="b", Description="")
    assert (changed["Name"], "Description" in changed) == ("b", False)
    apis.client.delete_api(ApiId=made["ApiId"])
    code, message = refused(apis.client.get_api, ApiId=made["ApiId"])
    assert (code, message) == (
        "NotFoundException",
        f"Invalid API identifier specified 000000000000:{made['ApiId']}",
    )


@pytest.mark.parametrize(
    "key", ["GET", "FETCH /a", "GET a", "GET /{a}/{a}", "GET /{p+}/x", "$other", "GET /a?b"]
)
def test_routes_that_nothing_could_match(apis: HttpApis, key: str) -> None:
    api = apis.api()
    assert refused(api.client.create_route, ApiId=api.id, RouteKey=key)[0] == "BadRequestException"


def test_routes_are_unique_and_integrations_are_held(apis: HttpApis) -> None:
    api = apis.api()
    target = api.integration(**URL)
    route = api.route("GET /a", target)
    code, message = refused(api.client.create_route, ApiId=api.id, RouteKey="GET /a")
    assert (code, message) == ("ConflictException", "Route with key GET /a already exists for this API")
    integration_id = target.removeprefix("integrations/")
    code, _ = refused(api.client.delete_integration, ApiId=api.id, IntegrationId=integration_id)
    assert code == "ConflictException"
    api.client.update_route(ApiId=api.id, RouteId=route, RouteKey="GET /b")
    api.route("GET /a", target)
    code, _ = refused(api.client.create_route, ApiId=api.id, RouteKey="GET /c", Target="integrations/none")
    assert code == "BadRequestException"


def test_many_at_once_all_hold(apis: HttpApis) -> None:
    api = apis.api()
    target = api.integration(**URL)
    api.stage()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: api.route(f"GET /{number}", target), range(24)))
    keys = set()
    token: dict[str, str] = {}
    while True:
        page = api.client.get_routes(ApiId=api.id, MaxResults="10", **token)
        keys |= {route["RouteKey"] for route in page["Items"]}
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert keys == {f"GET /{number}" for number in range(24)}
    # Automatic deployments that nothing serves any more are gone.
    assert len(api.client.get_deployments(ApiId=api.id)["Items"]) == 1


def test_a_stage_serves_what_it_was_deployed_with(apis: HttpApis) -> None:
    api = apis.api()
    api.route("GET /a", api.function("def handler(event, context):\n    return 'a'\n"))
    api.stage("prod", AutoDeploy=False)
    assert api.call("/prod/a").status == 404
    first = api.client.create_deployment(ApiId=api.id, StageName="prod")["DeploymentId"]
    assert api.call("/prod/a").text == "a"
    api.route("GET /b", api.function("def handler(event, context):\n    return 'b'\n"))
    assert api.call("/prod/b").status == 404
    api.client.create_deployment(ApiId=api.id, StageName="prod")
    assert api.call("/prod/b").text == "b"
    api.client.update_stage(ApiId=api.id, StageName="prod", DeploymentId=first)
    assert api.call("/prod/b").status == 404
    code, _ = refused(api.client.delete_deployment, ApiId=api.id, DeploymentId=first)
    assert code == "BadRequestException"
    api.client.delete_stage(ApiId=api.id, StageName="prod")
    assert api.call("/prod/a").status == 404


def test_parameters_are_merged_and_taken_away(apis: HttpApis) -> None:
    api = apis.api()
    made = api.client.create_integration(
        ApiId=api.id, **URL, RequestParameters={"append:header.a": "1", "append:header.b": "2"}
    )
    changed = api.client.update_integration(
        ApiId=api.id,
        IntegrationId=made["IntegrationId"],
        RequestParameters={"append:header.a": "", "append:header.c": "3"},
    )
    assert changed["RequestParameters"] == {"append:header.b": "2", "append:header.c": "3"}
    for key in ("append:path", "overwrite:header.Connection", "nothing"):
        code, _ = refused(
            api.client.update_integration,
            ApiId=api.id,
            IntegrationId=made["IntegrationId"],
            RequestParameters={key: "x"},
        )
        assert code == "BadRequestException", key


def test_a_service_that_is_not_there_is_refused_by_name(apis: HttpApis) -> None:
    api = apis.api()
    code, message = refused(
        api.client.create_integration,
        ApiId=api.id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="AppConfig-GetConfiguration",
        PayloadFormatVersion="1.0",
        CredentialsArn="arn:aws:iam::000000000000:role/r",
        RequestParameters=dict.fromkeys(("Application", "Environment", "Configuration", "ClientId"), "x"),
    )
    assert (code, "appconfig GetConfiguration" in message) == ("NotImplemented", True)


def test_domain_names_lead_to_stages(apis: HttpApis) -> None:
    client = apis.client
    api = apis.api()
    api.route("GET /{proxy+}", api.function())
    api.stage("dev")
    name = "shop.example.com"
    client.create_domain_name(DomainName=name, DomainNameConfigurations=[CERTIFICATE])
    assert refused(client.create_domain_name, DomainName=name, DomainNameConfigurations=[CERTIFICATE])[0] == (
        "ConflictException"
    )
    mapping = client.create_api_mapping(DomainName=name, ApiId=api.id, Stage="dev", ApiMappingKey="v1/x")
    assert refused(client.delete_api, ApiId=api.id)[0] == "ConflictException"
    reply = apis.gateways.call("/v1/x/a/b", host=name)
    assert (reply.status, reply.json["rawPath"], reply.json["pathParameters"]) == (
        200,
        "/dev/a/b",
        {"proxy": "a/b"},
    )
    assert apis.gateways.call("/v2/a", host=name).status == 403
    client.update_api_mapping(
        DomainName=name, ApiId=api.id, ApiMappingId=mapping["ApiMappingId"], ApiMappingKey=""
    )
    assert apis.gateways.call("/a", host=name).json["rawPath"] == "/dev/a"
    client.delete_domain_name(DomainName=name)
    client.delete_api(ApiId=api.id)


def test_both_kinds_of_api_share_the_domain_names(apis: HttpApis) -> None:
    rest = apis.server.client("apigateway")
    arn = CERTIFICATE["CertificateArn"]
    regional = {"regionalCertificateArn": arn, "endpointConfiguration": {"types": ["REGIONAL"]}}
    apis.client.create_domain_name(DomainName="one.example.com", DomainNameConfigurations=[CERTIFICATE])
    assert (
        refused(rest.create_domain_name, domainName="one.example.com", **regional)[0] == "BadRequestException"
    )
    rest.create_domain_name(domainName="two.example.com", **regional)
    code, _ = refused(
        apis.client.create_domain_name, DomainName="two.example.com", DomainNameConfigurations=[CERTIFICATE]
    )
    assert code == "ConflictException"


def test_tags_by_arn(apis: HttpApis) -> None:
    api = apis.api().stage("dev")
    for path in (f"/apis/{api.id}", f"/apis/{api.id}/stages/dev"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        apis.client.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
        apis.client.untag_resource(ResourceArn=arn, TagKeys=["a"])
        assert apis.client.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}


DEFINITION: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "imported", "version": "7"},
    "x-amazon-apigateway-cors": {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"]},
    "paths": {
        "/pets/{id}": {
            "get": {
                "security": [{"tokens": ["read"]}],
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "GET",
                    "uri": "http://127.0.0.1:9/{id}",
                    "payloadFormatVersion": "1.0",
                    "requestParameters": {"append:header.x": "$request.path.id"},
                },
            }
        },
        "/$default": {
            "x-amazon-apigateway-any-method": {
                "isDefaultRoute": True,
                "x-amazon-apigateway-integration": {
                    "type": "aws_proxy",
                    "uri": FUNCTION,
                    "payloadFormatVersion": "2.0",
                },
            }
        },
    },
    "components": {
        "securitySchemes": {
            "tokens": {
                "type": "oauth2",
                "flows": {},
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://issuer.example", "audience": ["me"]},
                },
            }
        }
    },
}


def shape_of(api: HttpApi | str, client: Any) -> Any:
    """What an API is, without ids."""
    api_id = api if isinstance(api, str) else api.id
    routes = client.get_routes(ApiId=api_id)["Items"]
    return (
        {
            (each["RouteKey"], each["AuthorizationType"], str(each.get("AuthorizationScopes")))
            for each in routes
        },
        sorted(
            json.dumps(
                {name: value for name, value in each.items() if name != "IntegrationId"}, sort_keys=True
            )
            for each in client.get_integrations(ApiId=api_id)["Items"]
        ),
        [
            {name: value for name, value in each.items() if name != "AuthorizerId"}
            for each in client.get_authorizers(ApiId=api_id)["Items"]
        ],
    )


def test_what_is_exported_comes_in_again(apis: HttpApis) -> None:
    client = apis.client
    first = client.import_api(Body=json.dumps(DEFINITION))
    assert (first["Name"], first["Version"]) == ("imported", "7")
    assert first["CorsConfiguration"]["AllowOrigins"] == ["https://a.example"]
    routes, _, authorizers = shape_of(first["ApiId"], client)
    assert routes == {("GET /pets/{id}", "JWT", "['read']"), ("$default", "NONE", "None")}
    assert authorizers[0]["JwtConfiguration"] == {"Issuer": "https://issuer.example", "Audience": ["me"]}
    for output in ("JSON", "YAML"):
        body = client.export_api(ApiId=first["ApiId"], Specification="OAS30", OutputType=output)["body"]
        text = body.read() if hasattr(body, "read") else body
        again = client.import_api(Body=text.decode())
        assert shape_of(again["ApiId"], client) == shape_of(first["ApiId"], client)
    assert yaml.safe_load(text)["info"]["title"] == "imported"
    small = DEFINITION | {"paths": {"/x": DEFINITION["paths"]["/$default"]}}
    client.reimport_api(ApiId=first["ApiId"], Body=json.dumps(small))
    assert {route["RouteKey"] for route in client.get_routes(ApiId=first["ApiId"])["Items"]} == {"$default"}


@pytest.mark.parametrize(
    "body", ["", "[", "[]", "{}", '{"openapi": "3.0.1", "info": {}}', '{"swagger": "2.0"}']
)
def test_what_is_no_definition(apis: HttpApis, body: str) -> None:
    with pytest.raises(ClientError) as error:
        apis.client.import_api(Body=body)
    assert error.value.response["Error"]["Code"] == "BadRequestException"
