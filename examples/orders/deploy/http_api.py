"""The HTTP API: what customers see of their orders, and a direct way into the workflow; both ask for a token."""

from __future__ import annotations

from typing import Any

from deploy.apis_v2 import allow, put_api, put_authorizer, put_integration, put_route, put_stage

ORIGIN = "https://shop.example"


def put_http_api(client: Any, lambda_: Any, role: str, aliases: dict[str, str], machine: str) -> str:
    """Create it or bring it up to date; its id."""
    api = put_api(
        client,
        "orders",
        ProtocolType="HTTP",
        CorsConfiguration={
            "AllowOrigins": [ORIGIN],
            "AllowMethods": ["GET", "POST"],
            "AllowHeaders": ["authorization"],
            "MaxAge": 300,
        },
    )
    region = client.meta.region_name
    authorizer = put_authorizer(
        client,
        api,
        "token",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/"
        f"{aliases['orders-authorize']}/invocations",
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        IdentitySource=["$request.header.Authorization"],
        AuthorizerResultTtlInSeconds=60,
    )
    guarded = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer}
    read = put_integration(
        client,
        api,
        "read",
        IntegrationType="AWS_PROXY",
        IntegrationUri=aliases["orders-read"],
        PayloadFormatVersion="2.0",
    )
    start = put_integration(
        client,
        api,
        "start",
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="StepFunctions-StartExecution",
        PayloadFormatVersion="1.0",
        CredentialsArn=role,
        RequestParameters={
            "StateMachineArn": machine,
            "Name": "$request.path.id",
            "Input": "$request.body",
        },
    )
    put_route(client, api, "GET /customers/{customer}", read, **guarded)
    put_route(client, api, "POST /orders/{id}/workflow", start, **guarded)
    put_stage(
        client,
        api,
        RouteSettings={
            "POST /orders/{id}/workflow": {"ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 20.0}
        },
    )
    for name in ("orders-authorize", "orders-read"):
        allow(lambda_, aliases[name], "orders-http-api")
    return api
