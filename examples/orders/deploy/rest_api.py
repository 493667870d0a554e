"""The REST API: its stage with a cache and a canary, API keys, usage plans with throttle and quota."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deploy.apis_v2 import STAGE, allow
from deploy.openapi import document

CANARY_PERCENT = 25
CACHE_TTL_S = 300
PLANS: dict[str, dict[str, Any]] = {
    "orders-shop": {
        "throttle": {"rateLimit": 200.0, "burstLimit": 100},
        "quota": {"limit": 100_000, "period": "DAY"},
    },
    "orders-trial": {
        "throttle": {"rateLimit": 0.01, "burstLimit": 2},
        "quota": {"limit": 1_000, "period": "DAY"},
    },
}


@dataclass(frozen=True)
class RestApi:
    """How to call it."""

    id: str
    keys: dict[str, str]  # value by plan
    key_ids: dict[str, str]
    plan_ids: dict[str, str]


def put_rest_api(client: Any, lambda_: Any, role: str, catalogue: str, machine: str) -> RestApi:
    """Create the API or bring it up to date, deploy it, and a canary of the next release beside it."""
    body = json.dumps(document(client.meta.region_name, role, catalogue, machine)).encode()
    names = {found["name"]: found["id"] for found in _all(client, "get_rest_apis")}
    if api := names.get("orders"):
        client.put_rest_api(restApiId=api, mode="overwrite", body=body, failOnWarnings=True)
    else:
        api = client.import_rest_api(body=body, failOnWarnings=True)["id"]
    allow(lambda_, catalogue, "orders-api")
    _put_stage(client, api)
    ids = {name: _put_plan(client, api, name, settings) for name, settings in PLANS.items()}
    keys = {name: _put_key(client, name, plan) for name, plan in ids.items()}
    return RestApi(
        api,
        {name: key["value"] for name, key in keys.items()},
        {name: key["id"] for name, key in keys.items()},
        ids,
    )


def _all(client: Any, operation: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page["items"]]


def _put_stage(client: Any, api: str) -> None:
    deployment = client.create_deployment(restApiId=api, description="release 1")["id"]
    cached = "/~1catalogue/GET/caching"
    patch: list[dict[str, str]] = [
        {"op": "replace", "path": "/cacheClusterEnabled", "value": "true"},
        {"op": "replace", "path": "/cacheClusterSize", "value": "0.5"},
        {"op": "replace", "path": f"{cached}/enabled", "value": "true"},
        {"op": "replace", "path": f"{cached}/ttlInSeconds", "value": str(CACHE_TTL_S)},
        {"op": "replace", "path": "/variables/release", "value": "one"},
    ]
    try:
        client.create_stage(restApiId=api, stageName=STAGE, deploymentId=deployment)
    except client.exceptions.ConflictException:
        patch += [
            {"op": "remove", "path": "/canarySettings"},
            {"op": "replace", "path": "/deploymentId", "value": deployment},
        ]
    client.update_stage(restApiId=api, stageName=STAGE, patchOperations=patch)
    client.create_deployment(
        restApiId=api,
        stageName=STAGE,
        description="release 2, on trial",
        canarySettings={
            "percentTraffic": float(CANARY_PERCENT),
            "stageVariableOverrides": {"release": "two"},
            "useStageCache": True,
        },
    )


def _put_plan(client: Any, api: str, name: str, settings: dict[str, Any]) -> str:
    plans = {plan["name"]: plan for plan in _all(client, "get_usage_plans")}
    if name not in plans:
        stages = [{"apiId": api, "stage": STAGE}]
        return str(client.create_usage_plan(name=name, apiStages=stages, **settings)["id"])
    plan = plans[name]
    values = {
        f"/{part}/{member}": str(value)
        for part, members in settings.items()
        for member, value in members.items()
    }
    patch = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    if api not in [stage["apiId"] for stage in plan["apiStages"]]:
        patch.append({"op": "add", "path": "/apiStages", "value": f"{api}:{STAGE}"})
    client.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch)
    return str(plan["id"])


def _put_key(client: Any, name: str, plan: str) -> dict[str, Any]:
    """The key of that name, in its plan."""
    keys = {key["name"]: key for key in _all(client, "get_api_keys", nameQuery=name, includeValues=True)}
    key = keys.get(name) or client.create_api_key(name=name, enabled=True)
    try:
        client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    except client.exceptions.ConflictException:
        pass  # it is in there
    return dict(key)
