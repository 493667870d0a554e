"""Tags of every noun that has an ARN: APIs, stages, keys, usage plans, domain names, VPC links, client certificates."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import TAGS_MAX
from fogbank.services.apigateway.pages import opened, page_size, sealed
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Key, Transaction

#: The nouns of an account by their step in an ARN, and what they are called in the store.
NOUNS = {"apikeys": "key", "usageplans": "plan", "vpclinks": "vpclink", "clientcertificates": "certificate"}


def check_tags(tags: dict[str, str] | None) -> None:
    """Refuse tags that AWS does not take."""
    for key, value in (tags or {}).items():
        if key.lower().startswith("aws:"):
            raise bad_request(f"Tag keys starting with 'aws:' are reserved: {key}")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise bad_request("Tag keys have 1 to 128 characters, tag values at most 256")
    if len(tags or {}) > TAGS_MAX:
        raise bad_request(f"A resource can have at most {TAGS_MAX} tags")


def _key_of(ctx: Call[ApiGateway], resource_arn: str) -> tuple[Key, str | None]:
    """Where the tagged record lies, and the member that its wire shape lies in, if any."""
    arn = parse_arn(resource_arn)
    if arn is None or arn.service != "apigateway" or not arn.resource.startswith("/"):
        raise bad_request(f"Invalid ARN specified: {resource_arn}")
    place = place_of(ctx)
    match arn.resource[1:].split("/"):
        case ["restapis", api_id]:
            return keys.api(place, api_id), None
        case ["restapis", api_id, "stages", name]:
            return keys.stage(api_id, name), None
        case ["domainnames", host]:
            return keys.domain(host), "domainName"
        case [noun, identifier] if noun in NOUNS:
            return keys.owned(place, NOUNS[noun], identifier), None
    raise bad_request(f"Invalid ARN specified: {resource_arn}")


async def _tagged(ctx: Call[ApiGateway], resource_arn: str) -> tuple[Held, Wire]:
    """(the record, the shape in it that carries the tags)."""
    key, member = _key_of(ctx, resource_arn)
    match key:  # stages lie by the API's id alone: whose it is, is to be seen first
        case ("apigateway", "live", "stage", str(api_id), _):
            await api_of(ctx, api_id)
    found = await read(ctx.state.store, key)
    if found is None or (
        member is not None and (found.wire["account"], found.wire["region"]) != place_of(ctx)
    ):
        raise not_found(f"Invalid resource identifier specified: {resource_arn}")
    return found, found.wire if member is None else found.wire[member]


@SERVICE.operation
async def get_tags(
    ctx: Call[ApiGateway], *, resource_arn: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """Tags by key. AWS does not support its pages yet (the documentation says so); here they work."""
    _, shown = await _tagged(ctx, resource_arn)
    tags = sorted((shown.get("tags") or {}).items())
    listing: Key = ("tags", resource_arn)
    if position:
        tags = [each for each in tags if each[0] > opened(listing, position)]
    size = page_size(limit) if limit is not None else TAGS_MAX
    answer: Wire = {"tags": dict(tags[:size])}
    if len(tags) > size:
        answer["position"] = sealed(listing, tags[size - 1][0])
    return answer


@SERVICE.operation
@retried
async def tag_resource(ctx: Call[ApiGateway], *, resource_arn: str, tags: dict[str, str]) -> None:
    found, shown = await _tagged(ctx, resource_arn)
    merged = (shown.get("tags") or {}) | tags
    check_tags(merged)
    shown["tags"] = merged
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))


@SERVICE.operation
@retried
async def untag_resource(ctx: Call[ApiGateway], *, resource_arn: str, tag_keys: list[str]) -> None:
    found, shown = await _tagged(ctx, resource_arn)
    shown["tags"] = {key: value for key, value in (shown.get("tags") or {}).items() if key not in tag_keys}
    if not shown["tags"]:
        del shown["tags"]
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
