"""An API's draft: finding what it is made of, and what every change of it has in common."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, held, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.service import limit_exceeded, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Part, Transaction


async def api_of(ctx: Call[ApiGateway], rest_api_id: str) -> Held:
    """The RestApi. Raises NotFoundException."""
    found = await read(ctx.state.store, keys.api(place_of(ctx), rest_api_id))
    if found is None:
        raise no_api(ctx, rest_api_id)
    return found


def no_api(ctx: Call[ApiGateway], rest_api_id: str) -> Exception:
    return not_found(f"Invalid API identifier specified {ctx.account}:{rest_api_id}")


async def part_of(
    ctx: Call[ApiGateway], rest_api_id: str, noun: str, *at: Part, missing: str
) -> tuple[Held, Held]:
    """(the API, one of its parts). NotFoundException with `missing`, also when it is the API that is not there: AWS
    looks a part up by both ids at once."""
    place = place_of(ctx)
    api, part = await ctx.state.store.get_many(
        [keys.api(place, rest_api_id), keys.part(rest_api_id, noun, *at)]
    )
    if api is None or part is None:
        raise not_found(missing)
    return held(api), held(part)


def change(api: Held) -> Transaction:
    """A transaction over the draft of an API: it holds only while the API is as it was read.

    The revision is written whatever it was: concurrent changes do not disturb each other, a deployment notices them."""
    return touch(Transaction(), api)


def touch(tx: Transaction, api: Held) -> Transaction:
    """Note in the draft's revision that it changed, or that something outside the API refers to it from now on: a deletion
    that goes on meanwhile notices."""
    return tx.check(api.key, api.version).put(keys.revision(api.wire["id"]), b"{}")


async def check_untouched(ctx: Call[ApiGateway], tx: Transaction, rest_api_id: str) -> None:
    """Let `tx` hold only while nothing changes the API, or refers to it anew, from now on."""
    revision = await ctx.state.store.get(keys.revision(rest_api_id))
    tx.check(keys.revision(rest_api_id), ABSENT if revision is None else revision.version)


#: What the parts of an API are called in AWS's sentence about their number.
PLURALS = {
    "resource": "resources",
    "model": "models",
    "validator": "request validators",
    "authorizer": "authorizers",
    "deployment": "deployments",
    "docpart": "documentation parts",
    "docversion": "documentation versions",
}


async def check_room(ctx: Call[ApiGateway], rest_api_id: str, noun: str, maximum: int) -> None:
    """LimitExceededException when the API has as many of these as it may have."""
    if await ctx.state.store.count(keys.part(rest_api_id, noun), limit=maximum) >= maximum:
        raise no_room(PLURALS[noun])


def no_room(plural: str) -> Exception:
    return limit_exceeded(
        f"Maximum number of {plural} for this API has been reached. "
        f"Please contact AWS if you need additional {plural}."
    )


def new_id(ctx: Call[Any], length: int = 6) -> str:
    """An id as API Gateway draws them: lower-case letters and digits."""
    found: str = ctx.state.ids.alnum(length)
    return found


def stamp(ctx: Call[ApiGateway]) -> int:
    """Now, in whole seconds as API Gateway's dates are; Unix milliseconds."""
    return ctx.state.clock.now_ms() // 1000 * 1000
