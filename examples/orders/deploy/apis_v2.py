"""APIs of API Gateway v2, HTTP and WebSocket: each part is created, or brought up to date when one of its name is there."""

from __future__ import annotations

from typing import Any

STAGE = "live"


def put_api(client: Any, name: str, **settings: Any) -> str:
    """The API of that name; its id."""
    for api in _all(client, "get_apis"):
        if api["Name"] == name:
            client.update_api(
                ApiId=api["ApiId"], **{k: v for k, v in settings.items() if k != "ProtocolType"}
            )
            return str(api["ApiId"])
    return str(client.create_api(Name=name, **settings)["ApiId"])


def put_integration(client: Any, api: str, name: str, **settings: Any) -> str:
    """The integration that is described by that name; what a route's target says for it."""
    for found in _all(client, "get_integrations", ApiId=api):
        if found.get("Description") == name:
            client.update_integration(ApiId=api, IntegrationId=found["IntegrationId"], **settings)
            return f"integrations/{found['IntegrationId']}"
    made = client.create_integration(ApiId=api, Description=name, **settings)
    return f"integrations/{made['IntegrationId']}"


def put_authorizer(client: Any, api: str, name: str, **settings: Any) -> str:
    """The authorizer of that name; its id."""
    for found in _all(client, "get_authorizers", ApiId=api):
        if found["Name"] == name:
            client.update_authorizer(ApiId=api, AuthorizerId=found["AuthorizerId"], **settings)
            return str(found["AuthorizerId"])
    return str(client.create_authorizer(ApiId=api, Name=name, **settings)["AuthorizerId"])


def put_route(client: Any, api: str, key: str, target: str, **settings: Any) -> str:
    """The route of that key; its id."""
    for found in _all(client, "get_routes", ApiId=api):
        if found["RouteKey"] == key:
            client.update_route(ApiId=api, RouteId=found["RouteId"], Target=target, **settings)
            return str(found["RouteId"])
    return str(client.create_route(ApiId=api, RouteKey=key, Target=target, **settings)["RouteId"])


def put_route_response(client: Any, api: str, route: str) -> None:
    """WebSocket: what the integration says goes back to the client."""
    if not _all(client, "get_route_responses", ApiId=api, RouteId=route):
        client.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")


def put_stage(client: Any, api: str, **settings: Any) -> None:
    """The stage, which deploys every change by itself."""
    if STAGE in [found["StageName"] for found in _all(client, "get_stages", ApiId=api)]:
        client.update_stage(ApiId=api, StageName=STAGE, AutoDeploy=True, **settings)
    else:
        client.create_stage(ApiId=api, StageName=STAGE, AutoDeploy=True, **settings)


def allow(lambda_: Any, function: str, statement: str) -> None:
    """API Gateway may call the function."""
    try:
        lambda_.add_permission(
            FunctionName=function,
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
    except lambda_.exceptions.ResourceConflictException:
        pass  # it may already


def _all(client: Any, operation: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page["Items"]]
