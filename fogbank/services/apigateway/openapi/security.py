"""Security schemes of a definition: authorizers, API keys, signatures; and what a method's `security` means by them."""

from __future__ import annotations

import re
from typing import Any

from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.records import Wire, shape
from fogbank.services.apigateway.service import bad_request

AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTH_TYPE = "x-amazon-apigateway-authtype"


class Schemes:
    """`authorizers` by the name of their scheme, in wire shapes without ids."""

    def __init__(self, document: dict[str, Any], references: References) -> None:
        components = document.get("components") or {}
        self._schemes: dict[str, Any] = {
            name: references.resolve(scheme)
            for name, scheme in (
                document.get("securityDefinitions") or components.get("securitySchemes") or {}
            ).items()
        }
        self._default = document.get("security") or []
        self.authorizers: dict[str, Wire] = {
            name: _authorizer(name, scheme)
            for name, scheme in self._schemes.items()
            if isinstance(scheme, dict) and AUTHORIZER in scheme
        }

    def apply(self, operation: dict[str, Any], method: Wire) -> None:
        """Set authorization and `apiKeyRequired` of a method as its `security` says, else the definition's."""
        method["authorizationType"] = "NONE"
        method["apiKeyRequired"] = False
        extension = operation.get("x-amazon-apigateway-auth")
        for requirement in operation.get("security", self._default) or ():
            for name, scopes in requirement.items():
                self._require(name, scopes or [], method)
        if isinstance(extension, dict) and extension.get("type"):
            method["authorizationType"] = str(extension["type"]).upper()

    def _require(self, name: str, scopes: list[str], method: Wire) -> None:
        scheme = self._schemes.get(name)
        if not isinstance(scheme, dict):
            raise bad_request(f"Invalid OpenAPI input. Security scheme {name} is not defined")
        if name in self.authorizers:
            is_pool = self.authorizers[name]["type"] == "COGNITO_USER_POOLS"
            method["authorizationType"] = "COGNITO_USER_POOLS" if is_pool else "CUSTOM"
            method["authorizerId"] = name
            if is_pool and scopes:
                method["authorizationScopes"] = list(scopes)
        elif str(scheme.get(AUTH_TYPE, "")).lower() == "awssigv4":
            method["authorizationType"] = "AWS_IAM"
        elif scheme.get("type") == "apiKey" and str(scheme.get("name", "")).lower() == "x-api-key":
            method["apiKeyRequired"] = True


def _authorizer(name: str, scheme: dict[str, Any]) -> Wire:
    """Of a scheme with an authorizer. Its header is the identity source unless the authorizer names one."""
    given = scheme[AUTHORIZER]
    if not isinstance(given, dict):
        raise bad_request(f"Invalid OpenAPI input. {AUTHORIZER} of {name} is not an object")
    kind = str(given.get("type", "token")).upper()
    source = given.get("identitySource")
    if source is None and kind != "REQUEST" and scheme.get("in") == "header":
        source = f"method.request.header.{scheme.get('name', 'Authorization')}"
    auth_type = scheme.get(AUTH_TYPE) or ("cognito_user_pools" if kind == "COGNITO_USER_POOLS" else "custom")
    ttl = given.get("authorizerResultTtlInSeconds")
    return shape(
        name=re.sub(r"[^\w\- ]", "", name),
        type=kind,
        providerARNs=given.get("providerARNs"),
        authType=auth_type,
        authorizerUri=given.get("authorizerUri"),
        authorizerCredentials=given.get("authorizerCredentials"),
        identitySource=source,
        identityValidationExpression=given.get("identityValidationExpression"),
        authorizerResultTtlInSeconds=int(ttl) if ttl is not None else None,
    )
