"""ImportApi, ReimportApi and ExportApi: HTTP APIs as OpenAPI 3."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from fogbank.gateway.passed_roles import check_roles
from fogbank.gateway.records import Wire, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.apis import check_api, check_room, new_api, rendered
from fogbank.services.apigatewayv2.deploying import FROZEN, draft_snapshot, load_snapshot
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of
from fogbank.services.apigatewayv2.openapi.exporting import document_of
from fogbank.services.apigatewayv2.openapi.importing import Import, api_members, tags_of
from fogbank.services.apigatewayv2.openapi.reading import read_definition
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.rules import check_tags
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, not_found, too_many
from fogbank.services.apigatewayv2.stages import stage_of
from fogbank.services.apigatewayv2.state import ApiGatewayV2


@SERVICE.operation
@retried
async def import_api(
    ctx: Call[ApiGatewayV2], *, body: str, basepath: str | None = None, fail_on_warnings: bool | None = None
) -> dict[str, Any]:
    document = read_definition(body)
    await check_roles(ctx, document)
    members = api_members(document)
    check_api(members)
    tags = tags_of(document)
    check_tags(tags)
    await check_room(ctx)
    edit = new_api(ctx, members, tags)
    return await _fill(edit, document, basepath, fail_on_warnings)


async def _fill(edit: Edit, document: Wire, basepath: str | None, fail: bool | None) -> Wire:
    importing = Import(edit, document, basepath or "ignore")
    await importing.run()
    for noun in ("route", "integration", "authorizer"):
        if sum(at[0] == noun and wire is not None for at, wire in edit.changes.items()) > FROZEN[noun]:
            raise too_many(f"{noun}s", FROZEN[noun])
    if fail and importing.warnings:
        raise bad_request("Warnings found during import:\n\t" + "\n\t".join(importing.warnings))
    if importing.warnings:
        edit.api["Warnings"] = importing.warnings
    edit.put_api()
    await edit.commit()
    return rendered(edit.api)


@SERVICE.operation
@retried
async def reimport_api(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    body: str,
    basepath: str | None = None,
    fail_on_warnings: bool | None = None,
) -> dict[str, Any]:
    """The definition takes the place of all routes, integrations and authorizers."""
    document = read_definition(body)
    await check_roles(ctx, document)
    members = api_members(document)
    edit = await edit_of(ctx, api_id)
    if not edit.is_http:
        raise bad_request("Only HTTP APIs can be imported")  # ours
    check_api(members)
    for noun in FROZEN:
        for part in await scan(ctx.state.store, keys.part(api_id, noun), limit=FROZEN[noun]):
            edit.drop(noun, *part.key[len(keys.part(api_id, noun)) :])
            if noun == "route":
                edit.drop("route-key", part.wire["RouteKey"])
    kept = {
        name: value
        for name, value in edit.api.items()
        if name
        not in ("CorsConfiguration", "Version", "Description", "Warnings", "DisableExecuteApiEndpoint")
    }
    edit.api = kept | {"DisableExecuteApiEndpoint": False} | members
    return await _fill(edit, document, basepath, fail_on_warnings)


@SERVICE.operation
async def export_api(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    specification: str,
    output_type: str,
    export_version: str | None = None,
    include_extensions: bool | None = None,
    stage_name: str | None = None,
) -> dict[str, Any]:
    """What a stage serves, or the API as it is now."""
    api = (await api_of(ctx, api_id)).wire
    if api["ProtocolType"] != "HTTP":
        raise bad_request("Only HTTP APIs can be exported")  # ours
    if specification != "OAS30":
        raise bad_request(f"Invalid specification specified: {specification}. Must be OAS30")  # ours
    if output_type not in ("JSON", "YAML"):
        raise bad_request(f"Invalid outputType specified: {output_type}. Must be JSON or YAML")  # ours
    if export_version not in (None, "1.0"):
        raise bad_request(f"Invalid exportVersion specified: {export_version}. Must be 1.0")  # ours
    snapshot: Wire | None
    if stage_name:
        stage = await stage_of(ctx, api_id, stage_name)
        snapshot = await load_snapshot(ctx.state.store, api_id, stage.get("DeploymentId") or "")
        if snapshot is None:
            raise not_found("The stage was never deployed")  # ours
    else:
        snapshot = await draft_snapshot(ctx.state.store, api)
    document = document_of(snapshot, stage_name, extensions=include_extensions is not False)
    if output_type == "JSON":
        return {"body": orjson.dumps(document, option=orjson.OPT_INDENT_2)}
    return {"body": yaml.safe_dump(document, sort_keys=False).encode()}
