"""API keys, usage plans, throttles: each counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fogbank.services.apigateway.usage import day_of
from tests.services.apigateway.execution.test_access import AUTHORIZER
from tests.support.rest_apis import Api, Gateways, invocations
from tests.support.waiting import until_blocking

Plan = dict[str, Any]


def planned(
    gateways: Gateways, *, stage_throttle: Plan | None = None, **plan: Any
) -> tuple[Api, str, dict[str, str]]:
    """(an API that wants keys, the plan's id, the key)"""
    api = gateways.api()
    for path in ("/a", "/b"):
        api.mock(path, "$context.identity.apiKey $context.identity.apiKeyId", apiKeyRequired=True)
    api.deploy()
    of_stage: Plan = {"apiId": api.id, "stage": "test"}
    if stage_throttle:
        of_stage["throttle"] = stage_throttle
    made = api.client.create_usage_plan(name="plan", apiStages=[of_stage], **plan)
    key = api.client.create_api_key(name="key", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
    return api, made["id"], key


def test_keys(gateways: Gateways) -> None:
    api, plan, key = planned(gateways)
    headers = {"X-API-Key": key["value"]}
    reply = api.call("/a", headers=headers)
    assert (reply.status, reply.text) == (200, f"{key['value']} {key['id']}")
    for wrong in ({}, {"x-api-key": "nothing"}):
        refused = api.call("/a", headers=wrong)
        assert (refused.status, refused.json) == (403, {"message": "Forbidden"})
        assert refused.header("x-amzn-ErrorType") == "ForbiddenException"
    api.client.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    assert api.call("/a", headers=headers).status == 403


def test_a_plan_for_another_stage_does_not_count(gateways: Gateways) -> None:
    api, _, key = planned(gateways)
    api.deploy("other")
    assert api.call("/a", stage="other", headers={"x-api-key": key["value"]}).status == 403


def test_the_rate_of_a_plan(gateways: Gateways) -> None:
    api, _, key = planned(gateways, throttle={"rateLimit": 0.001, "burstLimit": 2})
    headers = {"x-api-key": key["value"]}
    assert [api.call(path, headers=headers).status for path in ("/a", "/b", "/a", "/b")] == [
        200,
        200,
        429,
        429,
    ]
    refused = api.call("/a", headers=headers)
    assert refused.json == {"message": "Too Many Requests"}
    assert refused.header("x-amzn-ErrorType") == "TooManyRequestsException"
    gateways.server.app.clock.advance_ms(1_000_000)
    assert api.call("/a", headers=headers).status == 200


def test_a_methods_own_rate_in_a_plan(gateways: Gateways) -> None:
    api, _, key = planned(
        gateways,
        throttle={"rateLimit": 1000, "burstLimit": 1000},
        stage_throttle={"/a/GET": {"rateLimit": 0.001, "burstLimit": 1}},
    )
    headers = {"x-api-key": key["value"]}
    assert [api.call("/a", headers=headers).status for _ in range(2)] == [200, 429]
    assert [api.call("/b", headers=headers).status for _ in range(3)] == [200, 200, 200]


def test_the_quota_of_a_plan(gateways: Gateways) -> None:
    api, plan, key = planned(gateways, quota={"limit": 2, "period": "DAY"})
    headers = {"x-api-key": key["value"]}
    assert [api.call("/a", headers=headers).status for _ in range(4)] == [200, 200, 429, 429]
    refused = api.call("/a", headers=headers)
    assert refused.json == {"message": "Limit Exceeded"}
    assert refused.header("x-amzn-ErrorType") == "LimitExceededException"

    def used() -> bool:
        now_ms = gateways.server.app.clock.now_ms()
        today = day_of(now_ms).isoformat()
        usage = api.client.get_usage(usagePlanId=plan, startDate=today, endDate=today)
        return usage["items"].get(key["id"]) == [[2, 0]]

    until_blocking(used)
    gateways.server.app.clock.advance_ms(24 * 3600 * 1000)
    assert [api.call("/a", headers=headers).status for _ in range(4)] == [200, 200, 429, 429]


def test_the_key_may_come_from_the_authorizer(gateways: Gateways) -> None:
    api = gateways.api(apiKeySource="AUTHORIZER")
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="a",
        type="TOKEN",
        authorizerUri=invocations(gateways.function(AUTHORIZER)),
        identitySource="method.request.header.X-Auth",
    )
    api.mock("/a", apiKeyRequired=True, authorizationType="CUSTOM", authorizerId=made["id"])
    api.deploy()
    plan = api.client.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "test"}])
    key = api.client.create_api_key(name="k", enabled=True, value="a-key-of-twenty-chars-or-more")
    api.client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert api.call("/a", headers={"X-Auth": "a-key-of-twenty-chars-or-more"}).status == 200
    assert api.call("/a", headers={"X-Auth": "another", "x-api-key": key["value"]}).status == 403


def test_throttles_of_a_stage_and_its_methods(gateways: Gateways) -> None:
    api = gateways.api()
    for path in ("/a", "/b"):
        api.mock(path)
    api.deploy()
    api.patch_stage(
        ("replace", "/*/*/throttling/rateLimit", "0.001"),
        ("replace", "/*/*/throttling/burstLimit", "2"),
        ("replace", "/~1b/GET/throttling/burstLimit", "1"),
    )
    assert [api.call("/a").status for _ in range(3)] == [200, 200, 429]
    assert [api.call("/b").status for _ in range(2)] == [200, 429]
    assert api.call("/a").json == {"message": "Too Many Requests"}
    api.deploy()  # a deployment does not fill the buckets
    assert api.call("/a").status == 429
    gateways.server.app.clock.advance_ms(1_000_000)
    assert api.call("/a").status == 200


def test_a_quota_holds_under_concurrency(gateways: Gateways) -> None:
    api, _, key = planned(gateways, quota={"limit": 20, "period": "MONTH"})
    headers = {"x-api-key": key["value"]}
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: api.call("/a", headers=headers).status, range(60)))
    assert (statuses.count(200), statuses.count(429)) == (20, 40)
