"""API keys, usage plans, quotas, imports of keys."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fogbank.services.apigateway import keys
from fogbank.services.apigateway.snapshot import find_api_key, plans_of_key
from fogbank.services.apigateway.usage import add_usage, day_of, period_start
from tests.services.apigateway.conftest import Gateway

PLACE = keys.Place("000000000000", "us-east-1")
DAY_MS = 86_400_000


async def keyed_plan(gateway: Gateway, **quota: Any) -> tuple[dict[str, Any], str]:
    """(the plan, the id of a key in it)."""
    plan = await gateway.call("CreateUsagePlan", name="p", **({"quota": quota} if quota else {}))
    key = await gateway.call("CreateApiKey", name="k", enabled=True)
    await gateway.call("CreateUsagePlanKey", usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return plan, key["id"]


async def test_keys_are_found_by_their_value(gateway: Gateway) -> None:
    plan, key_id = await keyed_plan(gateway)
    shown = await gateway.call("GetApiKey", apiKey=key_id)
    assert "value" not in shown
    value = (await gateway.call("GetApiKey", apiKey=key_id, includeValue=True))["value"]
    assert len(value) == 40 and value.isalnum()
    store = gateway.house.store
    found = await find_api_key(store, PLACE, value)
    assert found is not None and found["id"] == key_id
    assert await find_api_key(store, PLACE, "other") is None
    assert [each["id"] for each in await plans_of_key(store, PLACE, key_id)] == [plan["id"]]
    assert await gateway.fails("CreateApiKey", name="again", value=value) == (
        "ConflictException",
        "API Key already exists",
    )
    assert await gateway.fails("CreateApiKey", name="short", value="x" * 19) == (
        "BadRequestException",
        "API Key value should be at least 20 characters",
    )
    await gateway.call("DeleteApiKey", apiKey=key_id)
    assert await find_api_key(store, PLACE, value) is None
    assert await gateway.call("GetUsagePlanKeys", usagePlanId=plan["id"]) == {"items": []}
    await gateway.call("DeleteUsagePlan", usagePlanId=plan["id"])
    assert await gateway.records() == []


async def test_lists_are_filtered(gateway: Gateway) -> None:
    for name, customer in (("alpha", "c1"), ("alpine", "c2"), ("beta", "c1")):
        await gateway.call("CreateApiKey", name=name, customerId=customer)

    async def names(**query: Any) -> set[str]:
        return {each["name"] for each in (await gateway.call("GetApiKeys", **query))["items"]}

    assert await names(nameQuery="al") == {"alpha", "alpine"}
    assert await names(customerId="c1") == {"alpha", "beta"}
    first = await gateway.call("GetApiKeys", nameQuery="al", limit=1)
    second = await gateway.call("GetApiKeys", nameQuery="al", limit=1, position=first["position"])
    assert {each["name"] for page in (first, second) for each in page["items"]} == {"alpha", "alpine"}
    assert "position" not in second


async def test_a_key_is_in_one_plan_for_each_stage(gateway: Gateway) -> None:
    api = await gateway.stage()
    stages = [{"apiId": api["id"], "stage": "dev"}]
    first = await gateway.call("CreateUsagePlan", name="a", apiStages=stages)
    second = await gateway.call("CreateUsagePlan", name="b", apiStages=stages)
    key = await gateway.call("CreateApiKey", name="k")
    params = {"keyId": key["id"], "keyType": "API_KEY"}
    await gateway.call("CreateUsagePlanKey", usagePlanId=first["id"], **params)
    for plan in (first, second):
        code, _ = await gateway.fails("CreateUsagePlanKey", usagePlanId=plan["id"], **params)
        assert code == "ConflictException"
    listed = await gateway.call("GetUsagePlans", keyId=key["id"])
    assert [each["id"] for each in listed["items"]] == [first["id"]]
    assert (await gateway.call("GetUsagePlanKey", usagePlanId=first["id"], keyId=key["id"]))["name"] == "k"
    await gateway.call("DeleteUsagePlanKey", usagePlanId=first["id"], keyId=key["id"])
    code, _ = await gateway.fails("GetUsagePlanKey", usagePlanId=first["id"], keyId=key["id"])
    assert code == "NotFoundException"


@pytest.mark.parametrize("spelled", ["~1pets~1{id}", "/pets/{id}"])
async def test_method_throttles(gateway: Gateway, spelled: str) -> None:
    api = await gateway.stage()
    stage = f"{api['id']}:dev"
    plan = await gateway.call("CreateUsagePlan", name="p")
    where = {"usagePlanId": plan["id"]}
    changed = await gateway.update(
        "UpdateUsagePlan",
        ("add", "/apiStages", stage),
        ("replace", f"/apiStages/{stage}/throttle/{spelled}/GET/rateLimit", "5"),
        ("replace", f"/apiStages/{stage}/throttle/{spelled}/GET/burstLimit", "2"),
        **where,
    )
    assert changed["apiStages"] == [
        {
            "apiId": api["id"],
            "stage": "dev",
            "throttle": {"/pets/{id}/GET": {"burstLimit": 2, "rateLimit": 5.0}},
        }
    ]
    changed = await gateway.update(
        "UpdateUsagePlan", ("remove", f"/apiStages/{stage}/throttle/{spelled}/GET"), **where
    )
    assert changed["apiStages"] == [{"apiId": api["id"], "stage": "dev"}]
    changed = await gateway.update("UpdateUsagePlan", ("remove", "/apiStages", stage), **where)
    assert changed["apiStages"] == []


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        (
            {"limit": 1, "period": "DAY", "offset": 1},
            "Usage Plan quota offset must be zero in the DAY period",
        ),
        (
            {"limit": 1, "period": "WEEK", "offset": 7},
            "Usage Plan quota offset must be between zero and 6 inclusive in the WEEK period",
        ),
        ({"limit": 0, "period": "DAY"}, "Usage Plan quota limit must be greater than zero"),
        ({"limit": 1}, "Usage Plan quota period must be one of: [DAY, WEEK, MONTH]"),
    ],
)
async def test_refused_quotas(gateway: Gateway, quota: dict[str, Any], message: str) -> None:
    assert await gateway.fails("CreateUsagePlan", name="p", quota=quota) == ("BadRequestException", message)


@pytest.mark.parametrize(
    ("quota", "day", "start"),
    [
        ({"period": "DAY"}, date(2026, 3, 5), date(2026, 3, 5)),
        (
            {"period": "WEEK", "offset": 0},
            date(2026, 3, 5),
            date(2026, 3, 1),
        ),  # a Thursday; weeks begin on Sunday
        ({"period": "WEEK", "offset": 4}, date(2026, 3, 5), date(2026, 3, 5)),
        ({"period": "WEEK", "offset": 5}, date(2026, 3, 5), date(2026, 2, 27)),
        ({"period": "WEEK", "offset": 0}, date(2026, 3, 1), date(2026, 3, 1)),
        ({"period": "MONTH", "offset": 0}, date(2026, 3, 5), date(2026, 3, 1)),
        ({"period": "MONTH", "offset": 9}, date(2026, 3, 5), date(2026, 2, 10)),
        ({"period": "MONTH", "offset": 27}, date(2026, 1, 5), date(2025, 12, 28)),
    ],
)
def test_periods(quota: dict[str, Any], day: date, start: date) -> None:
    assert period_start(quota, day) == start


async def test_usage_counts_down_and_begins_anew(gateway: Gateway) -> None:
    plan, key_id = await keyed_plan(gateway, limit=10, period="WEEK")
    store = gateway.house.store
    start = day_of(gateway.now_ms)
    await gateway.clock.advance_ms((7 - start.isoweekday() % 7) * DAY_MS)  # to a Sunday
    first = day_of(gateway.now_ms)
    assert await add_usage(store, PLACE, plan, key_id, gateway.now_ms, 0) == 10
    assert await add_usage(store, PLACE, plan, key_id, gateway.now_ms, 4) == 6
    await gateway.clock.advance_ms(2 * DAY_MS)
    assert await add_usage(store, PLACE, plan, key_id, gateway.now_ms, 3) == 3
    last = day_of(gateway.now_ms)
    shown = await gateway.call(
        "GetUsage", usagePlanId=plan["id"], startDate=first.isoformat(), endDate=last.isoformat()
    )
    assert shown["items"] == {key_id: [[4, 6], [0, 6], [3, 3]]}
    granted = await gateway.update(
        "UpdateUsage", ("replace", "/remaining", "20"), usagePlanId=plan["id"], keyId=key_id
    )
    assert granted["items"] == {key_id: [[3, 20]]}
    assert await add_usage(store, PLACE, plan, key_id, gateway.now_ms, 25) == 0
    await gateway.clock.advance_ms(7 * DAY_MS)
    assert await add_usage(store, PLACE, plan, key_id, gateway.now_ms, 1) == 9
    message = await gateway.update_fails(
        "UpdateUsage", ("add", "/remaining", "1"), usagePlanId=plan["id"], keyId=key_id
    )
    assert (
        message
        == "Invalid patch path  '/remaining' specified for op 'add'. Please choose supported operations"
    )


async def test_usage_without_a_quota(gateway: Gateway) -> None:
    plan, key_id = await keyed_plan(gateway)
    assert await add_usage(gateway.house.store, PLACE, plan, key_id, gateway.now_ms, 4) == -1
    today = day_of(gateway.now_ms).isoformat()
    shown = await gateway.call("GetUsage", usagePlanId=plan["id"], startDate=today, endDate=today)
    assert shown["items"] == {key_id: [[4, -1]]}


async def test_keys_from_a_file(gateway: Gateway) -> None:
    plan = await gateway.call("CreateUsagePlan", name="p")
    body = (
        "Name,key,description,Enabled,usageplanIds\n"
        f'one,{"1" * 20},first,TRUE,"{plan["id"]},nothing"\n'
        f"two,{'2' * 20},,false,\n"
    ).encode()
    code, message = await gateway.fails("ImportApiKeys", body=body, format="csv", failOnWarnings=True)
    assert (code, "nothing" in message) == ("BadRequestException", True)
    assert (await gateway.call("GetApiKeys"))["items"] == []
    made = await gateway.call("ImportApiKeys", body=body, format="csv")
    assert len(made["ids"]) == 2 and len(made["warnings"]) == 1
    first = await gateway.call("GetApiKey", apiKey=made["ids"][0], includeValue=True)
    assert (first["name"], first["value"], first["enabled"]) == ("one", "1" * 20, True)
    assert not (await gateway.call("GetApiKey", apiKey=made["ids"][1]))["enabled"]
    members = (await gateway.call("GetUsagePlanKeys", usagePlanId=plan["id"]))["items"]
    assert [each["id"] for each in members] == [made["ids"][0]]


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"name,key\nx,short\n"])
async def test_refused_files(gateway: Gateway, body: bytes) -> None:
    code, _ = await gateway.fails("ImportApiKeys", body=body, format="csv")
    assert code == "BadRequestException"
