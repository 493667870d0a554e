"""Whatever is sent is taken or refused in AWS's terms, and whatever was taken answers requests: never an exception."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.services.apigatewayv2 import SERVICE, ApiGatewayV2
from fogbank.services.apigatewayv2.openapi.reading import read_definition
from tests.services.apigatewayv2.test_control_plane import DEFINITION
from tests.support.house import House, Spoken

JUNK: tuple[Any, ...] = (
    None, 0, -1, 1.5, True, False, "", "x", "$", "${", "$request.body.", "200", [], [1], [None], ["$"], {}, {"x": 1},
    {"a": {"b": None}}, {"$ref": 1}, "arn:aws:lambda:us-east-1:000000000000:function:f", "{a}", "integrations/x",
)  # fmt: skip
FUNCTION_URI = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
)


class Apis(Spoken):
    service = "apigatewayv2"

    async def taken(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """The answer; None when it was refused in AWS's terms."""
        try:
            return await self.call(operation, **params)
        except AwsError as error:
            assert error.status < 500 or error.code == "NotImplemented", (params, error)
            return None
        except Exception as error:
            raise AssertionError(f"{operation} of {params}") from error


@pytest.fixture
async def spoken() -> AsyncIterator[Apis]:
    services = {
        SERVICE: lambda h: ApiGatewayV2(store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, calls=h.calls)
    }
    async with House(services) as house:
        yield Apis(house)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    found: list[tuple[Any, Any]] = []
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        found += places(value[key])
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_broken_definitions(spoken: Apis, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        document = copy.deepcopy(DEFINITION)
        for _ in range(draw.randint(1, 3)):
            container, key = draw.choice(places(document))
            container[key] = copy.deepcopy(draw.choice(JUNK))
        made = await spoken.taken("ImportApi", Body=json.dumps(document))
        if made is not None:
            exported = await spoken.call(
                "ExportApi", ApiId=made["ApiId"], Specification="OAS30", OutputType="YAML"
            )
            assert read_definition(exported["body"].decode())["openapi"] == "3.0.1"
            await spoken.call("DeleteApi", ApiId=made["ApiId"])


@pytest.mark.parametrize("protocol", ["HTTP", "WEBSOCKET"])
@pytest.mark.parametrize("seed", range(4))
async def test_broken_parts(spoken: Apis, protocol: str, seed: int) -> None:
    draw = random.Random(seed)
    api = await spoken.call(
        "CreateApi",
        Name="a",
        ProtocolType=protocol,
        **({"RouteSelectionExpression": "$request.body.a"} if protocol == "WEBSOCKET" else {}),
    )
    good: list[tuple[str, dict[str, Any]]] = [
        ("CreateIntegration", {
            "IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION_URI, "PayloadFormatVersion": "1.0",
            "TimeoutInMillis": 100, "RequestParameters": {"append:header.x": "$request.path.x"},
            "ResponseParameters": {"200": {"append:header.x": "y"}}, "TlsConfig": {"ServerNameToVerify": "x"},
            "RequestTemplates": {"a": "$input.body"}, "IntegrationMethod": "GET", "ConnectionType": "INTERNET",
        }),
        ("CreateRoute", {
            "RouteKey": "GET /a/{b}", "Target": "integrations/x", "AuthorizationType": "JWT", "AuthorizerId": "a",
            "AuthorizationScopes": ["x"], "RequestModels": {"a": "b"},
            "RequestParameters": {"route.request.header.x": {"Required": True}},
        }),
        ("CreateAuthorizer", {
            "Name": "a", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.a"], "AuthorizerUri": FUNCTION_URI,
            "JwtConfiguration": {"Issuer": "https://x", "Audience": ["a"]}, "AuthorizerResultTtlInSeconds": 1,
        }),
        ("CreateStage", {
            "StageName": "s", "AutoDeploy": True, "StageVariables": {"a": "b"}, "Tags": {"a": "b"},
            "AccessLogSettings": {"DestinationArn": "arn:aws:logs:us-east-1:0:log-group:x", "Format": "$context.requestId"},
            "RouteSettings": {"GET /": {"ThrottlingRateLimit": 1.0}},
        }),
        ("CreateModel", {"Name": "m", "Schema": '{"type": "object"}', "ContentType": "application/json"}),
        ("CreateApi", {"Name": "b", "ProtocolType": protocol, "Target": "http://x", "RouteKey": "GET /",
                       "CorsConfiguration": {"AllowOrigins": ["*"], "MaxAge": 1}}),
    ]  # fmt: skip
    for _ in range(150):
        operation, params = copy.deepcopy(draw.choice(good))
        for name in draw.sample(list(params), draw.randint(0, 2)):
            del params[name]
        for _ in range(draw.randint(0, 2)):
            if found := places(params):
                container, key = draw.choice(found)
                # What has another type never comes this far: codecs refuse it.
                alike = [
                    junk
                    for junk in JUNK
                    if type(junk) is type(container[key]) and type(junk) not in (dict, list)
                ]
                if alike and None not in alike:
                    container[key] = copy.deepcopy(draw.choice(alike))
        if operation != "CreateApi":
            params["ApiId"] = api["ApiId"]
        await spoken.taken(operation, **{name: value for name, value in params.items() if value is not None})
