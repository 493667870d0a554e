"""`@connections` between nodes: two data planes on one store, of which each holds its own connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request, Upgrade
from fogbank.gateway.buckets import AccountThrottles
from fogbank.services import apigatewayv2
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.execution.gateway import Gateway
from fogbank.services.apigatewayv2.limits import WEBSOCKET_MESSAGE_BYTES_MAX
from fogbank.store.api import Transaction
from tests.services.lambda_.fakes import FakeTelemetry
from tests.support.house import House
from tests.support.waiting import until

pytestmark = pytest.mark.every_store


class Client:
    """The edge's socket of one connection."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.closed: int | None = None

    def send(self, message: str | bytes) -> None:
        self.messages.append(message)

    def close(self, code: int, reason: str = "") -> None:
        self.closed = code

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def gateway_of(house: House, node: str) -> Gateway:
    async def nobody(request: Request) -> None:
        return None

    async def nowhere(*_: Any) -> Any:
        raise AssertionError("not asked for")

    return Gateway(
        store=house.store,
        clock=house.clock,
        ids=house.ids,
        lanes=house.lanes,
        calls=house.calls,
        telemetry=FakeTelemetry(),
        settings=replace(Settings(), node=node),
        throttles=AccountThrottles(10_000.0, 5_000),
        identify=nobody,
        send_to_service=nowhere,
    )


class Nodes:
    """Nodes `a` and `b`; operations are asked of `a`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.a, self.b = gateway_of(house, "a"), gateway_of(house, "b")

    async def connect(self, gateway: Gateway) -> tuple[str, Client]:
        """A connection that `gateway` holds, and its client."""
        call = self.house.call
        made = await call(
            "apigatewayv2",
            "CreateApi",
            {"Name": "w", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.a"},
        )
        at = {"ApiId": made["ApiId"], "StageName": "dev"}
        await call("apigatewayv2", "CreateRoute", {"ApiId": made["ApiId"], "RouteKey": "$default"})
        await call("apigatewayv2", "CreateStage", at)
        await call("apigatewayv2", "CreateDeployment", at)
        request = Request(
            "GET", "/dev", "/dev", "", Headers([("host", "x")]), b"", "192.0.2.1", upgradable=True
        )
        response = await gateway.by_host(request, made["ApiId"], "rid")
        assert isinstance(response, Upgrade)
        client = Client()
        response.session.opened(client)
        return response.session.id, client  # type: ignore[attr-defined]

    async def do(self, name: str, connection_id: str, account: str = "000000000000", **more: Any) -> Any:
        caller = self.house.caller(account)
        return await self.house.calls.internal(
            "apigatewayv2", name, caller, connection_id=connection_id, **more
        )

    async def left(self) -> int:
        """Records of orders and answers."""
        return await self.house.store.count(keys.HANDOVER, limit=100)


@asynccontextmanager
async def two_nodes(*, hears: bool = True) -> AsyncIterator[Nodes]:
    """`hears`: node `b` takes orders."""

    def build(house: House) -> apigatewayv2.ApiGatewayV2:
        return apigatewayv2.ApiGatewayV2(
            store=house.store, clock=house.clock, ids=house.ids, lanes=house.lanes, calls=house.calls
        )

    async with House({apigatewayv2.SERVICE: build}) as house:
        nodes = Nodes(house)
        house.states["apigatewayv2"].execution = nodes.a
        await nodes.a.start()
        if hears:
            await nodes.b.start()
        try:
            yield nodes
        finally:
            await nodes.b.close()


async def test_messages_reach_a_connection_of_another_node() -> None:
    async with two_nodes() as nodes:
        connection_id, client = await nodes.connect(nodes.b)
        assert await nodes.do("post_to_connection", connection_id, data=b"hello") == "sent"
        assert await nodes.do("post_to_connection", connection_id, data=b"a\nb\xff\x00") == "sent"
        assert client.messages == ["hello", b"a\nb\xff\x00"]
        large = b"x" * (WEBSOCKET_MESSAGE_BYTES_MAX + 1)
        assert await nodes.do("post_to_connection", connection_id, data=large) == "large"
        assert await nodes.do("post_to_connection", connection_id, data=large[:-1]) == "sent"
        found = await nodes.do("describe_connection", connection_id)
        assert found["Identity"]["SourceIp"] == "192.0.2.1"
        assert await nodes.do("end_connection", connection_id) is True
        assert client.closed == 1000
        assert await nodes.left() == 0


async def test_many_at_once_each_get_their_own_answer() -> None:
    async with two_nodes() as nodes:
        made = [await nodes.connect(nodes.b) for _ in range(5)]
        posts = [
            nodes.do("post_to_connection", connection_id, data=f"{number} {turn}".encode())
            for turn in range(10)
            for number, (connection_id, _) in enumerate(made)
        ]
        assert set(await asyncio.gather(*posts)) == {"sent"}
        for number, (_, client) in enumerate(made):
            assert sorted(map(str, client.messages)) == sorted(f"{number} {turn}" for turn in range(10))
        assert await nodes.left() == 0


async def test_other_accounts_and_ended_connections_are_gone() -> None:
    async with two_nodes() as nodes:
        connection_id, client = await nodes.connect(nodes.b)
        other = "111111111111"
        assert await nodes.do("post_to_connection", connection_id, other, data=b"x") == "gone"
        connection = nodes.b.sockets.get(connection_id)
        assert connection is not None
        nodes.b.sockets.forget(connection)  # its record is still there
        assert await nodes.do("post_to_connection", connection_id, data=b"x") == "gone"
        assert await nodes.do("describe_connection", connection_id) is None
        assert await nodes.do("end_connection", connection_id) is False
        assert client.messages == [] and await nodes.left() == 0


async def test_an_order_that_nobody_takes_is_withdrawn_for_good() -> None:
    async with two_nodes(hears=False) as nodes:
        connection_id, client = await nodes.connect(nodes.b)
        relay = nodes.a.sockets.relay
        assert await relay.ask("b", "000000000000", connection_id, "post", b"late", wait_s=0.01) is None
        assert await nodes.left() == 0
        await nodes.b.start()  # it comes to itself, and finds nothing to do
        assert (
            await nodes.do("post_to_connection", connection_id, data=b"in time") == "gone"
        )  # its record went
        assert client.messages == []


async def test_an_order_that_was_taken_and_not_answered_is_no_gone() -> None:
    async with two_nodes(hears=False) as nodes:
        store = nodes.house.store
        asking = asyncio.ensure_future(
            nodes.a.sockets.relay.ask("b", "000000000000", "c", "post", b"x", wait_s=0.5)
        )
        await until(lambda: store.count(keys.orders("b"), limit=1))
        await store.commit(Transaction().delete_prefix(keys.orders("b")))  # taken by a node that dies then
        with pytest.raises(AwsError, match="does not answer"):
            await asking


async def test_a_node_that_starts_carries_out_what_waits_and_forgets_what_it_asked() -> None:
    async with two_nodes(hears=False) as nodes:
        store = nodes.house.store
        await store.commit(Transaction().put(keys.answer("b", "old"), b"null"))
        asking = asyncio.ensure_future(
            nodes.a.sockets.relay.ask("b", "000000000000", "unknown", "post", b"x", wait_s=20)
        )
        await until(lambda: store.count(keys.orders("b"), limit=1))
        await nodes.b.start()
        assert await asking is None
        assert await nodes.left() == 0
