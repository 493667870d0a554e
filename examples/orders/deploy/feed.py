"""The WebSocket feed: customers watch for news of their orders, which `orders-notify` sends them."""

from __future__ import annotations

from typing import Any

from deploy.apis_v2 import allow, put_api, put_integration, put_route, put_route_response, put_stage


def put_feed(client: Any) -> str:
    """The API alone, for functions must know its address; its id."""
    return put_api(
        client, "orders-feed", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )


def put_feed_routes(client: Any, lambda_: Any, api: str, function: str) -> None:
    """What happens on it: one function hears of connections and of messages `{"action": "watch", …}`, and answers those."""
    target = put_integration(
        client,
        api,
        "feed",
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:apigateway:{client.meta.region_name}:lambda:path/2015-03-31/functions/"
        f"{function}/invocations",
    )
    put_route(client, api, "$connect", target)
    put_route(client, api, "$disconnect", target)
    watch = put_route(client, api, "watch", target, RouteResponseSelectionExpression="$default")
    put_route_response(client, api, watch)
    put_stage(client, api)
    allow(lambda_, function, "orders-feed")
