"""GetExport: what a stage serves, as OpenAPI 3.0 or Swagger 2.0, in JSON or YAML."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
import yaml

from fogbank.core.arn import url_suffix_of
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.openapi.exporting import EXTENSIONS, Export, document_of
from fogbank.services.apigateway.service import SERVICE, bad_request, not_found
from fogbank.services.apigateway.snapshot import load_snapshot
from fogbank.services.apigateway.stages import stage_of
from fogbank.services.apigateway.state import ApiGateway

try:
    from yaml import CSafeDumper as SafeDumper
except ImportError:
    from yaml import SafeDumper  # type: ignore[assignment]

TYPES = ("oas30", "swagger")
JSON, YAML = "application/json", "application/yaml"


@SERVICE.operation
async def get_export(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    stage_name: str,
    export_type: str,
    parameters: dict[str, str] | None = None,
    accepts: str | None = None,
) -> dict[str, Any]:
    """`parameters`: `extensions`, a list with commas of integrations, authorizers, documentation, validators,
    gatewayresponses; `apigateway` is all of them."""
    if export_type not in TYPES:
        raise bad_request(
            f"Invalid export type specified: {export_type}. Must be one of: [{', '.join(TYPES)}]"
        )
    accepts = accepts or JSON
    if accepts in ("*/*", ""):
        accepts = JSON
    if accepts not in (JSON, YAML):
        raise bad_request(f"Invalid accept type specified: {accepts}. Must be one of: [{JSON}, {YAML}]")
    extensions = extensions_of(parameters or {})
    api, stage = await stage_of(ctx, rest_api_id, stage_name)
    store, place = ctx.state.store, place_of(ctx)
    snapshot = await load_snapshot(store, rest_api_id, stage.wire["deploymentId"])
    if snapshot is None:
        raise not_found("Invalid Deployment identifier specified")
    suffix = url_suffix_of(place.partition)
    time = _date(ctx.state.clock.now_ms())
    export = Export(
        oas30=export_type == "oas30",
        snapshot=snapshot | {"api": api.wire | snapshot["api"]},
        stage_name=stage_name,
        host=f"{rest_api_id}.execute-api.{place.region}.{suffix}",
        version=_date(api.wire["createdDate"]),
        extensions=extensions,
        documentation=await _documentation(ctx, rest_api_id, stage.wire),
    )
    body = await asyncio.to_thread(lambda: written(document_of(export), accepts))
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{export_type}_{time}.{"json" if accepts == JSON else "yaml"}"',
        "body": body,
    }


def _date(when_ms: int) -> str:
    return datetime.fromtimestamp(when_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def written(document: dict[str, Any], accepts: str) -> bytes:
    if accepts == JSON:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)
    text: str = yaml.dump(
        document, Dumper=SafeDumper, sort_keys=False, allow_unicode=True, explicit_start=True
    )
    return text.encode()


def extensions_of(parameters: dict[str, str]) -> frozenset[str]:
    """Raises BadRequestException for what there is not, NotSupported for Postman's."""
    for name in parameters:
        if name != "extensions":
            raise bad_request(f"Invalid parameter specified for export: {name}")
    asked = {each.strip() for each in parameters.get("extensions", "").split(",") if each.strip()}
    if "postman" in asked:
        raise NotSupported("apigateway exports with Postman extensions")
    if "apigateway" in asked:
        asked = (asked - {"apigateway"}) | EXTENSIONS
    if unknown := asked - EXTENSIONS:
        raise bad_request(f"Invalid extension specified for export: {', '.join(sorted(unknown))}")
    return frozenset(asked)


async def _documentation(ctx: Call[ApiGateway], api_id: str, stage: Wire) -> tuple[str | None, list[Wire]]:
    """The version that documents the stage, and its parts."""
    name = stage.get("documentationVersion")
    if name is None:
        return None, []
    version = await read(ctx.state.store, keys.part(api_id, "docversion", name))
    return name, version.wire["parts"] if version is not None else []
