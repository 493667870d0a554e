"""An API's draft: finding what it is made of, and changing it.

Changes of one API come one after another: each holds only while the revision is the one that it read. A change of what a
deployment would freeze is deployed at once to every stage with auto-deploy, in the same transaction.
"""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, held, pack
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.deploying import FROZEN, auto_deploy
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.service import not_found, too_many
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Part, Transaction


async def api_of(ctx: Call[ApiGatewayV2], api_id: str) -> Held:
    """The Api. Raises NotFoundException."""
    record = await ctx.state.store.get(keys.api(place_of(ctx), api_id))
    if record is None:
        raise no_api(ctx, api_id)
    return held(record)


def no_api(ctx: Call[ApiGatewayV2], api_id: str) -> Exception:
    return not_found(f"Invalid API identifier specified {ctx.account}:{api_id}")


async def part_of(ctx: Call[ApiGatewayV2], api_id: str, noun: str, *at: Part) -> Held:
    """One of an API's parts. Raises NotFoundException, naming the noun as AWS does."""
    await api_of(ctx, api_id)
    record = await ctx.state.store.get(keys.part(api_id, noun, *at))
    if record is None:
        raise no_part(noun)
    return held(record)


def no_part(noun: str) -> Exception:
    words = " ".join(word.capitalize() for word in noun.split("-"))
    return not_found(f"Invalid {words} identifier specified")


class Edit:
    """One change of one API: read, decide, `commit`. Raises Conflict when another one was quicker."""

    def __init__(self, ctx: Call[ApiGatewayV2], api: Held, revision: int) -> None:
        self.ctx = ctx
        self.api = api.wire
        self.api_id: str = api.wire["ApiId"]
        self.tx = Transaction().put(keys.revision(self.api_id), b"{}", expect=revision)
        self.changes: dict[tuple[Part, ...], Wire | None] = {}
        self.new_stages: list[Wire] = []
        self._deployable = False

    @property
    def is_http(self) -> bool:
        return bool(self.api["ProtocolType"] == "HTTP")

    async def part(self, noun: str, *at: Part) -> Wire:
        """A part as it is. Raises NotFoundException."""
        record = await self.ctx.state.store.get(keys.part(self.api_id, noun, *at))
        if record is None:
            raise no_part(noun)
        return held(record).wire

    async def has(self, noun: str, *at: Part) -> bool:
        if (noun, *at) in self.changes:
            return self.changes[noun, *at] is not None
        return await self.ctx.state.store.get(keys.part(self.api_id, noun, *at)) is not None

    async def room(self, noun: str, maximum: int, plural: str, *at: Part) -> None:
        """TooManyRequestsException when there are as many of these as there may be."""
        if await self.ctx.state.store.count(keys.part(self.api_id, noun, *at), limit=maximum) >= maximum:
            raise too_many(plural, maximum)

    def put(self, wire: Wire, noun: str, *at: Part) -> None:
        self.changes[noun, *at] = wire
        self.tx.put(keys.part(self.api_id, noun, *at), pack(wire))
        self._deployable = self._deployable or noun in FROZEN

    def drop(self, noun: str, *at: Part) -> None:
        self.changes[noun, *at] = None
        self.tx.delete(keys.part(self.api_id, noun, *at))
        self._deployable = self._deployable or noun in FROZEN

    def put_api(self) -> None:
        """`api` was changed."""
        self.tx.put(keys.api(place_of(self.ctx), self.api_id), pack(self.api))
        self._deployable = True

    async def commit(self) -> None:
        if self._deployable:
            await auto_deploy(self.ctx, self.tx, self.api, self.changes, self.new_stages)
        await self.ctx.state.store.commit(self.tx)


async def edit_of(ctx: Call[ApiGatewayV2], api_id: str) -> Edit:
    """Begin a change. Raises NotFoundException."""
    api, revision = await ctx.state.store.get_many([keys.api(place_of(ctx), api_id), keys.revision(api_id)])
    if api is None:
        raise no_api(ctx, api_id)
    return Edit(ctx, held(api), ABSENT if revision is None else revision.version)


def new_id(ctx: Call[Any], length: int = 7) -> str:
    """An id as API Gateway draws them: lower-case letters and digits."""
    found: str = ctx.state.ids.alnum(length)
    return found


def stamp(ctx: Call[ApiGatewayV2]) -> int:
    """Now, in whole seconds as API Gateway's dates are; Unix milliseconds."""
    return ctx.state.clock.now_ms() // 1000 * 1000
