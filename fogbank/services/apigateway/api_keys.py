"""API keys: what callers send to be counted under a usage plan."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, held, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import new_id, stamp
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import API_KEYS_MAX, PLANS_PER_KEY_MAX
from fogbank.services.apigateway.pages import listed, opened, page_size, sealed
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, boolean, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, limit_exceeded, not_found
from fogbank.services.apigateway.snapshot import value_key
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_KEY = "Invalid API Key identifier specified"
VALUE_CHARS_MIN = 20
VALUE_CHARS_MAX = 128
READ_MAX = 500


async def key_of(ctx: Call[ApiGateway], key_id: str) -> Held:
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "key", key_id))
    if found is None:
        raise not_found(NO_KEY)
    return found


def shown(key: Wire, *, value: bool, tags: bool) -> Wire:
    """The ApiKey of an answer; `tags`: shown even when there are none."""
    answer = {name: member for name, member in key.items() if value or name != "value"}
    return answer | {"tags": {}} if tags and "tags" not in answer else answer


def new_value(ctx: Call[ApiGateway]) -> str:
    """40 letters and digits from the operating system."""
    drawn = ctx.state.ids.token(96)
    return "".join(char for char in drawn if char.isalnum())[:40]


def check_value(value: str) -> None:
    if len(value) < VALUE_CHARS_MIN:
        raise bad_request(f"API Key value should be at least {VALUE_CHARS_MIN} characters")
    if len(value) > VALUE_CHARS_MAX:
        raise bad_request(f"API Key value should be at most {VALUE_CHARS_MAX} characters")


@SERVICE.operation(refuses={"stageKeys"})
@retried
async def create_api_key(
    ctx: Call[ApiGateway],
    *,
    name: str | None = None,
    description: str | None = None,
    enabled: bool = False,
    generate_distinct_id: bool = True,
    value: str | None = None,
    customer_id: str | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A key; not enabled unless asked for. Without `generate_distinct_id` its id is its value, as it once was."""
    check_tags(tags)
    if value:
        check_value(value)
    value = value or new_value(ctx)
    key = await make_key(
        ctx,
        shape(
            id=new_id(ctx, 10) if generate_distinct_id else value,
            value=value,
            name=name or None,
            customerId=customer_id or None,
            description=description or None,
            enabled=enabled,
            tags=tags or None,
        ),
    )
    return shown(key, value=True, tags=False)


async def make_key(ctx: Call[ApiGateway], key: Wire) -> Wire:
    """Store a new key. Raises Conflict (try again), ConflictException for a value that another key has."""
    place, store, now_ms = place_of(ctx), ctx.state.store, stamp(ctx)
    if await store.count(keys.owned(place, "key"), limit=API_KEYS_MAX) >= API_KEYS_MAX:
        raise limit_exceeded(
            f"Maximum number of API keys in this region has been reached. Limit: {API_KEYS_MAX}"
        )
    if await store.get(value_key(place, key["value"])) is not None:
        raise conflict("API Key already exists")
    key = key | {"createdDate": now_ms, "lastUpdatedDate": now_ms, "stageKeys": []}
    tx = (
        Transaction()
        .put(keys.owned(place, "key", key["id"]), pack(key), expect=ABSENT)
        .put(value_key(place, key["value"]), pack({"id": key["id"]}), expect=ABSENT)
    )
    await store.commit(tx)
    return key


@SERVICE.operation
async def get_api_key(ctx: Call[ApiGateway], *, api_key: str, include_value: bool = False) -> dict[str, Any]:
    return shown((await key_of(ctx, api_key)).wire, value=include_value, tags=True)


@SERVICE.operation
async def get_api_keys(
    ctx: Call[ApiGateway],
    *,
    position: str | None = None,
    limit: int | None = None,
    name_query: str | None = None,
    customer_id: str | None = None,
    include_values: bool = False,
) -> dict[str, Any]:
    """Those whose name begins with `name_query`."""
    prefix = keys.owned(place_of(ctx), "key")
    size = page_size(limit)
    after = (*prefix, opened(prefix, position)) if position else None
    found: list[Held] = []
    while len(found) <= size:  # a filter may leave little of each read
        read_now = await scan(ctx.state.store, prefix, after=after, limit=READ_MAX)
        found += [
            each
            for each in read_now
            if each.wire.get("name", "").startswith(name_query or "")
            and customer_id in (None, each.wire.get("customerId"))
        ]
        if len(read_now) < READ_MAX:
            break
        after = read_now[-1].key
    following = sealed(prefix, found[size - 1].position) if len(found) > size else None
    return listed([shown(each.wire, value=include_values, tags=False) for each in found[:size]], following)


@SERVICE.operation
@retried
async def delete_api_key(ctx: Call[ApiGateway], *, api_key: str) -> None:
    """The key, its places in usage plans, and what it used."""
    found = await key_of(ctx, api_key)
    place, store = place_of(ctx), ctx.state.store
    tx = Transaction().delete(found.key, expect=found.version).delete(value_key(place, found.wire["value"]))
    for member in await store.scan(keys.owned(place, "key-plan", api_key), limit=PLANS_PER_KEY_MAX):
        plan_id = member.key[-1]
        tx.delete(keys.owned(place, "plan-key", plan_id, api_key))
        tx.delete_prefix(keys.usage_of_key(place, str(plan_id), api_key))
    await store.commit(tx.delete_prefix(keys.owned(place, "key-plan", api_key)))


PATCHES = Patches(
    {
        "/customerId": Rule(REPLACE, text("customerId")),
        "/description": Rule(REPLACE, text("description")),
        "/enabled": Rule(REPLACE, boolean("enabled")),
        "/name": Rule(REPLACE, text("name")),
    }
)


@SERVICE.operation
@retried
async def update_api_key(
    ctx: Call[ApiGateway], *, api_key: str, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    found = await key_of(ctx, api_key)
    PATCHES.apply(found.wire, patch_operations)
    found.wire["lastUpdatedDate"] = stamp(ctx)
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return shown(found.wire, value=False, tags=True)


async def keys_of(ctx: Call[ApiGateway], key_ids: list[str]) -> list[Wire]:
    """Those of the keys that are there, in order."""
    place = place_of(ctx)
    found = await ctx.state.store.get_many([keys.owned(place, "key", each) for each in key_ids])
    return [held(each).wire for each in found if each is not None]
