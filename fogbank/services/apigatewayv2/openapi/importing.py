"""From a definition to an API's parts: what it says in AWS's extensions becomes routes, integrations and authorizers.

What HTTP APIs have no use for (schemas, parameters, examples) is passed over, as AWS does; what was meant to act and cannot
is a warning.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.authorizers import new_authorizer
from fogbank.services.apigatewayv2.drafts import Edit
from fogbank.services.apigatewayv2.integrations import new_integration
from fogbank.services.apigatewayv2.openapi.typed import checked
from fogbank.services.apigatewayv2.routes import new_route
from fogbank.services.apigatewayv2.service import bad_request

X = "x-amazon-apigateway-"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
BASE_PATHS = ("ignore", "prepend", "split")
#: Members of an integration by their name in the extension.
INTEGRATION = {
    "httpMethod": "IntegrationMethod",
    "uri": "IntegrationUri",
    "integrationSubtype": "IntegrationSubtype",
    "credentials": "CredentialsArn",
    "connectionType": "ConnectionType",
    "connectionId": "ConnectionId",
    "payloadFormatVersion": "PayloadFormatVersion",
    "timeoutInMillis": "TimeoutInMillis",
    "requestParameters": "RequestParameters",
}
AUTHORIZER = {
    "authorizerUri": "AuthorizerUri",
    "authorizerCredentials": "AuthorizerCredentialsArn",
    "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds": "AuthorizerResultTtlInSeconds",
    "enableSimpleResponses": "EnableSimpleResponses",
}
CORS = {
    "allowOrigins": "AllowOrigins",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
    "exposeHeaders": "ExposeHeaders",
    "allowCredentials": "AllowCredentials",
    "maxAge": "MaxAge",
}


def api_members(document: dict[str, Any]) -> Wire:
    """CreateApi's members. Raises BadRequestException."""
    if not str(document.get("openapi", "")).startswith("3."):
        raise bad_request("Unable to parse API definition: only OpenAPI 3 is supported for HTTP APIs")  # ours
    info = _map(document.get("info"))
    if not info.get("title") or not isinstance(info["title"], str):
        raise bad_request("The definition has no title")  # ours
    members: Wire = {"Name": str(info["title"]), "ProtocolType": "HTTP"}
    for name, member in (("version", "Version"), ("description", "Description")):
        if info.get(name) is not None:
            members[member] = str(info[name])
    if cors := _map(document.get(f"{X}cors")):
        members["CorsConfiguration"] = {CORS[name]: cors[name] for name in CORS if cors.get(name) is not None}
    for server in _list(document.get("servers")):
        endpoint = _map(_map(server).get(f"{X}endpoint-configuration"))
        if "disableExecuteApiEndpoint" in endpoint:
            members["DisableExecuteApiEndpoint"] = bool(endpoint["disableExecuteApiEndpoint"])
    return checked("CreateApi", members)


def tags_of(document: dict[str, Any]) -> dict[str, str]:
    """Top-level tags that carry a value."""
    value = f"{X}tag-value"
    tags = [_map(tag) for tag in _list(document.get("tags"))]
    return {str(tag.get("name") or ""): str(tag[value]) for tag in tags if value in tag}


class Import:
    """Puts what a definition describes into an edit; `warnings` are gathered."""

    def __init__(self, edit: Edit, document: dict[str, Any], base_path: str) -> None:
        self._edit = edit
        self._document = document
        self._prefix = self._base(base_path)
        self._integrations: dict[str, str] = {}  # ids by the name in components
        self._authorizers: dict[str, tuple[str, str]] = {}  # (type, id) by scheme
        self.warnings: list[str] = []

    def _base(self, mode: str) -> str:
        """What is put in front of every path."""
        if mode not in BASE_PATHS:
            raise bad_request(f"Invalid basepath specified: {mode}. Must be one of: {', '.join(BASE_PATHS)}")
        servers = _list(self._document.get("servers"))
        if mode == "ignore" or not servers:
            return ""
        server = _map(servers[0])
        url = str(server.get("url") or "")
        for name, variable in _map(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_map(variable).get("default") or ""))
        try:
            path = urlsplit(url).path.rstrip("/")
        except ValueError:
            raise bad_request(f"Invalid server URL specified: {url}") from None
        if mode == "split":
            # The first part of the path is the stage's place, the rest of it goes in front.
            path = "/" + path.lstrip("/").partition("/")[2] if path.lstrip("/").partition("/")[2] else ""
        return path

    async def run(self) -> None:
        """Raises BadRequestException."""
        paths = _map(self._document.get("paths"))
        for path, item in paths.items():
            for name, operation in _map(item).items():
                if name in METHODS or name == f"{X}any-method":
                    method = "ANY" if name.startswith("x-") else name.upper()
                    await self._operation(path, method, _map(operation))

    async def _operation(self, path: str, method: str, operation: dict[str, Any]) -> None:
        default = path == "/$default" or operation.get("isDefaultRoute") is True
        key = "$default" if default else f"{method} {self._prefix}{path}"
        route: Wire = {"RouteKey": key, "AuthorizationType": "NONE"}
        if operation.get("operationId"):
            route["OperationName"] = str(operation["operationId"])[:64]
        extension = operation.get(f"{X}integration")
        if extension is None:
            self.warnings.append(f"No integration defined for route '{key}'")
        else:
            route["Target"] = f"integrations/{await self._integration(_map(extension))}"
        await self._secure(route, operation)
        await new_route(self._edit, checked("CreateRoute", route))

    async def _integration(self, extension: dict[str, Any]) -> str:
        """The id of an integration, made once for each name in components."""
        reference = extension.get("$ref")
        name = str(reference).rpartition("/")[2] if reference else ""
        if name:
            if name in self._integrations:
                return self._integrations[name]
            components = _map(self._document.get("components"))
            found = _map(components.get(f"{X}integrations")).get(name)
            if found is None:
                raise bad_request(f"Unable to resolve reference {reference}")
            extension = _map(found)
        members: Wire = {"IntegrationType": str(extension.get("type") or "").upper()}
        for given, member in INTEGRATION.items():
            if extension.get(given) is not None:
                members[member] = extension[given]
        members["ResponseParameters"] = extension.get("responseParameters")
        if server := _map(extension.get("tlsConfig")).get("serverNameToVerify"):
            members["TlsConfig"] = {"ServerNameToVerify": server}
        if members["IntegrationType"] == "AWS_PROXY" and "IntegrationUri" in members:
            members["IntegrationMethod"] = "POST"
        made = await new_integration(self._edit, checked("CreateIntegration", members))
        if name:
            self._integrations[name] = made["IntegrationId"]
        return str(made["IntegrationId"])

    async def _secure(self, route: Wire, operation: dict[str, Any]) -> None:
        """The first security requirement that HTTP APIs know."""
        requirements = _list(operation.get("security", self._document.get("security")))
        schemes = _map(_map(self._document.get("components")).get("securitySchemes"))
        for requirement in requirements:
            for name, scopes in _map(requirement).items():
                scheme = _map(schemes.get(name))
                if scheme.get(f"{X}authtype") == "awsSigv4":
                    route["AuthorizationType"] = "AWS_IAM"
                    return
                extension = _map(scheme.get(f"{X}authorizer"))
                if not extension:
                    self.warnings.append(f"Security scheme '{name}' has no {X}authorizer and is ignored")
                    continue
                kind, identifier = await self._authorizer(name, extension)
                route |= {"AuthorizationType": kind, "AuthorizerId": identifier}
                if scopes and kind == "JWT":
                    route["AuthorizationScopes"] = [str(scope) for scope in _list(scopes)]
                return

    async def _authorizer(self, name: str, extension: dict[str, Any]) -> tuple[str, str]:
        if name in self._authorizers:
            return self._authorizers[name]
        jwt = str(extension.get("type") or "").lower() == "jwt"
        sources = extension.get("identitySource")
        if isinstance(sources, str):
            sources = [each.strip() for each in sources.split(",")]
        members: Wire = {
            "Name": name,
            "AuthorizerType": "JWT" if jwt else "REQUEST",
            "IdentitySource": _list(sources),
        }
        if jwt:
            configuration = _map(extension.get("jwtConfiguration"))
            members["JwtConfiguration"] = {
                "Issuer": configuration.get("issuer"),
                "Audience": configuration.get("audience"),
            }
        else:
            members |= {
                member: extension[given] for given, member in AUTHORIZER.items() if given in extension
            }
        made = await new_authorizer(self._edit, checked("CreateAuthorizer", members))
        self._authorizers[name] = ("JWT" if jwt else "CUSTOM", made["AuthorizerId"])
        return self._authorizers[name]


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
