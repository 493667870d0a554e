"""API Gateway v2: HTTP APIs and WebSocket APIs. The control plane; `execution/` is the data plane.

Importing this package declares every operation. `SERVICE` and the state class `ApiGatewayV2` are what app/ joins.
"""

from __future__ import annotations

from fogbank.services.apigatewayv2 import (
    api_mappings,
    apis,
    authorizers,
    cors,
    deployments,
    domain_names,
    imports,
    integration_responses,
    integrations,
    models,
    route_responses,
    routes,
    stages,
    tags,
    vpc_links,
)
from fogbank.services.apigatewayv2 import needs as needs
from fogbank.services.apigatewayv2.execution.websocket import management
from fogbank.services.apigatewayv2.service import SERVICE
from fogbank.services.apigatewayv2.state import ApiGatewayV2

__all__ = [
    "SERVICE",
    "ApiGatewayV2",
    "api_mappings",
    "apis",
    "authorizers",
    "cors",
    "deployments",
    "domain_names",
    "imports",
    "integration_responses",
    "integrations",
    "management",
    "models",
    "route_responses",
    "routes",
    "stages",
    "tags",
    "vpc_links",
]
