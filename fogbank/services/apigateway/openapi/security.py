"""Security schemes of a definition: authorizers, API keys, signatures; and what a method's `security` means by them."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.openapi.typed import mapping, names, number, sequence, text
from fogbank.services.apigateway.records import shape
from fogbank.services.apigateway.service import bad_request

AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTH_TYPE = "x-amazon-apigateway-authtype"
EXTENSION = "x-amazon-apigateway-auth"
TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")


class Schemes:
    """`authorizers` by the name of their scheme, in wire shapes without ids."""

    def __init__(self, document: dict[str, Any], references: References) -> None:
        components = mapping(document.get("components"), "components")
        schemes = document.get("securityDefinitions") or components.get("securitySchemes")
        self._schemes: dict[str, dict[str, Any]] = {
            name: mapping(references.resolve(scheme), f"Security scheme {name}")
            for name, scheme in mapping(schemes, "securitySchemes").items()
        }
        self._default = document.get("security")
        self.authorizers: dict[str, Wire] = {
            name: _authorizer(name, scheme) for name, scheme in self._schemes.items() if AUTHORIZER in scheme
        }

    def apply(self, operation: dict[str, Any], method: Wire) -> None:
        """Set authorization and `apiKeyRequired` of a method as its `security` says, else the definition's."""
        method["authorizationType"] = "NONE"
        method["apiKeyRequired"] = False
        extension = operation.get(EXTENSION)
        for requirement in sequence(operation.get("security", self._default), "security"):
            for name, scopes in mapping(requirement, "security").items():
                self._require(name, names(scopes, f"security.{name}"), method)
        if kind := text(mapping(extension, EXTENSION).get("type"), EXTENSION):
            method["authorizationType"] = kind.upper()

    def _require(self, name: str, scopes: list[str] | None, method: Wire) -> None:
        scheme = self._schemes.get(name)
        if scheme is None:
            raise bad_request(f"Invalid OpenAPI input. Security scheme {name} is not defined")
        if name in self.authorizers:
            is_pool = self.authorizers[name]["type"] == "COGNITO_USER_POOLS"
            method["authorizationType"] = "COGNITO_USER_POOLS" if is_pool else "CUSTOM"
            method["authorizerId"] = name
            if is_pool and scopes:
                method["authorizationScopes"] = scopes
        elif str(scheme.get(AUTH_TYPE, "")).lower() == "awssigv4":
            method["authorizationType"] = "AWS_IAM"
        elif scheme.get("type") == "apiKey" and str(scheme.get("name", "")).lower() == "x-api-key":
            method["apiKeyRequired"] = True


def _authorizer(name: str, scheme: dict[str, Any]) -> Wire:
    """Of a scheme with an authorizer. Its header is the identity source unless the authorizer names one."""
    given = mapping(scheme[AUTHORIZER], AUTHORIZER)

    def member(of: str) -> str | None:
        return text(given.get(of), f"{AUTHORIZER}.{of}")

    kind = (member("type") or "token").upper()
    if kind not in TYPES:
        raise bad_request(f"Invalid OpenAPI input. {AUTHORIZER} of {name} has no type that is known: {kind}")
    source = member("identitySource")
    if source is None and kind != "REQUEST" and scheme.get("in") == "header":
        source = f"method.request.header.{text(scheme.get('name'), f'{name}.name') or 'Authorization'}"
    default = "cognito_user_pools" if kind == "COGNITO_USER_POOLS" else "custom"
    return shape(
        name=re.sub(r"[^\w\- ]", "", name),
        type=kind,
        providerARNs=names(given.get("providerARNs"), "providerARNs"),
        authType=text(scheme.get(AUTH_TYPE), AUTH_TYPE) or default,
        authorizerUri=member("authorizerUri"),
        authorizerCredentials=member("authorizerCredentials"),
        identitySource=source,
        identityValidationExpression=member("identityValidationExpression"),
        authorizerResultTtlInSeconds=number(
            given.get("authorizerResultTtlInSeconds"), "authorizerResultTtlInSeconds"
        ),
    )
