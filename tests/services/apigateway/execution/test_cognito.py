"""User pools: tokens of an issuer that the settings name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.testing.server import Fogbank
from tests.gateway.test_jwt import Issuer
from tests.support.backends import Backend
from tests.support.rest_apis import Api, Gateways

POOL = "us-east-1_pool"


class Pools:
    """A fogbank whose user pools live at a backend."""

    def __init__(self, gateways: Gateways, backend: Backend) -> None:
        self.gateways = gateways
        self.issuer_url = f"{backend.url}/raw/{POOL}"
        self.issuer = Issuer()
        backend.answers[f"{POOL}/.well-known/jwks.json"] = (200, {}, self.issuer.jwks())

    def token(self, **claims: Any) -> str:
        known = {"iss": self.issuer_url, "sub": "me", "token_use": "id", "exp": int(time.time()) + 60}
        return self.issuer.token(known | claims)

    def api(self, **method: Any) -> Api:
        api = self.gateways.api()
        made = api.client.create_authorizer(
            restApiId=api.id,
            name="pool",
            type="COGNITO_USER_POOLS",
            providerARNs=[f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL}"],
            identitySource="method.request.header.Authorization",
        )
        api.mock(
            "/a",
            "$context.authorizer.claims.sub $context.authorizer.claims.email",
            authorizationType="COGNITO_USER_POOLS",
            authorizerId=made["id"],
            **method,
        )
        api.deploy()
        return api


@pytest.fixture(scope="module")
def pools() -> Iterator[Pools]:
    with Backend() as backend:
        settings = Settings(cognito_issuer=f"{backend.url}/raw/{{pool}}")
        with Fogbank(settings) as server:
            yield Pools(Gateways(server), backend)


def test_identity_tokens(pools: Pools) -> None:
    api = pools.api()
    for prefix in ("", "Bearer "):
        reply = api.call("/a", headers={"Authorization": prefix + pools.token(email="a@b")})
        assert (reply.status, reply.text) == (200, "me a@b")
    for headers, message in (
        ({}, "Unauthorized"),
        ({"Authorization": "nonsense"}, "Unauthorized"),
        ({"Authorization": pools.token(iss="https://other")}, "Unauthorized"),
        ({"Authorization": pools.token(token_use="access")}, "Unauthorized"),
        ({"Authorization": Issuer().token({"iss": pools.issuer_url})}, "Unauthorized"),
        ({"Authorization": pools.token(exp=1)}, "The incoming token has expired"),
    ):
        reply = api.call("/a", headers=headers)
        assert (reply.status, reply.json) == (401, {"message": message})


def test_scopes(pools: Pools) -> None:
    api = pools.api(authorizationScopes=["shop/read", "shop/write"])
    good = pools.token(token_use="access", scope="openid shop/read")
    assert api.call("/a", headers={"Authorization": good}).status == 200
    bad = pools.token(token_use="access", scope="openid")
    assert api.call("/a", headers={"Authorization": bad}).status == 401
