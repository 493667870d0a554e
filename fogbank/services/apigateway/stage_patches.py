"""UpdateStage's patches. Stages refuse in words of their own, recorded from AWS; so this is no `Patches` table.

Three kinds of path: members of the stage, method settings (`/{resourcePath}/{httpMethod}/throttling/burstLimit`), and the
canary, which `copy` promotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.limits import BURST_LIMIT_DEFAULT, CACHE_TTL_S_MAX, RATE_LIMIT_DEFAULT
from fogbank.services.apigateway.patching import (
    Patch,
    set_or_drop,
    to_boolean,
    to_float,
    to_integer,
    unescape,
)
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.stage_rules import canary_of, check_percent, check_variable, set_cache

#: AWS's own text, its missing commas included.
VALID_PATHS = (
    "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, "
    "/accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, "
    "/{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, "
    "/{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit"
    "/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, "
    "/{resourcePath}/{httpMethod}/caching/dataEncrypted, "
    "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
    "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, "
    "/*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit "
    "/*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, "
    "/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, "
    "/variables/{variable_name}, /tracingEnabled"
)
COPIES = {
    "/deploymentId": "/canarySettings/deploymentId",
    "/variables": "/canarySettings/stageVariableOverrides",
}
SETTING = re.compile(
    r"/(?P<method>.+/(?:GET|PUT|POST|DELETE|PATCH|OPTIONS|HEAD|ANY|\*))/(?P<setting>\w+/\w+)"
)
STRATEGIES = ("FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER")


def apply(stage: Wire, patches: list[Patch]) -> None:
    """Change a stage by every patch, in order. Raises BadRequestException."""
    for patch in patches:
        match patch.op:
            case "replace":
                _replace(stage, patch)
            case "add" if patch.path.startswith("/variables/"):
                _replace(stage, patch)
            case "remove":
                _remove(stage, patch)
            case "copy":
                _copy(stage, patch)
            case op:
                raise bad_request(f"Invalid {op} operation with path: {patch.path}")


def invalid_path(patch: Patch) -> Exception:
    return bad_request(f"Invalid method setting path: {patch.path}. Must be one of: [{VALID_PATHS}]")


# --- replace ----------------------------------------------------------------------------------------------------------


def _replace(stage: Wire, patch: Patch) -> None:
    steps = [unescape(step) for step in patch.path.split("/")[1:]]
    match steps:
        case ["description" | "clientCertificateId" | "documentationVersion" as member]:
            set_or_drop(stage, member, patch.value or None)
        case ["deploymentId"]:
            stage["deploymentId"] = patch.value
        case ["cacheClusterEnabled"]:
            set_cache(stage, to_boolean(patch), None)
        case ["cacheClusterSize"]:
            set_cache(stage, stage["cacheClusterEnabled"], patch.value)
        case ["tracingEnabled"]:
            stage["tracingEnabled"] = to_boolean(patch)
        case ["variables", name]:
            check_variable(name, patch.value or "")
            stage["variables"] = (stage.get("variables") or {}) | {name: patch.value or ""}
        case ["accessLogSettings", "destinationArn" | "format" as member]:
            settings = stage.setdefault("accessLogSettings", {})
            value = patch.value
            if member == "destinationArn" and value:
                value = value.removesuffix(":*")
            set_or_drop(settings, member, value or None)
        case ["canarySettings", *rest]:
            _replace_canary(stage, patch, rest)
        case _:
            _replace_setting(stage, patch)


def _replace_canary(stage: Wire, patch: Patch, steps: list[str]) -> None:
    """The first of these makes the canary: of the stage's own deployment and no traffic."""
    canary = stage.get("canarySettings") or canary_of({}, stage["deploymentId"])
    match steps:
        case ["percentTraffic"]:
            canary["percentTraffic"] = to_float(patch)
            check_percent(canary["percentTraffic"])
        case ["deploymentId"]:
            canary["deploymentId"] = patch.value
        case ["useStageCache"]:
            canary["useStageCache"] = to_boolean(patch)
        case ["stageVariableOverrides", name]:
            check_variable(name, patch.value or "")
            canary["stageVariableOverrides"] = (canary.get("stageVariableOverrides") or {}) | {
                name: patch.value or ""
            }
        case _:
            raise invalid_path(patch)
    stage["canarySettings"] = canary


def _level(patch: Patch) -> str:
    if patch.value not in ("OFF", "ERROR", "INFO"):
        raise bad_request(
            f"Invalid logging level specified: {patch.value}. Must be one of: [OFF, ERROR, INFO]"
        )
    return patch.value


def _ttl(patch: Patch) -> int:
    ttl = to_integer(patch)
    if not 0 <= ttl <= CACHE_TTL_S_MAX:
        raise bad_request(f"Cache TTL must be between 0 and {CACHE_TTL_S_MAX} seconds")
    return ttl


def _strategy(patch: Patch) -> str:
    if patch.value not in STRATEGIES:
        raise bad_request(
            f"Invalid strategy specified: {patch.value}. Must be one of: [{', '.join(STRATEGIES)}]"
        )
    return patch.value


SETTINGS: dict[str, tuple[str, Callable[[Patch], object]]] = {
    "metrics/enabled": ("metricsEnabled", to_boolean),
    "logging/dataTrace": ("dataTraceEnabled", to_boolean),
    "logging/loglevel": ("loggingLevel", _level),
    "throttling/burstLimit": ("throttlingBurstLimit", to_integer),
    "throttling/rateLimit": ("throttlingRateLimit", to_float),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", _ttl),
    "caching/enabled": ("cachingEnabled", to_boolean),
    "caching/dataEncrypted": ("cacheDataEncrypted", to_boolean),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", to_boolean),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", _strategy),
}


def default_setting() -> Wire:
    """What a method's setting holds besides what was set, where the stage's `*/*` says nothing."""
    return {
        "metricsEnabled": False,
        "dataTraceEnabled": False,
        "throttlingBurstLimit": BURST_LIMIT_DEFAULT,
        "throttlingRateLimit": RATE_LIMIT_DEFAULT,
        "cachingEnabled": False,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": False,
        "requireAuthorizationForCacheControl": True,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }


def _replace_setting(stage: Wire, patch: Patch) -> None:
    found = SETTING.fullmatch(patch.path)
    known = SETTINGS.get(found["setting"]) if found is not None else None
    if found is None or known is None:
        raise invalid_path(patch)
    member, convert = known
    settings: dict[str, Wire] = stage["methodSettings"]
    held = settings.get(found["method"])
    if held is None:
        held = dict(settings.get("*/*") or default_setting())
    held[member] = convert(patch)
    settings[found["method"]] = held


# --- remove and copy --------------------------------------------------------------------------------------------------


def _remove(stage: Wire, patch: Patch) -> None:
    steps = [unescape(step) for step in patch.path.split("/")[1:]]
    match steps:
        case ["canarySettings" | "accessLogSettings" as member]:
            stage.pop(member, None)
        case ["variables", name] if name in (stage.get("variables") or {}):
            del stage["variables"][name]
            set_or_drop(stage, "variables", stage["variables"] or None)
        case ["canarySettings", "stageVariableOverrides", name] if name in _overrides(stage):
            overrides = _overrides(stage)
            del overrides[name]
            set_or_drop(stage["canarySettings"], "stageVariableOverrides", overrides or None)
        case _:
            key = patch.path[1:]
            if key not in stage["methodSettings"]:
                raise bad_request(
                    f"Cannot remove method setting {key} because there is no method setting for this method "
                )
            del stage["methodSettings"][key]


def _overrides(stage: Wire) -> dict[str, str]:
    found: dict[str, str] = (stage.get("canarySettings") or {}).get("stageVariableOverrides") or {}
    return found


def _copy(stage: Wire, patch: Patch) -> None:
    """Promote the canary's deployment, or its variables, to the stage. The canary stays until it is removed."""
    if COPIES.get(patch.path) != patch.source:
        raise bad_request(
            f"Invalid copy operation with path: {patch.path} and from {patch.source}. Valid copy:path are "
            f"[{', '.join(COPIES)}] and valid copy:from are [{', '.join(COPIES.values())}]"
        )
    if "canarySettings" not in stage:
        raise bad_request("Promotion not available. Canary does not exist.")
    if patch.path == "/deploymentId":
        stage["deploymentId"] = stage["canarySettings"]["deploymentId"]
    elif overrides := _overrides(stage):
        stage["variables"] = (stage.get("variables") or {}) | overrides
