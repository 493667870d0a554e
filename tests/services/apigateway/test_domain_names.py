"""Custom domain names and their mappings, VPC links, client certificates, models, validators, gateway responses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from cryptography import x509

from fogbank.core.errors import AwsError
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.snapshot import find_domain, load_client_certificate, load_mappings
from tests.services.apigateway.conftest import Gateway

PLACE = keys.Place("000000000000", "us-east-1")
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/1"


async def domain(gateway: Gateway, name: str = "api.example.com") -> dict[str, Any]:
    return await gateway.call(
        "CreateDomainName",
        domainName=name,
        regionalCertificateArn=CERTIFICATE,
        endpointConfiguration={"types": ["REGIONAL"]},
    )


async def test_a_domain_leads_to_its_mappings(gateway: Gateway) -> None:
    api = await gateway.stage()
    made = await domain(gateway)
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    where = {"domainName": "api.example.com"}
    mapping = await gateway.call("CreateBasePathMapping", **where, restApiId=api["id"], stage="dev")
    assert mapping == {"basePath": "(none)", "restApiId": api["id"], "stage": "dev"}
    await gateway.call("CreateBasePathMapping", **where, restApiId=api["id"], basePath="v1")
    store = gateway.house.store
    found = await find_domain(store, "api.example.com")
    assert found is not None and found == (PLACE, made)
    assert await find_domain(store, "other.example.com") is None
    assert await load_mappings(store, "api.example.com") == [
        mapping,
        {"basePath": "v1", "restApiId": api["id"]},
    ]
    await domain(gateway, "*.example.com")
    wild = await find_domain(store, "other.example.com")
    assert wild is not None and wild[1]["domainName"] == "*.example.com"


async def test_mapping_patches(gateway: Gateway) -> None:
    api, other = await gateway.stage(), await gateway.stage()
    await domain(gateway)
    where = {"domainName": "api.example.com", "basePath": "(none)"}
    await gateway.call(
        "CreateBasePathMapping", domainName="api.example.com", restApiId=api["id"], stage="dev"
    )
    changed = await gateway.update(
        "UpdateBasePathMapping",
        ("replace", "/basePath", "v2"),
        ("replace", "/restapiId", other["id"]),
        ("replace", "/stage", "dev"),
        **where,
    )
    assert changed == {"basePath": "v2", "restApiId": other["id"], "stage": "dev"}
    assert await gateway.fails("GetBasePathMapping", **where) == (
        "NotFoundException",
        "Invalid base path mapping identifier specified",
    )
    await gateway.call("DeleteRestApi", restApiId=api["id"])
    message = "Please remove all base path mappings related to the API in your account."
    assert await gateway.fails("DeleteRestApi", restApiId=other["id"]) == ("BadRequestException", message)
    code, _ = await gateway.fails("DeleteStage", restApiId=other["id"], stageName="dev")
    assert code == "BadRequestException"
    await gateway.call("DeleteDomainName", domainName="api.example.com")
    await gateway.call("DeleteRestApi", restApiId=other["id"])
    assert await gateway.records() == []


async def test_nothing_leads_to_an_api_that_goes_meanwhile(gateway: Gateway) -> None:
    await domain(gateway)
    key = await gateway.call("CreateApiKey", name="k")
    for number in range(20):
        api = await gateway.stage()
        stages = [{"apiId": api["id"], "stage": "dev"}]
        plan = await gateway.call("CreateUsagePlan", name="p")
        outcomes = await asyncio.gather(
            gateway.call(
                "CreateBasePathMapping",
                domainName="api.example.com",
                basePath=f"p{number}",
                restApiId=api["id"],
            ),
            gateway.call("CreateUsagePlan", name="q", apiStages=stages),
            gateway.call("DeleteRestApi", restApiId=api["id"]),
            gateway.call("CreateUsagePlanKey", usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY"),
            gateway.call("DeleteUsagePlan", usagePlanId=plan["id"]),
            return_exceptions=True,
        )
        assert all(isinstance(each, dict | AwsError) for each in outcomes)
    apis = {each["id"] for each in (await gateway.call("GetRestApis", limit=500))["items"]}
    mapped = await load_mappings(gateway.house.store, "api.example.com")
    plans = (await gateway.call("GetUsagePlans", limit=500))["items"]
    assert {each["restApiId"] for each in mapped} <= apis
    assert {stage["apiId"] for plan in plans for stage in plan["apiStages"]} <= apis
    await gateway.call("DeleteDomainName", domainName="api.example.com")
    for plan in plans:
        await gateway.call("DeleteUsagePlan", usagePlanId=plan["id"])
    for api_id in apis:
        await gateway.call("DeleteRestApi", restApiId=api_id)
    await gateway.call("DeleteApiKey", apiKey=key["id"])
    assert await gateway.records() == []


@pytest.mark.parametrize(
    ("params", "error"),
    [
        (
            {"basePath": "a/b"},
            (
                "BadRequestException",
                "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
                "To create a multi-level base path mapping, use API Gateway V2.",
            ),
        ),
        ({"restApiId": "none"}, ("BadRequestException", "Invalid REST API identifier specified")),
        ({"stage": "none"}, ("BadRequestException", "Invalid stage identifier specified")),
        ({"domainName": "none.com"}, ("NotFoundException", "Invalid domain name identifier specified")),
    ],
)
async def test_refused_mappings(gateway: Gateway, params: dict[str, str], error: tuple[str, str]) -> None:
    api = await gateway.stage()
    await domain(gateway)
    given = {"domainName": "api.example.com", "restApiId": api["id"]} | params
    assert await gateway.fails("CreateBasePathMapping", **given) == error


async def test_a_domain_is_one_accounts(gateway: Gateway) -> None:
    await domain(gateway)
    params = {"domainName": "API.example.com", "certificateArn": CERTIFICATE}
    error = await gateway.house.fails("apigateway", "CreateDomainName", params, account="111111111111")
    assert (error.code, error.message) == (
        "BadRequestException",
        "The domain name you provided already exists.",
    )
    error = await gateway.house.fails(
        "apigateway", "GetDomainName", {"domainName": "api.example.com"}, account="111111111111"
    )
    assert error.code == "NotFoundException"
    for settings in ({"securityPolicy": "TLS_1_0"},):
        assert (await gateway.fails("CreateDomainName", **params, **settings))[0] == "NotImplemented"


async def test_client_certificates(gateway: Gateway) -> None:
    made = await gateway.call("GenerateClientCertificate", description="d")
    assert "sealedKey" not in made
    certificate = x509.load_pem_x509_certificate(made["pemEncodedCertificate"].encode())
    assert certificate.not_valid_before_utc.timestamp() * 1000 == made["createdDate"]
    house = gateway.house
    pair = await load_client_certificate(house.store, house.secrets, PLACE, made["clientCertificateId"])
    assert pair is not None and pair[1].startswith(b"-----BEGIN PRIVATE KEY-----")
    api = await gateway.stage()
    stage = {"restApiId": api["id"], "stageName": "dev"}
    await gateway.update(
        "UpdateStage", ("replace", "/clientCertificateId", made["clientCertificateId"]), **stage
    )
    where = {"clientCertificateId": made["clientCertificateId"]}
    assert (await gateway.fails("DeleteClientCertificate", **where))[0] == "BadRequestException"
    await gateway.update("UpdateStage", ("replace", "/clientCertificateId", ""), **stage)
    await gateway.call("DeleteClientCertificate", **where)
    assert (await gateway.fails("GetClientCertificate", **where))[0] == "NotFoundException"


async def test_vpc_links(gateway: Gateway) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/a/b"
    link = await gateway.call("CreateVpcLink", name="l", targetArns=[arn])
    assert link["status"] == "AVAILABLE"
    where = await gateway.mock(await gateway.api())
    settings = {
        "type": "HTTP_PROXY",
        "integrationHttpMethod": "GET",
        "uri": "http://a.b",
        "connectionType": "VPC_LINK",
    }
    made = await gateway.call("PutIntegration", **where, **settings, connectionId=link["id"])
    assert made["connectionId"] == link["id"]
    await gateway.call("PutIntegration", **where, **settings, connectionId="${stageVariables.link}")
    assert (await gateway.fails("PutIntegration", **where, **settings, connectionId="x"))[
        0
    ] == "NotFoundException"
    assert (await gateway.fails("PutIntegration", **where, **settings))[0] == "BadRequestException"
    await gateway.call("DeleteVpcLink", vpcLinkId=link["id"])
    assert await gateway.call("GetVpcLinks") == {"items": []}


async def test_models(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"]}

    async def create(name: str, schema: Any) -> dict[str, Any]:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return await gateway.call(
            "CreateModel", **where, name=name, contentType="application/json", schema=text
        )

    url = f"https://apigateway.amazonaws.com/restapis/{api['id']}/models/"
    await create("Owner", {"type": "object", "properties": {"name": {"type": "string"}}})
    await create(
        "Pets",
        {"type": "array", "items": {"type": "object", "properties": {"owner": {"$ref": url + "Owner"}}}},
    )
    flat = await gateway.call("GetModel", **where, modelName="Pets", flatten=True)
    assert json.loads(flat["schema"])["definitions"].keys() == {"Owner"}
    template = (await gateway.call("GetModelTemplate", **where, modelName="Pets"))["value"]
    assert template.startswith("#set($inputRoot = $input.path('$'))\n[\n#foreach($elem in $inputRoot)\n")
    assert '"name" : "$elem.owner.name"' in template
    assert (await gateway.fails("DeleteModel", **where, modelName="Owner"))[0] == "ConflictException"
    await gateway.mock(api, requestModels={"application/json": "Pets"})
    assert await gateway.fails("DeleteModel", **where, modelName="Pets") == (
        "ConflictException",
        "Cannot delete model 'Pets', is referenced in method request: //GET",
    )
    code, message = await gateway.fails(
        "CreateModel", **where, name="Empty", contentType="application/json", schema="{}"
    )
    assert (code, message) == ("ConflictException", "Model name already exists for this REST API")
    message = await gateway.update_fails("UpdateModel", ("replace", "/name", "x"), **where, modelName="Pets")
    assert message == (
        "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"
    )
    message = await gateway.update_fails(
        "UpdateModel", ("replace", "/schema", "{"), **where, modelName="Pets"
    )
    assert message.startswith("Invalid model schema specified")
    assert await gateway.fails("GetModel", **where, modelName="None") == (
        "NotFoundException",
        "Invalid model name specified: None",
    )


async def test_request_validators(gateway: Gateway) -> None:
    api = await gateway.api()
    made = await gateway.call("CreateRequestValidator", restApiId=api["id"], name="v")
    where = {"restApiId": api["id"], "requestValidatorId": made["id"]}
    await gateway.mock(api, requestValidatorId=made["id"])
    assert (await gateway.fails("DeleteRequestValidator", **where))[0] == "ConflictException"
    message = await gateway.update_fails("UpdateRequestValidator", ("replace", "/x", "y"), **where)
    assert message == (
        "Invalid patch path  '/x' specified for op 'replace'. Must be one of: "
        "[/name, /validateRequestParameters, /validateRequestBody]"
    )
    message = await gateway.update_fails("UpdateRequestValidator", ("replace", "/name", ""), **where)
    assert message == "Request Validator name cannot be blank"


async def test_gateway_responses(gateway: Gateway) -> None:
    api = await gateway.api()
    where = {"restApiId": api["id"]}
    default = await gateway.call("GetGatewayResponse", **where, responseType="THROTTLED")
    assert default == {
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    listed = (await gateway.call("GetGatewayResponses", **where, limit=500))["items"]
    assert len(listed) == 21 and default in listed
    one = where | {"responseType": "THROTTLED"}
    changed = await gateway.update(
        "UpdateGatewayResponse",
        ("replace", "/statusCode", "420"),
        ("add", "/responseParameters/gatewayresponse.header.Retry", "'1'"),
        **one,
    )
    assert changed["statusCode"] == "420" and not changed["defaultResponse"]
    for patch, message in (
        (("add", "/statusCode", "1"), "Invalid patch operation specified. Must be one of: [replace]"),
        (("replace", "/wrong", "1"), "Invalid patch path /wrong"),
        (("replace", "/responseTemplates/a~1b"), "Invalid null or empty value in /responseTemplates/a~1b"),
        (("remove", "/responseTemplates/a~1b"), "Invalid parameter name specified"),
        (("add", "/responseParameters/x", "'1'"), "Invalid parameter name specified: x"),
    ):
        assert await gateway.update_fails("UpdateGatewayResponse", patch, **one) == message
    await gateway.call("DeleteGatewayResponse", **one)
    assert await gateway.call("GetGatewayResponse", **one) == default
    assert await gateway.fails("DeleteGatewayResponse", **one) == (
        "NotFoundException",
        "Gateway response type not defined on api",
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "TOKEN"},
        {"type": "TOKEN", "authorizerUri": "arn:aws:lambda:us-east-1:000000000000:function:f"},
        {"type": "COGNITO_USER_POOLS"},
        {"type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:pool/x"]},
    ],
)
async def test_refused_authorizers(gateway: Gateway, settings: dict[str, Any]) -> None:
    api = await gateway.api()
    code, _ = await gateway.fails("CreateAuthorizer", restApiId=api["id"], name="a", **settings)
    assert code == "BadRequestException"
