"""What the settings of a function may be, checked beyond the model, and refused where fogbank cannot keep them. Pure."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.core.limits import CODE_UNZIPPED_BYTES_MAX, MEMORY_MB_MAX, TIMEOUT_S_MAX
from fogbank.model.calls import Calls
from fogbank.services.lambda_.errors import invalid_parameter, validation
from fogbank.services.lambda_.records import LayerUse, Logging
from fogbank.services.lambda_.role_permissions import OPERATIONS

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_LEVEL_DEFAULT = "INFO"


def host_architecture() -> str:
    """The architecture of functions that this machine can run, in Lambda's words."""
    machine = platform.machine().lower()
    return _MACHINES.get(machine, machine)


def check_sizes(timeout_s: int | None, memory_mb: int | None) -> None:
    """Bounds that botocore's model has wider than Lambda functions have."""
    if timeout_s is not None and timeout_s > TIMEOUT_S_MAX:
        constraint = f"Member must have value less than or equal to {TIMEOUT_S_MAX}"
        raise validation(timeout_s, "timeout", constraint)
    if memory_mb is not None and memory_mb > MEMORY_MB_MAX:
        constraint = f"Member must have value less than or equal to {MEMORY_MB_MAX}"
        raise validation(memory_mb, "memorySize", constraint)


def architecture_of(architectures: list[str] | None, current: str | None = None) -> str:
    """The one architecture, by default this machine's; NotSupported where the machine has another."""
    wanted = architectures[0] if architectures else current or host_architecture()
    if wanted != host_architecture():
        raise NotSupported(f"architecture {wanted} on a machine that is {host_architecture()}")
    return wanted


def refuse_unless_empty(
    vpc: dict[str, Any] | None,
    file_systems: list[Any] | None,
    image: dict[str, Any] | None,
    kms_key_arn: str | None,
    snap_start: dict[str, Any] | None,
) -> None:
    """Settings that mean nothing while they are empty, as clients send them to clear them, and 501 otherwise."""
    if vpc and (vpc.get("SubnetIds") or vpc.get("SecurityGroupIds") or vpc.get("Ipv6AllowedForDualStack")):
        raise NotSupported("VpcConfig of Lambda functions")
    if file_systems:
        raise NotSupported("FileSystemConfigs of Lambda functions")
    if image and any(image.values()):
        raise NotSupported("ImageConfig of Lambda functions")
    if kms_key_arn:
        raise NotSupported("KMSKeyArn of Lambda functions")
    if snap_start and snap_start.get("ApplyOn", "None") != "None":
        raise NotSupported("SnapStart of Lambda functions")


def dead_letter_of(config: dict[str, Any] | None, calls: Calls) -> str | None:
    """The ARN of a DeadLetterConfig; "" when it is to be cleared, None when nothing is said, as an empty object does."""
    target: str | None = (config or {}).get("TargetArn")
    if not target:
        return target
    arn = parse_arn(target)
    if arn is None or arn.service not in ("sqs", "sns"):
        raise invalid_parameter(f"The provided target ARN {target} is invalid.")
    calls.find(arn.service, OPERATIONS[arn.service])  # 501 while it is not there
    return target


def logging_of(wanted: dict[str, Any] | None, function_name: str, current: Logging) -> Logging:
    """The logging settings after `wanted` (LoggingConfig) was laid over `current`."""
    if wanted is None:
        return current
    log_format = wanted.get("LogFormat", current.log_format)
    application, system = wanted.get("ApplicationLogLevel"), wanted.get("SystemLogLevel")
    group = wanted.get("LogGroup", current.group)
    if group == f"/aws/lambda/{function_name}":
        group = None
    if log_format == "JSON":
        application = application or current.application_level or _LEVEL_DEFAULT
        system = system or current.system_level or _LEVEL_DEFAULT
    elif application or system:
        raise invalid_parameter(
            "ApplicationLogLevel and SystemLogLevel can only be set when LogFormat is JSON."
        )
    return Logging(log_format, application, system, group)


def check_unzipped(code_bytes: int, layers: Iterable[LayerUse]) -> None:
    """The function and its layers together."""
    actual = code_bytes + sum(layer.unzipped_bytes for layer in layers)
    if actual > CODE_UNZIPPED_BYTES_MAX:
        raise invalid_parameter(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{CODE_UNZIPPED_BYTES_MAX} bytes. The actual size is {actual} bytes."
        )
