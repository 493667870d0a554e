"""Function URLs: their configurations. What answers at a URL is in `function_url_serving.py`.

A URL belongs to a function (`$LATEST`) or to an alias, and outlives the alias: it is refused then, until one of that name is
there again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.clock import iso8601
from fogbank.model.call import Call, Caller
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.access import check_access
from fogbank.services.lambda_.errors import conflict, not_found
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.services.lambda_.pages import decode_marker, encode_marker, page_size
from fogbank.services.lambda_.records import FunctionUrl, UrlOwner, decode_url, encode
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.services.lambda_.tables import find_alias, retried
from fogbank.store.api import ABSENT, Key, Record, Transaction

URL_ID_CHARS = 32
_LISTING = "function-urls"
_NO_FUNCTION = "Function does not exist"
_NO_URL = "The resource you requested does not exist."
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "0.0.0.0")


@SERVICE.operation
async def create_function_url_config(
    ctx: Call[Lambda],
    *,
    function_name: str,
    auth_type: str,
    qualifier: str | None = None,
    cors: dict[str, Any] | None = None,
    invoke_mode: str | None = None,
) -> dict[str, Any]:
    """Give a function or an alias a URL."""
    state = ctx.state
    name = await _name(ctx, function_name, qualifier, "CreateFunctionUrlConfig")
    now_ms = state.clock.now_ms()
    scheme, host = address_of(ctx.caller, state.settings.public_url)
    url = FunctionUrl(
        state.ids.alnum(URL_ID_CHARS), auth_type, now_ms, now_ms, invoke_mode, cors, host, scheme
    )

    async def attempt() -> None:
        stored = await _check_there(ctx, name)
        if await state.store.get(keys.url(name)) is not None:
            raise conflict(
                f"Failed to create function url config for [functionArn = {name.qualified_arn}]. Error message:  "
                "FunctionUrlConfig exists for this Lambda function"
            )
        transaction = Transaction().check(keys.function(name), stored)
        transaction.put(keys.url(name), encode(url), expect=ABSENT)
        owner = UrlOwner(name.account, name.region, name.name, name.qualifier or "")
        transaction.put(keys.url_owner(url.url_id), encode(owner), expect=ABSENT)
        await state.store.commit(transaction)

    await retried(attempt)
    shown = _shown(name, url)
    del shown["LastModifiedTime"]
    return shown


@SERVICE.operation
async def get_function_url_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """One URL."""
    name = await _name(ctx, function_name, qualifier, "GetFunctionUrlConfig")
    return _shown(name, decode_url((await _stored(ctx, name)).value))


@SERVICE.operation
async def update_function_url_config(
    ctx: Call[Lambda],
    *,
    function_name: str,
    qualifier: str | None = None,
    auth_type: str | None = None,
    cors: dict[str, Any] | None = None,
    invoke_mode: str | None = None,
) -> dict[str, Any]:
    """Change what is given; Cors as a whole."""
    name = await _name(ctx, function_name, qualifier, "UpdateFunctionUrlConfig")

    async def attempt() -> FunctionUrl:
        await _check_there(ctx, name)
        record = await _stored(ctx, name)
        before = decode_url(record.value)
        after = replace(
            before,
            modified_ms=ctx.state.clock.now_ms(),
            auth_type=auth_type or before.auth_type,
            cors=before.cors if cors is None else cors,
            invoke_mode=invoke_mode or before.invoke_mode,
        )
        transaction = Transaction().put(keys.url(name), encode(after), expect=record.version)
        await ctx.state.store.commit(transaction)
        return after

    return _shown(name, await retried(attempt))


@SERVICE.operation
async def delete_function_url_config(
    ctx: Call[Lambda], *, function_name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """Take a URL away; its id is never given out again."""
    name = await _name(ctx, function_name, qualifier, "DeleteFunctionUrlConfig")

    async def attempt() -> None:
        record = await _stored(ctx, name)
        transaction = Transaction().delete(keys.url(name), expect=record.version)
        transaction.delete(keys.url_owner(decode_url(record.value).url_id))
        await ctx.state.store.commit(transaction)

    await retried(attempt)
    return {}


@SERVICE.operation
async def list_function_url_configs(
    ctx: Call[Lambda], *, function_name: str, marker: str | None = None, max_items: int | None = None
) -> dict[str, Any]:
    """The URLs of a function and its aliases."""
    name = await _name(ctx, function_name, None, "ListFunctionUrlConfigs")
    name = name.with_qualifier(None)
    await _check_there(ctx, name)
    limit = page_size(max_items)
    position = decode_marker(_LISTING, marker)
    after: Key | None = None if position is None else (*keys.urls(name), position)
    records = await ctx.state.store.scan(keys.urls(name), after=after, limit=limit + 1)
    shown = [
        _shown(name.with_qualifier(str(record.key[-1]) or None), decode_url(record.value))
        for record in records[:limit]
    ]
    answer: dict[str, Any] = {"FunctionUrlConfigs": shown}
    if len(records) > limit:
        answer["NextMarker"] = encode_marker(_LISTING, records[limit - 1].key[-1])
    return answer


async def drop_urls(ctx: Call[Lambda], transaction: Transaction, name: FunctionName) -> None:
    """With the deletion of a function: its URLs, and what their ids stand for."""
    after: Key | None = None
    prefix = keys.urls(name)
    while records := await ctx.state.store.scan(prefix, after=after, limit=100):
        for record in records:
            transaction.delete(keys.url_owner(decode_url(record.value).url_id))
        after = records[-1].key
    transaction.delete_prefix(prefix)


def address_of(caller: Caller, public_url: str | None) -> tuple[str, str]:
    """Scheme, and the host behind `<id>.lambda-url.<region>.`, of a URL by which this caller reaches this server.

    Names under localhost resolve to this machine; whoever calls by a name of AWS's gets AWS's own form."""
    if public_url is not None:
        scheme, _, host = public_url.partition("://")
        return scheme, host.partition("/")[0]
    host = caller.host.lower()
    bare, colon, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    scheme = "https" if caller.secure else "http"
    if not bare or ".amazonaws.com" in bare:
        return "https", "on.aws"
    if bare in _LOOPBACK or bare.replace(".", "").isdigit():
        bare = "localhost"
    return scheme, bare + colon + port


def _shown(name: FunctionName, url: FunctionUrl) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionUrl": f"{url.scheme}://{url.url_id}.lambda-url.{name.region}.{url.host}/",
        "FunctionArn": name.qualified_arn,
        "AuthType": url.auth_type,
        "CreationTime": iso8601(url.created_ms),
        "LastModifiedTime": iso8601(url.modified_ms),
    }
    if url.cors is not None:
        shown["Cors"] = url.cors
    if url.invoke_mode is not None:
        shown["InvokeMode"] = url.invoke_mode
    return shown


async def _stored(ctx: Call[Lambda], name: FunctionName) -> Record:
    record = await ctx.state.store.get(keys.url(name))
    if record is None:
        raise not_found(_NO_URL)
    return record


async def _check_there(ctx: Call[Lambda], name: FunctionName) -> int:
    """The function, and the alias if one is named, are there; the store version of the function's record."""
    record = await ctx.state.store.get(keys.function(name))
    if record is None:
        raise not_found(_NO_FUNCTION)
    if name.qualifier is not None and await find_alias(ctx.state.store, name, name.qualifier) is None:
        raise not_found(_NO_FUNCTION)
    return record.version


async def _name(ctx: Call[Lambda], function_name: str, qualifier: str | None, action: str) -> FunctionName:
    name = parse_name(function_name, ctx.account, ctx.region, qualifier)
    await check_access(ctx, name, f"lambda:{action}")
    return name
