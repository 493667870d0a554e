"""Operations of a definition into Methods: parameters, bodies, responses, the integration extension. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.services.apigateway.integration_rules import check_integration
from fogbank.services.apigateway.limits import INTEGRATION_TIMEOUT_MS_MAX
from fogbank.services.apigateway.openapi.definition import Definition
from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.openapi.schemas import model_name, plain_name, to_model
from fogbank.services.apigateway.openapi.security import Schemes
from fogbank.services.apigateway.records import Wire, shape
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
        if not isinstance(operation, dict):
            raise bad_request(f"Invalid OpenAPI input. {http_method} of {path} is not an object")
        method: Wire = {"httpMethod": http_method}
        self._schemes.apply(operation, method)
        if operation.get("operationId"):
            method["operationName"] = str(operation["operationId"])
        validator = operation.get(VALIDATOR, self._document.get(VALIDATOR))
        if validator is not None:
            if validator not in self._found.validators:
                raise bad_request(
                    f"Errors found during import:\n\tInvalid request validator specified: {validator}"
                )
            method["requestValidatorId"] = validator
        self._read_parameters(path, method, item, operation)
        responses = {
            str(code): self._response(path, method, str(code), self._references.resolve(response), operation)
            for code, response in (operation.get("responses") or {}).items()
            if str(code).isdigit()
        }
        if responses:
            method["methodResponses"] = responses
        extension = self._references.resolve(operation.get(INTEGRATION))
        if isinstance(extension, dict):
            method["methodIntegration"] = self._integration(path, method, extension)
        return method

    # --- parameters and bodies

    def _read_parameters(
        self, path: str, method: Wire, item: dict[str, Any], operation: dict[str, Any]
    ) -> None:
        parameters: dict[tuple[str, str], dict[str, Any]] = {}
        for each in (*(item.get("parameters") or ()), *(operation.get("parameters") or ())):
            each = self._references.resolve(each)
            parameters[str(each.get("in")), str(each.get("name"))] = each
        request: dict[str, bool] = {}
        models: dict[str, str] = {}
        for (place, name), parameter in parameters.items():
            if place in PLACES:
                request[f"method.request.{PLACES[place]}.{name}"] = place == "path" or bool(
                    parameter.get("required")
                )
            elif place == "body":
                for content_type in self._types("consumes", operation):
                    models[content_type] = self._model(path, method, "Request", parameter.get("schema"))
            else:
                self._found.warnings.append(f"Parameter {name} in {place} is not supported and is ignored")
        body = self._references.resolve(operation.get("requestBody") or {})
        for content_type, media in (body.get("content") or {}).items():
            if media.get("schema"):
                models[content_type] = self._model(path, method, "Request", media["schema"])
        if request:
            method["requestParameters"] = request
        if models:
            method["requestModels"] = models

    def _types(self, member: str, operation: dict[str, Any]) -> list[str]:
        """`consumes` or `produces` of Swagger 2."""
        found: list[str] = operation.get(member) or self._document.get(member) or ["application/json"]
        return found

    def _model(self, path: str, method: Wire, what: str, schema: Any) -> str:
        """The model of a schema; one that is written in place is given a name."""
        if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            name = model_name(schema["$ref"])
            if name is not None and name in self._found.models:
                return name
            self._references.resolve(schema)  # says what is wrong with it
        name = plain_name(f"{method['httpMethod'].title()}{path.title()}{what}") or "Model"
        self._found.models[name] = {
            "name": name,
            "schema": orjson.dumps(to_model(schema or {}, self._api_id), option=orjson.OPT_INDENT_2).decode(),
            "contentType": "application/json",
        }
        return name

    def _response(self, path: str, method: Wire, code: str, response: Any, operation: dict[str, Any]) -> Wire:
        response = response if isinstance(response, dict) else {}
        models = {}
        if response.get("schema"):
            for content_type in self._types("produces", operation):
                models[content_type] = self._model(path, method, f"Response{code}", response["schema"])
        for content_type, media in (response.get("content") or {}).items():
            if media.get("schema"):
                models[content_type] = self._model(path, method, f"Response{code}", media["schema"])
        headers = {f"method.response.header.{name}": False for name in response.get("headers") or ()}
        return shape(statusCode=code, responseParameters=headers or None, responseModels=models or None)

    # --- integration

    def _integration(self, path: str, method: Wire, given: dict[str, Any]) -> Wire:
        integration = shape(
            type=str(given.get("type", "")).upper(),
            httpMethod=str(given["httpMethod"]).upper() if given.get("httpMethod") else None,
            uri=given.get("uri"),
            connectionType=given.get("connectionType"),
            connectionId=given.get("connectionId"),
            credentials=given.get("credentials"),
            requestParameters=given.get("requestParameters") or None,
            requestTemplates=given.get("requestTemplates") or None,
            passthroughBehavior=str(given.get("passthroughBehavior") or "when_no_match").upper(),
            contentHandling=given.get("contentHandling"),
            timeoutInMillis=int(given.get("timeoutInMillis") or INTEGRATION_TIMEOUT_MS_MAX),
            cacheNamespace=given.get("cacheNamespace"),
            cacheKeyParameters=given.get("cacheKeyParameters") or [],
            tlsConfig=given.get("tlsConfig") or None,
            responseTransferMode=given.get("responseTransferMode"),
        )
        responses = {
            str(response["statusCode"]): _integration_response(pattern, response)
            for pattern, response in (given.get("responses") or {}).items()
            if isinstance(response, dict) and response.get("statusCode")
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
        except AwsError as error:
            raise bad_request(
                f"Errors found during import:\n\tUnable to put integration on {where}: {error.message}"
            ) from None


def _integration_response(pattern: str, given: dict[str, Any]) -> Wire:
    return shape(
        statusCode=str(given["statusCode"]),
        selectionPattern=None if pattern == "default" else pattern,
        responseParameters=given.get("responseParameters") or None,
        responseTemplates=given.get("responseTemplates") or None,
        contentHandling=given.get("contentHandling"),
    )
