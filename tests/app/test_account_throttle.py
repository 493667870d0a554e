"""The account's throttle: one for all APIs of an account in a region. Filters of a WAF: where one would stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from fogbank.core.config import Settings
from fogbank.core.errors import AwsError
from fogbank.core.http import Request
from fogbank.model.call import Caller
from fogbank.model.principal import root_of
from fogbank.testing.server import Fogbank
from tests.services.apigatewayv2.conftest import HttpApis
from tests.services.apigatewayv2.test_socket_keys import OK
from tests.services.apigatewayv2.test_websockets import SocketApi
from tests.support.rest_apis import Gateways
from tests.support.waiting import until_blocking

NEVER = 0.0001  # a second: no more within a test
MOCK = {"statusCode": 200}


@pytest.fixture
def throttled() -> Iterator[Fogbank]:
    """Six requests, and then none."""
    with Fogbank(Settings(api_rate_limit=NEVER, api_burst_limit=6)) as server:
        yield server


def http_route(apis: HttpApis, backend: str) -> Any:
    api = apis.api()
    api.route(
        "GET /a", api.integration(IntegrationType="HTTP_PROXY", IntegrationUri=backend, IntegrationMethod="GET", PayloadFormatVersion="1.0")
    )  # fmt: skip
    return api.stage()


def test_all_kinds_of_apis_draw_from_one_bucket(throttled: Fogbank) -> None:
    gateways, apis = Gateways(throttled), HttpApis(throttled)
    limits = gateways.apigateway.get_account()["throttleSettings"]
    assert limits == {"burstLimit": 6, "rateLimit": NEVER}
    rest = gateways.api()
    rest.mock("/a")
    rest.deploy()
    http = http_route(apis, f"{throttled.url}/_fogbank/health")
    sockets = SocketApi(apis)
    sockets.route("$default", sockets.integration(**OK))
    sockets.route("$connect", sockets.integration(**OK), answers=False)
    sockets.deploy()
    with sockets.connect() as client:  # 1
        client.send("{}")  # 2
        bucket = throttled.app.house.calls.services["apigateway"].state.execution.throttles
        until_blocking(lambda: bucket.of("000000000000", "us-east-1", 0.0)._tokens < 4.5)
        assert rest.call("/a").status == 200  # 3
        assert http.call("/a").status != 429  # 4
        with pytest.raises(ClientError, match="GoneException"):
            sockets.management().post_to_connection(ConnectionId="none", Data=b"x")  # 5
        assert rest.call("/a").status == 200  # 6
        reply = rest.call("/a")
        assert (reply.status, reply.json) == (429, {"message": "Too Many Requests"})
        reply = http.call("/a")
        assert (reply.status, reply.json) == (429, {"message": "Too Many Requests"})
        with pytest.raises(InvalidStatus) as caught, sockets.connect():
            pass
        assert caught.value.response.status_code == 429
        client.send("{}")
        assert json.loads(client.recv(timeout=20))["message"] == "Too Many Requests"
        with pytest.raises(ClientError) as refused:
            sockets.management().post_to_connection(ConnectionId="none", Data=b"x")
        assert refused.value.response["Error"]["Code"] == "LimitExceededException"


def test_other_regions_and_accounts_have_their_own(throttled: Fogbank) -> None:
    for region, account in (
        ("us-east-1", "000000000000"),
        ("eu-west-1", "000000000000"),
        ("us-east-1", "111111111111"),
    ):
        client = throttled.client("apigateway", region=region, account=account)
        gateways = Gateways(throttled)
        gateways.apigateway = client
        api = gateways.api()
        api.mock("/a")
        api.deploy()
        path = f"/_aws/execute-api/{api.id}/test/a"
        assert [gateways.call(path).status for _ in range(8)] == [200] * 6 + [429] * 2


def test_a_method_s_own_limit_does_not_draw_from_the_account_s(throttled: Fogbank) -> None:
    gateways = Gateways(throttled)
    api = gateways.api()
    api.mock("/a")
    api.mock("/b")
    api.deploy()
    api.patch_stage(
        ("replace", "/~1b/GET/throttling/rateLimit", str(NEVER)),
        ("replace", "/~1b/GET/throttling/burstLimit", "1"),
    )
    until_blocking(
        lambda: gateways.apigateway.get_stage(restApiId=api.id, stageName="test")["methodSettings"]
    )
    assert [api.call("/b").status for _ in range(4)] == [200, 429, 429, 429]
    assert [api.call("/a").status for _ in range(6)] == [200] * 5 + [429]


def test_a_web_acl_that_somebody_registers_guards_its_stages() -> None:
    with Fogbank(Settings()) as server:
        gateways = Gateways(server)
        api = gateways.api()
        api.mock("/a")
        api.deploy()
        gateway = server.app.house.calls.services["apigateway"].state.execution
        arn = "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/w/1"
        caller = Caller("000000000000", "us-east-1", root_of("000000000000", open_mode=True), "rid")

        def associate(acl: str | None) -> None:
            server.run(
                server.app.house.calls.internal(
                    "apigateway", "associate_web_acl", caller, api_id=api.id, stage="test", arn=acl
                )
            )

        with pytest.raises(AwsError, match="There is no web ACL"):
            associate(arn)

        async def no_robots(request: Request) -> bool:
            return "robot" not in (request.headers.get("user-agent") or "")

        gateway.web_acls[arn] = no_robots
        associate(arn)
        assert api.client.get_stage(restApiId=api.id, stageName="test")["webAclArn"] == arn
        assert api.call("/a", headers={"User-Agent": "human"}).status == 200
        reply = api.call("/a", headers={"User-Agent": "robot"})
        assert (reply.status, reply.json) == (403, {"message": "Forbidden"})
        del gateway.web_acls[arn]
        assert api.call("/a").status == 403  # a guard that is away lets nobody pass
        associate(None)
        assert api.call("/a", headers={"User-Agent": "robot"}).status == 200
