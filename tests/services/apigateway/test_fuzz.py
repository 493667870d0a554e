"""Whatever is sent is taken or refused in AWS's terms: never an exception, which would be a 500."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.services.apigateway import SERVICE
from tests.services.apigateway.conftest import FUNCTION_URI, Gateway
from tests.services.apigateway.test_imports import PETS

JUNK = (
    None,
    0,
    -1,
    1.5,
    True,
    "",
    "x",
    "200",
    [],
    [1],
    [None],
    ["x"],
    [[]],
    {},
    {"x": 1},
    {"a": {"b": None}},
    {"$ref": 1},
)
ROUNDS = 200


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    found: list[tuple[Any, Any]] = []
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        found += places(value[key])
    return found


async def taken(gateway: Gateway, operation: str, **params: Any) -> dict[str, Any] | None:
    """The answer; None when it was refused in AWS's terms."""
    try:
        return await gateway.call(operation, **params)
    except AwsError as error:
        assert error.status < 500 or error.code == "NotImplemented", (params, error)
        return None
    except Exception as error:
        raise AssertionError(f"{operation} of {params}") from error


@pytest.mark.parametrize("seed", range(4))
async def test_broken_definitions(gateway: Gateway, seed: int) -> None:
    draw = random.Random(seed)
    api = await gateway.api()
    for _ in range(ROUNDS // 4):
        document = copy.deepcopy(PETS)
        for _ in range(draw.randint(1, 3)):
            container, key = draw.choice(places(document))
            container[key] = copy.deepcopy(draw.choice(JUNK))
        body = json.dumps(document).encode()
        for operation, more in (
            ("ImportRestApi", {}),
            ("PutRestApi", {"restApiId": api["id"], "mode": draw.choice(["merge", "overwrite"])}),
            ("ImportDocumentationParts", {"restApiId": api["id"]}),
        ):
            made = await taken(gateway, operation, body=body, **more)
            if made is not None and operation == "ImportRestApi":
                await gateway.call("DeleteRestApi", restApiId=made["id"])


async def everything(gateway: Gateway, operation: str) -> dict[str, str]:
    """One of each noun; what names them all. A certificate takes long to make: only where it is used."""
    api = await gateway.stage()
    where = {"restApiId": api["id"]}
    method = {"resourceId": api["rootResourceId"], "httpMethod": "GET", "statusCode": "200"}
    await gateway.call("PutMethodResponse", **where, **method)
    await gateway.call("PutIntegrationResponse", **where, **method)
    await gateway.call("CreateModel", **where, name="M", contentType="application/json", schema="{}")
    validator = await gateway.call("CreateRequestValidator", **where, name="v")
    authorizer = await gateway.call(
        "CreateAuthorizer", **where, name="a", type="TOKEN", authorizerUri=FUNCTION_URI
    )
    part = await gateway.call(
        "CreateDocumentationPart", **where, location={"type": "API"}, properties='{"a": 1}'
    )
    await gateway.call("CreateDocumentationVersion", **where, documentationVersion="1")
    plan = await gateway.call(
        "CreateUsagePlan",
        name="p",
        apiStages=[{"apiId": api["id"], "stage": "dev"}],
        quota={"limit": 1, "period": "DAY"},
    )
    key = await gateway.call("CreateApiKey", name="k")
    await gateway.call("CreateUsagePlanKey", usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    certificate = {"clientCertificateId": "none"}
    if operation.endswith("ClientCertificate"):
        certificate = await gateway.call("GenerateClientCertificate")
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/a/b"
    link = await gateway.call("CreateVpcLink", name="l", targetArns=[arn])
    acm = "arn:aws:acm:us-east-1:000000000000:certificate/1"
    await gateway.call("CreateDomainName", domainName="a.example.com", certificateArn=acm)
    await gateway.call("CreateBasePathMapping", domainName="a.example.com", restApiId=api["id"])
    deployment = (await gateway.call("GetDeployments", **where))["items"][0]
    return (
        where
        | method
        | {
            "stageName": "dev",
            "modelName": "M",
            "requestValidatorId": validator["id"],
            "authorizerId": authorizer["id"],
            "documentationPartId": part["id"],
            "documentationVersion": "1",
            "usagePlanId": plan["id"],
            "keyId": key["id"],
            "apiKey": key["id"],
            "clientCertificateId": certificate["clientCertificateId"],
            "vpcLinkId": link["id"],
            "domainName": "a.example.com",
            "basePath": "(none)",
            "deploymentId": deployment["id"],
            "responseType": "THROTTLED",
        }
    )


UPDATES = sorted(name for name in SERVICE.operations if name.startswith("Update"))
STEPS = [
    "name",
    "description",
    "policy",
    "version",
    "apiKeySource",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "endpointConfiguration",
    "types",
    "vpcEndpointIds",
    "ipAddressType",
    "0",
    "EDGE",
    "uri",
    "type",
    "httpMethod",
    "requestParameters",
    "method.request.header.a",
    "requestTemplates",
    "application~1json",
    "timeoutInMillis",
    "cacheKeyParameters",
    "tlsConfig",
    "insecureSkipVerification",
    "connectionType",
    "connectionId",
    "contentHandling",
    "passthroughBehavior",
    "selectionPattern",
    "responseParameters",
    "method.response.header.a",
    "responseTemplates",
    "responseModels",
    "schema",
    "properties",
    "pathPart",
    "parentId",
    "authorizerId",
    "authorizationType",
    "requestModels",
    "requestValidatorId",
    "authorizationScopes",
    "canarySettings",
    "deploymentId",
    "percentTraffic",
    "stageVariableOverrides",
    "variables",
    "a",
    "*",
    "GET",
    "throttling",
    "burstLimit",
    "rateLimit",
    "caching",
    "enabled",
    "logging",
    "loglevel",
    "accessLogSettings",
    "destinationArn",
    "format",
    "quota",
    "limit",
    "offset",
    "period",
    "throttle",
    "apiStages",
    "remaining",
    "statusCode",
    "gatewayresponse.header.a",
    "certificateArn",
    "securityPolicy",
    "basePath",
    "stage",
    "restapiId",
    "features",
    "cloudwatchRoleArn",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "providerARNs",
    "identitySource",
    "authorizerResultTtlInSeconds",
    "~",
    "~1",
    "~2",
    "é",
]
VALUES = (
    None,
    "",
    "true",
    "1",
    "-1",
    "1.5",
    "nan",
    "x",
    "EDGE",
    "PRIVATE",
    "NONE",
    "CUSTOM",
    "{",
    "{}",
    "a:b",
    "(",
    "é",
    "VPC_LINK",
    "STREAM",
    "'x'",
    "method.request.header.a",
    "DAY",
    "arn:aws:iam::000000000000:role/r",
)


@pytest.mark.parametrize("operation", UPDATES)
async def test_any_patch_is_taken_or_refused(gateway: Gateway, operation: str) -> None:
    names = await everything(gateway, operation)
    members = SERVICE.operations[operation].model.input.members  # type: ignore[union-attr]
    where = {name: value for name, value in names.items() if name in members}
    draw = random.Random(operation)
    known = _known_paths(operation)
    for _ in range(ROUNDS):
        patches = []
        for _ in range(draw.randint(1, 3)):
            steps = (
                draw.choice(known)
                if known and draw.random() < 0.7
                else draw.choices(STEPS, k=draw.randint(0, 4))
            )
            path = "/" + "/".join(draw.choice(STEPS) if step.startswith("{") else step for step in steps)
            patch = {"op": draw.choice(["add", "remove", "replace", "copy", "move", "test"]), "path": path}
            if (value := draw.choice(VALUES)) is not None:
                patch["value"] = value
            patches.append(patch)
        made = await taken(gateway, operation, **where, patchOperations=patches)
        if made is not None and "basePath" in where:
            where["basePath"] = await _base_path(gateway)


async def _base_path(gateway: Gateway) -> str:
    """The one mapping's path, which a patch may have changed."""
    found = await gateway.call("GetBasePathMappings", domainName="a.example.com")
    path: str = found["items"][0]["basePath"]
    return path


def _known_paths(operation: str) -> list[list[str]]:
    """The paths of the noun's table, by their steps."""
    import sys

    module = sys.modules[SERVICE.operations[operation].function.__module__]
    table = getattr(module, "PATCHES", None)
    return [] if table is None else [path.split("/")[1:] for path in table.paths]


def _value_of(shape: Any, draw: random.Random, depth: int = 0) -> Any:
    """A value that fits a shape's type, and its constraints mostly."""
    match shape.type:
        case "string":
            return draw.choice(shape.enum) if shape.enum else draw.choice(VALUES) or ""
        case "integer" | "long":
            return draw.choice([0, 1, -1, 50, 300, 10**9])
        case "double" | "float":
            return draw.choice([0.0, 1.5, -1.0, 100.0, 1e300])
        case "boolean":
            return draw.random() < 0.5
        case "blob":
            return draw.choice([b"", b"{", json.dumps(PETS).encode()])
        case "list":
            return [_value_of(shape.member, draw, depth + 1) for _ in range(draw.randint(0, 2))]
        case "map":
            return {
                draw.choice(STEPS): _value_of(shape.value, draw, depth + 1) for _ in range(draw.randint(0, 2))
            }
        case "structure":
            return {
                name: _value_of(member, draw, depth + 1)
                for name, member in shape.members.items()
                if draw.random() < 0.7
            }
    raise AssertionError(shape.type)


@pytest.mark.parametrize("operation", sorted(set(SERVICE.operations) - set(UPDATES)))
async def test_any_input_is_taken_or_refused(gateway: Gateway, operation: str) -> None:
    names = await everything(gateway, operation)
    declared = SERVICE.operations[operation]
    shape = declared.model.input
    assert shape is not None
    draw = random.Random(operation)
    for _ in range(2 if operation.startswith("Generate") else ROUNDS // 8):
        params = {
            name: _value_of(member, draw)
            for name, member in shape.members.items()
            if name not in declared.refuses and draw.random() < 0.6
        }
        params |= {
            name: value for name, value in names.items() if name in shape.required and draw.random() < 0.9
        }
        for name in shape.required:
            params.setdefault(name, _value_of(shape.members[name], draw))
        await taken(gateway, operation, **params)
