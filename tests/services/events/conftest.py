"""EventBridge on a memory store and a virtual clock, and a few words to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.gateway.connected import Additions
from tests.support.house import House, Spoken
from tests.support.services import EVENTS
from tests.support.waiting import until

BASIC = {"BasicAuthParameters": {"Username": "u", "Password": "pass-word"}}
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "key-value"}}


def oauth(url: str, method: str = "POST", **http: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "ClientParameters": {"ClientID": "client", "ClientSecret": "client-secret"},
        "AuthorizationEndpoint": f"{url}/token",
        "HttpMethod": method,
    }
    if http:
        parameters["OAuthHttpParameters"] = http
    return {"OAuthParameters": parameters}


class EventsHouse(Spoken):
    """Calls of the events service, short."""

    service = "events"

    async def connection(self, name: str = "c", auth: Any = None, **more: Any) -> dict[str, Any]:
        """CreateConnection; its type by its parameters."""
        auth = auth or BASIC
        kind = {"Bas": "BASIC", "Api": "API_KEY", "OAu": "OAUTH_CLIENT_CREDENTIALS"}[next(iter(auth))[:3]]
        return await self.call(
            "CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=auth, **more
        )

    async def described(self, name: str = "c") -> dict[str, Any]:
        return await self.call("DescribeConnection", Name=name)

    async def reaches(self, state: str, name: str = "c") -> dict[str, Any]:
        """The connection once it is in that state."""

        async def look() -> dict[str, Any] | None:
            found = await self.described(name)
            return found if found["ConnectionState"] == state else None

        found: dict[str, Any] = await until(look)
        return found

    async def additions(self, arn: str, refused: str = "") -> Additions:
        """What Step Functions gets for a request."""
        found: Additions = await self.house.internal(
            "events", "retrieve_connection_credentials", connection_arn=arn, refused=refused
        )
        return found


@pytest.fixture
async def events() -> AsyncIterator[EventsHouse]:
    async with House(EVENTS) as house:
        yield EventsHouse(house)
