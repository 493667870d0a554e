"""ImportRestApi, PutRestApi, ImportDocumentationParts and ImportApiKeys."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

from fogbank.gateway.passed_roles import check_roles
from fogbank.gateway.records import Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.api_keys import check_value, make_key
from fogbank.services.apigateway.drafts import api_of, change, new_id, stamp
from fogbank.services.apigateway.endpoints import endpoint_of
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.openapi.definition import Definition
from fogbank.services.apigateway.openapi.importing import definition_of, documentation_parts
from fogbank.services.apigateway.openapi.merging import Merging, write_documentation
from fogbank.services.apigateway.openapi.reading import read_definition
from fogbank.services.apigateway.patching import parsed, to_boolean
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.rest_apis import (
    check_apis_room,
    check_compression,
    check_name,
    new_api,
    rendered,
)
from fogbank.services.apigateway.service import SERVICE, bad_request
from fogbank.services.apigateway.snapshot import draft_snapshot
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.usage_plans import NO_PLAN
from fogbank.store.api import Transaction

CSV_KEYS_MAX = 1000  # ours
INLINE_BYTES_MAX = 16 * 1024  # a definition of this size takes some milliseconds


async def _definition(
    ctx: Call[ApiGateway], body: bytes, api_id: str, parameters: dict[str, str] | None, fail_on_warnings: bool
) -> Definition:
    """What the body says. A large one is read beside the event loop, which others need meanwhile."""

    def read_it() -> tuple[dict[str, Any], Definition]:
        document = read_definition(body)
        return document, definition_of(document, api_id, parameters or {})

    is_small = len(body or b"") <= INLINE_BYTES_MAX
    document, found = read_it() if is_small else await asyncio.to_thread(read_it)
    await check_roles(ctx, document)
    _check_warnings(found, fail_on_warnings)
    return found


def _check_warnings(found: Definition, fail: bool) -> None:
    if fail and found.warnings:
        raise bad_request("Warnings found during import:\n\t" + "\n\t".join(found.warnings))


async def _write(
    ctx: Call[ApiGateway], tx: Transaction, before: Wire, found: Definition, *, overwrite: bool
) -> Wire:
    """Add everything of a definition to `tx`; the API as it will be."""
    merging = Merging(ctx, before, found, overwrite=overwrite)
    merging.write(tx)
    check_name(merging.api["name"])
    check_compression(merging.api.get("minimumCompressionSize"))
    api_id = merging.api["id"]
    if found.documentation:
        await write_documentation(ctx, tx, api_id, found.documentation, overwrite=overwrite)
    if found.documentation_version is not None:
        key = keys.part(api_id, "docversion", found.documentation_version)
        version = {
            "version": found.documentation_version,
            "createdDate": stamp(ctx),
            "parts": found.documentation,
        }
        if await read(ctx.state.store, key) is None:
            tx.put(key, pack(version))
    return merging.api


@SERVICE.operation
@retried
async def import_rest_api(
    ctx: Call[ApiGateway],
    *,
    body: bytes,
    fail_on_warnings: bool = False,
    parameters: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A new API of an OpenAPI definition. It has no models but the definition's."""
    await check_apis_room(ctx)
    api_id = new_id(ctx, 10)
    found = await _definition(ctx, body, api_id, parameters, fail_on_warnings)
    api = {
        "id": api_id,
        "createdDate": stamp(ctx),
        "apiKeySource": "HEADER",
        "endpointConfiguration": endpoint_of(None),
        "disableExecuteApiEndpoint": False,
        "rootResourceId": new_id(ctx, 10),
    }
    root = {"id": api["rootResourceId"], "path": "/"}
    before: Wire = {
        "api": api,
        "resources": [root],
        "models": [],
        "requestValidators": [],
        "authorizers": [],
        "gatewayResponses": {},
    }
    rest = Transaction()
    api = await _write(ctx, rest, before, found, overwrite=False)
    tx = new_api(ctx, api)
    tx.operations += rest.operations
    await ctx.state.store.commit(tx)
    return _answer(api, found, tags=False)


def _answer(api: Wire, found: Definition, *, tags: bool) -> Wire:
    answer = rendered(api, tags=tags)
    return answer | {"warnings": found.warnings} if found.warnings else answer


@SERVICE.operation
@retried
async def put_rest_api(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    body: bytes,
    mode: str | None = None,
    fail_on_warnings: bool = False,
    parameters: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A definition onto an API that is there: merged into it, or in the place of all that it has."""
    store = ctx.state.store
    await api_of(ctx, rest_api_id)
    found = await _definition(ctx, body, rest_api_id, parameters, fail_on_warnings)
    held = await api_of(ctx, rest_api_id)
    revision = await store.get(keys.revision(rest_api_id))
    before = await draft_snapshot(store, place_of(ctx), rest_api_id)
    if revision is None or before is None:
        raise bad_request("Invalid API identifier specified")  # deleted meanwhile
    tx = Transaction().check(keys.revision(rest_api_id), revision.version)
    api = await _write(ctx, tx, before, found, overwrite=mode == "overwrite")
    tx.put(held.key, pack(api), expect=held.version).put(keys.revision(rest_api_id), b"{}")
    await store.commit(tx)
    return _answer(api, found, tags=True)


@SERVICE.operation
@retried
async def import_documentation_parts(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    body: bytes,
    mode: str | None = None,
    fail_on_warnings: bool = False,
) -> dict[str, Any]:
    """The documentation parts of a definition's extension. Nothing of it can be a warning."""
    api = await api_of(ctx, rest_api_id)
    document = read_definition(body)
    section = document.get("x-amazon-apigateway-documentation")
    section = document if section is None and "documentationParts" in document else section
    if not isinstance(section, dict):
        raise bad_request(
            "Failed to import documentation parts: x-amazon-apigateway-documentation is missing"
        )
    tx = change(api)
    ids = await write_documentation(
        ctx, tx, rest_api_id, documentation_parts(section), overwrite=mode == "overwrite"
    )
    await ctx.state.store.commit(tx)
    return {"ids": ids, "warnings": []}


@SERVICE.operation
async def import_api_keys(
    ctx: Call[ApiGateway], *, body: bytes, format: str, fail_on_warnings: bool = False
) -> dict[str, Any]:
    """Keys of a CSV file: columns `name`, `key`, and optionally description, enabled, usageplanIds, customerId.

    Rows are taken one after another: those before a row that fails stay."""
    rows = _rows(body)
    ids: list[str] = []
    warnings: list[str] = []
    for number, row in enumerate(rows, 1):
        plans = [each.strip() for each in (row.get("usageplanids") or "").split(",") if each.strip()]
        for plan_id in plans:
            if await read(ctx.state.store, keys.owned(place_of(ctx), "plan", plan_id)) is None:
                warnings.append(f"Row {number}: {NO_PLAN}: {plan_id}")
        if warnings and fail_on_warnings:
            raise bad_request("Warnings found during import:\n\t" + "\n\t".join(warnings))
        key_id = await _import_key(ctx, row)
        ids.append(key_id)
        for plan_id in plans:
            if await read(ctx.state.store, keys.owned(place_of(ctx), "plan", plan_id)) is not None:
                params = {"usagePlanId": plan_id, "keyId": key_id, "keyType": "API_KEY"}
                await ctx.calls.call("apigateway", "CreateUsagePlanKey", params, ctx.caller)
    return {"ids": ids, "warnings": warnings}


@retried
async def _import_key(ctx: Call[ApiGateway], row: dict[str, str]) -> str:
    enabled = parsed([{"op": "replace", "path": "/enabled", "value": row.get("enabled") or "true"}])[0]
    key = await make_key(
        ctx,
        shape(
            id=new_id(ctx, 10),
            value=row["key"],
            name=row["name"],
            customerId=row.get("customerid") or None,
            description=row.get("description") or None,
            enabled=to_boolean(enabled),
        ),
    )
    key_id: str = key["id"]
    return key_id


def _rows(body: bytes) -> list[dict[str, str]]:
    """The rows by lower-case column. Raises BadRequestException."""
    try:
        table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise bad_request("Invalid CSV file") from None
    table = [row for row in table if any(cell.strip() for cell in row)]
    header = [cell.strip().lower() for cell in table[0]] if table else []
    if "key" not in header or "name" not in header:
        raise bad_request("Invalid CSV header: the columns 'name' and 'key' are required")
    if len(table) > CSV_KEYS_MAX:
        raise bad_request(f"At most {CSV_KEYS_MAX} keys can be imported at once")
    rows = [dict(zip(header, (cell.strip() for cell in row), strict=False)) for row in table[1:]]
    for row in rows:
        check_value(row.get("key", ""))
        if not row.get("name"):
            raise bad_request("API Key name must not be empty")
    return rows
