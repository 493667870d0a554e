"""Models of WebSocket APIs: JSON Schemas that messages are checked by."""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.gateway.json_schema import SchemaError, compile_schema
from fogbank.gateway.model_templates import template_of
from fogbank.gateway.records import Wire, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.limits import MODELS_PER_API_MAX, ROUTES_PER_API_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict
from fogbank.services.apigatewayv2.state import ApiGatewayV2

NAME = re.compile(r"[A-Za-z0-9]+")


def check_model(edit: Edit, model: Wire) -> None:
    if edit.is_http:
        raise bad_request("Models are only supported for WebSocket APIs")  # ours
    if not NAME.fullmatch(model["Name"]):
        raise bad_request("Model name must be alphanumeric: " + model["Name"])
    if model.get("ContentType", "application/json") != "application/json":
        raise bad_request(
            "The only contentType of models is application/json: a message has no other"
        )  # ours
    try:
        compile_schema(orjson.loads(model["Schema"]))
    except (orjson.JSONDecodeError, SchemaError) as error:
        raise bad_request(
            f"Invalid model specified: Validation Result: warnings : [], errors : [{error}]"
        ) from None


@SERVICE.operation
@retried
async def create_model(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    name: str,
    schema: str,
    content_type: str | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id")
    edit = await edit_of(ctx, api_id)
    await edit.room("model", MODELS_PER_API_MAX, "Models")
    model = await new_model(edit, asked)
    await edit.commit()
    return model


async def new_model(edit: Edit, asked: Wire) -> Wire:
    model = merged({"ModelId": new_id(edit.ctx, 6), "ContentType": "application/json"}, asked)
    check_model(edit, model)
    await _claim(edit, model)
    edit.put(model, "model", model["ModelId"])
    return model


async def _claim(edit: Edit, model: Wire) -> None:
    if await edit.has("model-name", model["Name"]):
        raise conflict("Model name already exists for this REST API")
    edit.put({"ModelId": model["ModelId"]}, "model-name", model["Name"])


@SERVICE.operation
async def get_model(ctx: Call[ApiGatewayV2], *, api_id: str, model_id: str) -> dict[str, Any]:
    return (await part_of(ctx, api_id, "model", model_id)).wire


@SERVICE.operation
async def get_models(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.part(api_id, "model"), max_results, next_token)


@SERVICE.operation
async def get_model_template(ctx: Call[ApiGatewayV2], *, api_id: str, model_id: str) -> dict[str, Any]:
    model = (await part_of(ctx, api_id, "model", model_id)).wire
    schema = orjson.loads(model["Schema"])
    return {"Value": template_of(schema if isinstance(schema, dict) else {})}


@SERVICE.operation
@retried
async def update_model(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    model_id: str,
    content_type: str | None = None,
    description: str | None = None,
    name: str | None = None,
    schema: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "model_id")
    edit = await edit_of(ctx, api_id)
    old = await edit.part("model", model_id)
    model = merged(old, asked)
    check_model(edit, model)
    if model["Name"] != old["Name"]:
        await _check_unused(edit, old["Name"])
        await _claim(edit, model)
        edit.drop("model-name", old["Name"])
    edit.put(model, "model", model_id)
    await edit.commit()
    return model


@SERVICE.operation
@retried
async def delete_model(ctx: Call[ApiGatewayV2], *, api_id: str, model_id: str) -> None:
    edit = await edit_of(ctx, api_id)
    model = await edit.part("model", model_id)
    await _check_unused(edit, model["Name"])
    edit.drop("model", model_id)
    edit.drop("model-name", model["Name"])
    await edit.commit()


async def _check_unused(edit: Edit, name: str) -> None:
    for route in await scan(edit.ctx.state.store, keys.part(edit.api_id, "route"), limit=ROUTES_PER_API_MAX):
        if name in (route.wire.get("RequestModels") or {}).values():
            raise conflict(
                f"Cannot delete model '{name}', is referenced in route '{route.wire['RouteKey']}'"
            )  # ours
