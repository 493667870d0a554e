"""What a stage may be: names, variables, canary, cache cluster, access logs. Builds the record; pure but for look-ups."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import STAGE_VARIABLE_CHARS_MAX
from fogbank.services.apigateway.records import shape
from fogbank.services.apigateway.service import bad_request, not_found
from fogbank.services.apigateway.state import ApiGateway

NO_DEPLOYMENT = "Deployment id does not exist"
CACHE_SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9 \-._~:/?#&=,@*+%]*")


def check_stage_name(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_\-]{1,128}", name):
        raise bad_request("Stage name only allows a-zA-Z0-9_")


def check_variables(variables: dict[str, str] | None) -> None:
    for name, value in (variables or {}).items():
        check_variable(name, value)


def check_variable(name: str, value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise bad_request(
            f"Stage variable name '{name}' is invalid. Please use alphanumeric characters and underscores."
        )
    if len(value) > STAGE_VARIABLE_CHARS_MAX or not VARIABLE_VALUE.fullmatch(value):
        raise bad_request(
            f"Stage variable value '{value}' is invalid. Please use values with alphanumeric characters and the "
            "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
        )


def new_stage(
    name: str,
    deployment_id: str,
    now_ms: int,
    *,
    description: str | None,
    variables: dict[str, str] | None,
    cache_cluster_enabled: bool,
    cache_cluster_size: str | None,
    tracing_enabled: bool,
    documentation_version: str | None = None,
    canary: Wire | None = None,
    tags: dict[str, str] | None = None,
) -> Wire:
    """The Stage record."""
    check_stage_name(name)
    check_variables(variables)
    stage = shape(
        deploymentId=deployment_id,
        stageName=name,
        description=description or None,
        methodSettings={},
        variables=variables or None,
        documentationVersion=documentation_version or None,
        canarySettings=canary,
        tracingEnabled=tracing_enabled,
        tags=tags or None,
        createdDate=now_ms,
        lastUpdatedDate=now_ms,
    )
    set_cache(stage, cache_cluster_enabled, cache_cluster_size)
    return stage


def set_cache(stage: Wire, enabled: bool, size: str | None) -> None:
    """A cache cluster is there at once: AWS takes some minutes (CREATE_IN_PROGRESS)."""
    if size is not None and size not in CACHE_SIZES:
        raise bad_request(
            f"Invalid cache cluster size specified: {size}. Must be one of: [{', '.join(CACHE_SIZES)}]"
        )
    stage["cacheClusterEnabled"] = enabled
    stage["cacheClusterStatus"] = "AVAILABLE" if enabled else "NOT_AVAILABLE"
    if enabled:
        stage["cacheClusterSize"] = size or stage.get("cacheClusterSize") or "0.5"
    elif size is not None:
        stage["cacheClusterSize"] = size


def canary_of(asked: Wire, deployment_id: str) -> Wire:
    """CanarySettings as they are kept; `deployment_id` is what the canary serves unless it names another one."""
    check_percent(asked.get("percentTraffic", 0.0))
    check_variables(asked.get("stageVariableOverrides"))
    return shape(
        percentTraffic=float(asked.get("percentTraffic", 0.0)),
        deploymentId=asked.get("deploymentId") or deployment_id,
        stageVariableOverrides=asked.get("stageVariableOverrides") or None,
        useStageCache=bool(asked.get("useStageCache", False)),
    )


def check_percent(percent: float) -> None:
    if not 0.0 <= percent <= 100.0:
        raise bad_request("Canary percentTraffic must be between 0.0 and 100.0")


def check_access_logs(settings: Wire) -> None:
    arn = parse_arn(settings.get("destinationArn", ""))
    if arn is None or not (
        (arn.service == "logs" and arn.resource.startswith("log-group:"))
        or (arn.service == "firehose" and arn.resource.startswith("deliverystream/amazon-apigateway-"))
    ):
        raise bad_request("Invalid ARN specified in the request")
    if arn.service == "firehose":
        raise NotSupported("access logs to Firehose")
    log_format = settings.get("format")
    if log_format and not re.search(r"\$context\.(requestId|extendedRequestId)\b", log_format):
        raise bad_request("Access log format must contain $context.requestId or $context.extendedRequestId")


async def check_stage(ctx: Call[ApiGateway], api_id: str, stage: Wire) -> None:
    """What a stage names is there: deployments, documentation version, client certificate, the role that logs."""
    store, place = ctx.state.store, place_of(ctx)
    canary = stage.get("canarySettings") or {}
    for deployment_id in {stage["deploymentId"], canary.get("deploymentId", stage["deploymentId"])}:
        if await read(store, keys.part(api_id, "deployment", deployment_id)) is None:
            raise bad_request(NO_DEPLOYMENT)
    version = stage.get("documentationVersion")
    if version and await read(store, keys.part(api_id, "docversion", version)) is None:
        raise not_found("Invalid Documentation version specified")
    certificate = stage.get("clientCertificateId")
    if certificate and await read(store, keys.owned(place, "certificate", certificate)) is None:
        raise not_found("Invalid Client Certificate identifier specified")
    if _logs(stage):
        account = await read(store, keys.owned(place, "account"))
        if account is None or "cloudwatchRoleArn" not in account.wire:
            raise bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")


def _logs(stage: Wire) -> bool:
    """Whether it asks for execution logs or access logs in CloudWatch Logs."""
    settings: dict[str, Any] = stage.get("methodSettings") or {}
    access = stage.get("accessLogSettings", {}).get("destinationArn", "")
    return ":logs:" in access or any(
        setting.get("loggingLevel", "OFF") != "OFF" for setting in settings.values()
    )
