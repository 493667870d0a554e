"""The runtimes that AWS has: which may be used for new functions, and which it no longer takes."""

from __future__ import annotations

import hashlib

from fogbank.core.arn import partition_of
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.service import SERVICE

#: What AWS takes for new functions. Whether this machine can run one shows when the function settles.
SUPPORTED = (
    "nodejs26.x",
    "nodejs24.x",
    "nodejs22.x",
    "nodejs20.x",
    "nodejs18.x",
    "nodejs16.x",
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3.9",
    "python3.8",
    "java25",
    "java21",
    "java17",
    "java17.al2023",
    "java11",
    "java11.al2023",
    "java8.al2023",
    "java8.al2",
    "dotnet10",
    "dotnet8",
    "dotnet6",
    "ruby4.0",
    "ruby3.4",
    "ruby3.3",
    "ruby3.2",
    "provided.al2023",
    "provided.al2",
)
#: In the model for older functions only, or for other products.
_NEVER = frozenset({"nodejs4.3-edge", "custom"})


def runtimes_known() -> tuple[str, ...]:
    """Every runtime that AWS has or had."""
    return SERVICE.model.shape("Runtime").enum


def check_runtime(runtime: str) -> None:
    """Refuse a runtime that AWS never had, or no longer takes."""
    if runtime in SUPPORTED:
        return
    if runtime in runtimes_known() and runtime not in _NEVER:
        raise invalid_parameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    raise invalid_parameter(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        f"[{', '.join(SUPPORTED)}] or be a valid ARN"
    )


def runtime_version_arn(region: str, runtime: str) -> str:
    """The ARN of the one version of `runtime` that this fogbank runs."""
    digest = hashlib.sha256(f"fogbank {runtime}".encode()).hexdigest()
    return f"arn:{partition_of(region)}:lambda:{region}::runtime:{digest}"
