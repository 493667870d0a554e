"""Request validators: required parameters, and bodies against models."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.gateway.json_schema import SchemaError, Validator, compile_schema
from fogbank.gateway.parameters import media_type
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, misconfigured
from fogbank.services.apigateway.execution.mapping import Source, compile_source
from fogbank.services.apigateway.execution.methods import Step


class Models:
    """The models of one deployment, compiled when a request first needs them."""

    def __init__(self, models: list[dict[str, Any]]) -> None:
        self._schemas = {model["name"]: model.get("schema") or "{}" for model in models}
        self._compiled: dict[str, Validator] = {}

    def get(self, name: str) -> Validator:
        """Raises Fault when the API's model is no schema."""
        found = self._compiled.get(name)
        if found is None:
            try:
                schema = self._load(name)
                if schema is None:
                    raise SchemaError(f"there is no model {name}")
                found = self._compiled[name] = compile_schema(schema, self._resolve)
            except SchemaError as error:
                raise misconfigured(f"Unable to validate request body: {error}") from None
        return found

    def _resolve(self, reference: str) -> Any:
        """`https://apigateway.amazonaws.com/restapis/ID/models/NAME`."""
        _, found, name = reference.partition("/models/")
        return self._load(name) if found else None

    def _load(self, name: str) -> Any:
        text = self._schemas.get(name)
        if text is None:
            return None
        try:
            return orjson.loads(text) if isinstance(text, str) else text
        except orjson.JSONDecodeError:
            raise SchemaError(f"the schema of model {name} is no JSON") from None


def validation_steps(method: dict[str, Any], validators: list[dict[str, Any]], models: Models) -> list[Step]:
    """The checks that a method's validator asks for."""
    validator = next((each for each in validators if each["id"] == method.get("requestValidatorId")), None)
    steps: list[Step] = []
    if validator is None:
        return steps
    required = sorted(name for name, needed in (method.get("requestParameters") or {}).items() if needed)
    if validator.get("validateRequestParameters") and required:
        steps.append(_parameters([(name, compile_source(name)) for name in required]))
    wanted = {kind.lower(): model for kind, model in (method.get("requestModels") or {}).items()}
    if validator.get("validateRequestBody") and wanted:
        steps.append(_body(wanted, models))
    return steps


def _parameters(required: list[tuple[str, Source]]) -> Step:
    names = [(full.split(".", 3)[3], source) for full, source in required if full.count(".") >= 3]

    def check(x: Exchange) -> None:
        missing = [name for name, source in names if not (values := source(x)) or not values[-1]]
        if missing:
            raise Fault(
                "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]"
            )

    return check


def _body(wanted: dict[str, str], models: Models) -> Step:
    def check(x: Exchange) -> None:
        kind = media_type(x.request.headers.get("content-type")) or "application/json"
        name = wanted.get(kind) or wanted.get("$default")
        if name is None:
            return
        body = x.request.body or b"{}"  # an empty body is checked as an empty object: ours
        try:
            problems = models.get(name).problems(orjson.loads(body))
        except orjson.JSONDecodeError:
            problems = ["request body is not valid JSON"]
        if problems:
            listed = "[" + ", ".join(problems) + "]"
            raise Fault(
                "BAD_REQUEST_BODY",
                validation=listed,
                detail=f"Request body does not match model schema for content type {kind}: {listed}",
            )

    return check
