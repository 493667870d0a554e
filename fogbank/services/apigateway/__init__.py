"""API Gateway, REST APIs (v1): the control plane. `execution/` is the data plane.

Importing this package declares every operation. `SERVICE` and the state class `ApiGateway` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.apigateway import (
    account,
    api_keys,
    authorizers,
    base_path_mappings,
    client_certificates,
    deployments,
    documentation_parts,
    documentation_versions,
    domain_names,
    exports,
    gateway_responses,
    imports,
    integration_responses,
    integrations,
    invocations,
    method_responses,
    methods,
    models,
    request_validators,
    resources,
    rest_apis,
    socket_apis,
    stages,
    tags,
    usage_plan_keys,
    usage_plans,
    vpc_links,
    web_acls,
)
from fogbank.services.apigateway import needs as needs
from fogbank.services.apigateway.service import SERVICE
from fogbank.services.apigateway.state import ApiGateway

__all__ = [
    "SERVICE",
    "ApiGateway",
    "account",
    "api_keys",
    "authorizers",
    "base_path_mappings",
    "client_certificates",
    "deployments",
    "documentation_parts",
    "documentation_versions",
    "domain_names",
    "exports",
    "gateway_responses",
    "imports",
    "integration_responses",
    "integrations",
    "invocations",
    "method_responses",
    "methods",
    "models",
    "request_validators",
    "resources",
    "rest_apis",
    "socket_apis",
    "stages",
    "tags",
    "usage_plan_keys",
    "usage_plans",
    "vpc_links",
    "web_acls",
]
