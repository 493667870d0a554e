"""Operations of a definition into Methods: parameters, bodies, responses, the integration extension. Pure."""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.gateway.records import Wire
from fogbank.services.apigateway.integration_responses import check_response
from fogbank.services.apigateway.integration_rules import check_cache_keys, check_integration
from fogbank.services.apigateway.integrations import check_content_handling
from fogbank.services.apigateway.limits import INTEGRATION_TIMEOUT_MS_MAX
from fogbank.services.apigateway.mapping import check_method_parameter, check_method_response_parameter
from fogbank.services.apigateway.openapi.definition import Definition
from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.openapi.schemas import model_name, plain_name, to_model
from fogbank.services.apigateway.openapi.security import Schemes
from fogbank.services.apigateway.openapi.typed import flag, mapping, names, number, sequence, text, texts
from fogbank.services.apigateway.records import shape
from fogbank.services.apigateway.service import bad_request

INTEGRATION = "x-amazon-apigateway-integration"
VALIDATOR = "x-amazon-apigateway-request-validator"
PLACES = {"query": "querystring", "header": "header", "path": "path"}


class MethodReader:
    """Reads the operations of one definition; models of inline schemas go into `found`."""

    def __init__(
        self,
        document: dict[str, Any],
        found: Definition,
        references: References,
        schemes: Schemes,
        api_id: str,
    ) -> None:
        self._document = document
        self._found = found
        self._references = references
        self._schemes = schemes
        self._api_id = api_id

    def method(self, path: str, http_method: str, item: dict[str, Any], operation: Any) -> Wire:
        operation = mapping(operation, f"{http_method} of {path}")
        method: Wire = {"httpMethod": http_method}
        self._schemes.apply(operation, method)
        if name := text(operation.get("operationId"), "operationId"):
            method["operationName"] = name
        validator = text(operation.get(VALIDATOR, self._document.get(VALIDATOR)), VALIDATOR)
        if validator is not None:
            if validator not in self._found.validators:
                raise bad_request(
                    f"Errors found during import:\n\tInvalid request validator specified: {validator}"
                )
            method["requestValidatorId"] = validator
        self._read_parameters(path, method, item, operation)
        responses = {
            str(code): self._response(path, method, str(code), self._references.resolve(response), operation)
            for code, response in mapping(operation.get("responses"), "responses").items()
            if re.fullmatch(r"[1-5]\d\d", code)
        }
        for code in mapping(operation.get("responses"), "responses"):
            if code not in responses and code != "default" and not code.startswith("x-"):
                self._found.warnings.append(
                    f"Response {code} of {method['httpMethod']} {path} is no status code and is ignored"
                )
        if responses:
            method["methodResponses"] = responses
        extension = self._references.resolve(operation.get(INTEGRATION))
        if extension is not None:
            extension = mapping(extension, INTEGRATION)
            method["methodIntegration"] = self._integration(path, method, extension)
        return method

    # --- parameters and bodies

    def _read_parameters(
        self, path: str, method: Wire, item: dict[str, Any], operation: dict[str, Any]
    ) -> None:
        request: dict[str, bool] = {}
        models: dict[str, str] = {}
        for (place, name), parameter in self._parameters(item, operation).items():
            if place in PLACES:
                required = place == "path" or bool(flag(parameter.get("required"), f"{name}.required"))
                request[f"method.request.{PLACES[place]}.{name}"] = required
            elif place == "body":
                for content_type in self._types("consumes", operation):
                    models[content_type] = self._model(path, method, "Request", parameter.get("schema"))
            else:
                self._found.warnings.append(f"Parameter {name} in {place} is not supported and is ignored")
        body = mapping(self._references.resolve(operation.get("requestBody")), "requestBody")
        models |= self._content(path, method, "Request", body)
        for name in request:
            check_method_parameter(name)
        if request:
            method["requestParameters"] = request
        if models:
            method["requestModels"] = models

    def _parameters(
        self, item: dict[str, Any], operation: dict[str, Any]
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """The path's and the operation's own, by place and name."""
        found = {}
        for holder in (item, operation):
            for each in sequence(holder.get("parameters"), "parameters"):
                parameter = mapping(self._references.resolve(each), "parameters")
                place, name = text(parameter.get("in"), "in"), text(parameter.get("name"), "name")
                found[place or "", name or ""] = parameter
        return found

    def _content(self, path: str, method: Wire, what: str, holder: dict[str, Any]) -> dict[str, str]:
        """Models by content type, of OpenAPI 3's `content`."""
        found = {}
        for content_type, media in mapping(holder.get("content"), "content").items():
            if schema := mapping(media, content_type).get("schema"):
                found[content_type] = self._model(path, method, what, schema)
        return found

    def _types(self, member: str, operation: dict[str, Any]) -> list[str]:
        """`consumes` or `produces` of Swagger 2."""
        found = names(operation.get(member), member) or names(self._document.get(member), member)
        return found or ["application/json"]

    def _model(self, path: str, method: Wire, what: str, schema: Any) -> str:
        """The model of a schema; one that is written in place is given a name."""
        if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            name = model_name(schema["$ref"])
            if name is not None and name in self._found.models:
                return name
            schema = self._references.resolve(schema)
        name = plain_name(f"{method['httpMethod'].title()}{path.title()}{what}") or "Model"
        self._found.models[name] = {
            "name": name,
            "schema": orjson.dumps(to_model(schema or {}, self._api_id), option=orjson.OPT_INDENT_2).decode(),
            "contentType": "application/json",
        }
        return name

    def _response(self, path: str, method: Wire, code: str, response: Any, operation: dict[str, Any]) -> Wire:
        response = mapping(response, f"responses.{code}")
        models = {}
        if response.get("schema"):
            for content_type in self._types("produces", operation):
                models[content_type] = self._model(path, method, f"Response{code}", response["schema"])
        models |= self._content(path, method, f"Response{code}", response)
        headers = {
            f"method.response.header.{name}": False for name in mapping(response.get("headers"), "headers")
        }
        for name in headers:
            check_method_response_parameter(name)
        return shape(statusCode=code, responseParameters=headers or None, responseModels=models or None)

    # --- integration

    def _integration(self, path: str, method: Wire, given: dict[str, Any]) -> Wire:
        def member(of: str) -> str | None:
            return text(given.get(of), f"{INTEGRATION}.{of}") or None

        http_method, timeout = member("httpMethod"), number(given.get("timeoutInMillis"), "timeoutInMillis")
        tls = mapping(given.get("tlsConfig"), "tlsConfig")
        integration = shape(
            type=(member("type") or "").upper(),
            httpMethod=http_method.upper() if http_method else None,
            uri=member("uri"),
            connectionType=member("connectionType"),
            connectionId=member("connectionId"),
            credentials=member("credentials"),
            requestParameters=texts(given.get("requestParameters"), "requestParameters"),
            requestTemplates=texts(given.get("requestTemplates"), "requestTemplates"),
            passthroughBehavior=(member("passthroughBehavior") or "when_no_match").upper(),
            contentHandling=_content_handling(given),
            timeoutInMillis=INTEGRATION_TIMEOUT_MS_MAX if timeout is None else timeout,
            cacheNamespace=member("cacheNamespace"),
            cacheKeyParameters=names(given.get("cacheKeyParameters"), "cacheKeyParameters") or [],
            tlsConfig={
                "insecureSkipVerification": bool(
                    flag(tls.get("insecureSkipVerification"), "insecureSkipVerification")
                )
            }
            if tls
            else None,
            responseTransferMode=member("responseTransferMode"),
        )
        responses = {
            response["statusCode"]: response
            for response in (
                _integration_response(pattern, mapping(each, f"{INTEGRATION}.responses"))
                for pattern, each in mapping(given.get("responses"), f"{INTEGRATION}.responses").items()
            )
        }
        if responses:
            integration["integrationResponses"] = responses
        self._check(path, method, integration)
        return integration

    def _check(self, path: str, method: Wire, integration: Wire) -> None:
        where = f"'{method['httpMethod']}' for resource at path '{path}'"
        if integration["type"] not in ("HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"):
            raise bad_request(
                f"Errors found during import:\n\tUnable to put integration on {where}: Invalid integration type specified"
            )
        try:
            check_integration(integration, method, path)
            check_cache_keys(integration, method)
            for response in integration.get("integrationResponses", {}).values():
                check_response(response, method)
        except AwsError as error:
            raise bad_request(
                f"Errors found during import:\n\tUnable to put integration on {where}: {error.message}"
            ) from None


def _content_handling(given: dict[str, Any]) -> str | None:
    value = text(given.get("contentHandling"), "contentHandling") or None
    check_content_handling(value)
    return value


def _integration_response(pattern: str, given: dict[str, Any]) -> Wire:
    status = text(given.get("statusCode"), "statusCode") or ""
    if not re.fullmatch(r"[1-5]\d\d", status):
        raise bad_request(
            f"Invalid OpenAPI input. {INTEGRATION} has a response without a status code: {pattern}"
        )
    return shape(
        statusCode=status,
        selectionPattern=None if pattern == "default" else pattern,
        responseParameters=texts(given.get("responseParameters"), "responseParameters"),
        responseTemplates=texts(given.get("responseTemplates"), "responseTemplates"),
        contentHandling=_content_handling(given),
    )
