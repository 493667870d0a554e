"""How Lambda shows what it stores: FunctionConfiguration and its parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.clock import iso8601
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.phases import shown
from fogbank.services.lambda_.records import Alias, Logging, Version
from fogbank.services.lambda_.runtimes import runtime_version_arn

#: What a FunctionConfiguration has in answers about one function, and not in lists.
_ONLY_IN_DETAIL = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
)


def configuration(
    name: FunctionName, version: Version, variables: Mapping[str, str] | None, *, arn: str | None = None
) -> dict[str, Any]:
    """FunctionConfiguration. `arn` is what FunctionArn shows: by default the function's, as `name` qualifies it."""
    rendered: dict[str, Any] = {
        "FunctionName": name.name,
        "FunctionArn": arn or name.qualified_arn,
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code_bytes,
        "CodeSha256": version.code_sha256,
        "Description": version.description,
        "Timeout": version.timeout_s,
        "MemorySize": version.memory_mb,
        "LastModified": iso8601(version.modified_ms),
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing},
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.tmp_mb},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": runtime_version_arn(name.region, version.runtime)},
        "LoggingConfig": logging_config(name.name, version.logging),
    }
    rendered |= shown(version.phase, version.failure, version.failure_code)
    if variables is not None:
        rendered["Environment"] = {"Variables": dict(variables)}
    if version.dead_letter_arn is not None:
        rendered["DeadLetterConfig"] = {"TargetArn": version.dead_letter_arn}
    if version.layers:
        rendered["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.size_bytes} for layer in version.layers]
    return rendered


def listed(rendered: dict[str, Any]) -> dict[str, Any]:
    """A FunctionConfiguration as lists show it."""
    for member in _ONLY_IN_DETAIL:
        rendered.pop(member, None)
    return rendered


def log_group_of(function_name: str, logging: Logging) -> str:
    """The log group a function writes to."""
    return logging.group or f"/aws/lambda/{function_name}"


def logging_config(function_name: str, logging: Logging) -> dict[str, str]:
    """LoggingConfig."""
    rendered = {"LogFormat": logging.log_format, "LogGroup": log_group_of(function_name, logging)}
    if logging.application_level is not None:
        rendered["ApplicationLogLevel"] = logging.application_level
    if logging.system_level is not None:
        rendered["SystemLogLevel"] = logging.system_level
    return rendered


def alias_configuration(name: FunctionName, alias: Alias) -> dict[str, Any]:
    """AliasConfiguration."""
    rendered: dict[str, Any] = {
        "AliasArn": f"{name.arn}:{alias.name}",
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        rendered["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return rendered
