"""Deployments and stages: what is frozen, what is live, and what may not go while it is used."""

from __future__ import annotations

import pytest

from fogbank.services.apigateway import keys
from fogbank.services.apigateway.snapshot import (
    draft_snapshot,
    find_api,
    load_snapshot,
    load_stage,
    method_settings,
)
from fogbank.store.api import Key
from tests.services.apigateway.conftest import Gateway

PLACE = keys.Place("000000000000", "us-east-1")


async def test_a_deployment_is_frozen(gateway: Gateway) -> None:
    api = await gateway.stage()
    store = gateway.house.store
    assert await find_api(store, api["id"]) == PLACE
    stage = await load_stage(store, api["id"], "dev")
    assert stage is not None
    frozen = await load_snapshot(store, api["id"], stage["deploymentId"])
    assert frozen is not None
    assert frozen == await draft_snapshot(store, PLACE, api["id"])
    assert frozen["resources"][0]["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    await gateway.mock(api, method="POST")
    assert await load_snapshot(store, api["id"], stage["deploymentId"]) == frozen
    assert await load_snapshot(store, api["id"], "nothing") is None


async def test_large_snapshots(gateway: Gateway) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "contentType": "application/json"}
    schema = '{"description": "' + "x" * 300_000 + '"}'
    for number in range(3):
        await gateway.call("CreateModel", **where, name=f"M{number}", schema=schema)
    made = await gateway.call("CreateDeployment", restApiId=api["id"])
    frozen = await load_snapshot(gateway.house.store, api["id"], made["id"])
    assert frozen == await draft_snapshot(gateway.house.store, PLACE, api["id"])
    await gateway.call("DeleteDeployment", restApiId=api["id"], deploymentId=made["id"])
    assert not [key for key in await gateway.records() if made["id"] in key]


async def test_the_draft_changes_nothing_that_is_live(gateway: Gateway) -> None:
    """Whoever serves watches `keys.LIVE`: edits must not wake it."""
    api = await gateway.stage()

    async def live() -> list[tuple[Key, int]]:
        found = await gateway.house.store.scan(keys.LIVE, limit=1000)
        return [(record.key, record.version) for record in found]

    before = await live()
    await gateway.mock(api, await gateway.resource(api, "pets"))
    await gateway.update("UpdateRestApi", ("replace", "/name", "other"), restApiId=api["id"])
    assert await live() == before
    await gateway.update(
        "UpdateStage", ("replace", "/variables/a", "b"), restApiId=api["id"], stageName="dev"
    )
    assert await live() != before


async def test_what_cannot_be_deployed(gateway: Gateway) -> None:
    api = await gateway.api()
    assert await gateway.fails("CreateDeployment", restApiId=api["id"]) == (
        "BadRequestException",
        "The REST API doesn't contain any methods",
    )
    where = await gateway.mock(api)
    await gateway.call("DeleteIntegration", **where)
    assert await gateway.fails("CreateDeployment", restApiId=api["id"]) == (
        "BadRequestException",
        "No integration defined for method",
    )


async def test_summary(gateway: Gateway) -> None:
    api = await gateway.stage()
    made = (await gateway.call("GetDeployments", restApiId=api["id"]))["items"][0]
    shown = await gateway.call(
        "GetDeployment", restApiId=api["id"], deploymentId=made["id"], embed=["apisummary"]
    )
    assert shown["apiSummary"] == {"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}


async def test_a_deployment_on_a_stage_keeps_what_is_not_asked_for(gateway: Gateway) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "stageName": "dev"}
    await gateway.update("UpdateStage", ("replace", "/variables/a", "b"), **where)
    await gateway.call("CreateDeployment", **where, cacheClusterEnabled=True)
    stage = await gateway.call("GetStage", **where)
    assert stage["variables"] == {"a": "b"}
    assert (stage["cacheClusterEnabled"], stage["cacheClusterSize"], stage["cacheClusterStatus"]) == (
        True,
        "0.5",
        "AVAILABLE",
    )


async def test_logging_needs_a_role(gateway: Gateway) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "stageName": "dev"}
    patches = (
        ("replace", "/*/*/logging/loglevel", "INFO"),
        ("replace", "/accessLogSettings/format", "$context.requestId"),
        ("replace", "/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:g:*"),
    )
    assert await gateway.update_fails("UpdateStage", *patches, **where) == (
        "CloudWatch Logs role ARN must be set in account settings to enable logging"
    )
    role = ("replace", "/cloudwatchRoleArn", "arn:aws:iam::000000000000:role/r")
    assert (await gateway.update("UpdateAccount", role))["cloudwatchRoleArn"] == role[2]
    stage = await gateway.update("UpdateStage", *patches, **where)
    assert stage["accessLogSettings"] == {
        "format": "$context.requestId",
        "destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:g",
    }
    assert stage["methodSettings"]["*/*"]["loggingLevel"] == "INFO"
    assert "accessLogSettings" not in await gateway.update(
        "UpdateStage", ("remove", "/accessLogSettings"), **where
    )


@pytest.mark.parametrize("spelled", ["pets/{id}", "~1pets~1{id}", "pets~1{id}"])
async def test_settings_of_a_method_are_found_however_they_are_spelled(
    gateway: Gateway, spelled: str
) -> None:
    api = await gateway.stage()
    stage = await gateway.update(
        "UpdateStage",
        ("replace", "/*/*/throttling/rateLimit", "7"),
        ("replace", f"/{spelled}/GET/throttling/burstLimit", "5"),
        restApiId=api["id"],
        stageName="dev",
    )
    own = method_settings(stage, "/pets/{id}", "GET")
    assert (own["throttlingBurstLimit"], own["throttlingRateLimit"]) == (5, 7.0)
    assert method_settings(stage, "/pets/{id}", "POST")["throttlingRateLimit"] == 7.0


@pytest.mark.parametrize(
    "patch",
    [
        ("replace", "/*/*/caching/ttlInSeconds", "3601"),
        ("replace", "/*/*/logging/loglevel", "LOUD"),
        ("replace", "/cacheClusterSize", "3"),
        ("replace", "/cacheClusterEnabled", "maybe"),
        ("replace", "/canarySettings/percentTraffic", "101"),
        ("replace", "/variables/a", "sp\u00e9cial"),
        ("replace", "/variables/a-b", "x"),
        ("replace", "/deploymentId", "nothing"),
        ("replace", "/*/*/throttling/rateLimit", "nan"),
        ("move", "/description", "x"),
    ],
)
async def test_refused_values(gateway: Gateway, patch: tuple[str, ...]) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "stageName": "dev"}
    before = await gateway.call("GetStage", **where)
    await gateway.update_fails("UpdateStage", patch, **where)
    assert await gateway.call("GetStage", **where) == before


async def test_flushes_are_counted(gateway: Gateway) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "stageName": "dev"}
    await gateway.call("FlushStageCache", **where)
    await gateway.call("FlushStageCache", **where)
    await gateway.call("FlushStageAuthorizersCache", **where)
    stage = await load_stage(gateway.house.store, api["id"], "dev")
    assert stage is not None
    assert (stage["cacheEpoch"], stage["authorizerEpoch"]) == (2, 1)


async def test_missing_stages(gateway: Gateway) -> None:
    api = await gateway.stage()
    where = {"restApiId": api["id"], "stageName": "none"}
    assert await gateway.fails("GetStage", **where) == (
        "NotFoundException",
        "Invalid stage identifier specified",
    )
    deployment = (await gateway.call("GetDeployments", restApiId=api["id"]))["items"][0]["id"]
    twice = {"restApiId": api["id"], "stageName": "dev", "deploymentId": deployment}
    assert await gateway.fails("CreateStage", **twice) == ("ConflictException", "Stage already exists")
    assert await gateway.fails("CreateStage", **where, deploymentId="none") == (
        "NotFoundException",
        "Invalid Deployment identifier specified",
    )
