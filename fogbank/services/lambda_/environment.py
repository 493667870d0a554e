"""A function's environment variables: what may be set, how large they may be, and how they are sealed at rest."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import orjson

from fogbank.core.errors import StoreError
from fogbank.core.limits import ENVIRONMENT_BYTES_MAX
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.names import FunctionName
from fogbank.store.secrets import Secrets

_LABEL = "lambda environment"
_UNABLE = "Lambda was unable to configure your environment variables because the environment variables you have provided"
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def check_variables(variables: Mapping[str, str]) -> None:
    """Refuse reserved names and more than 4 KB, in AWS's words."""
    if taken := [name for name in variables if name in RESERVED]:
        raise invalid_parameter(
            f"{_UNABLE} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    measured = orjson.dumps(variables)
    if len(measured) > ENVIRONMENT_BYTES_MAX:
        raise invalid_parameter(
            f"{_UNABLE} exceeded the {ENVIRONMENT_BYTES_MAX // 1024}KB limit. String measured: {measured.decode()}"
        )


def seal_variables(secrets: Secrets, name: FunctionName, variables: Mapping[str, str]) -> str:
    """The variables as they are stored: readable only under this data directory's key and for this function."""
    sealed = secrets.seal(_LABEL, orjson.dumps(variables), name.arn.encode())
    return base64.b64encode(sealed).decode()


def open_variables(secrets: Secrets, name: FunctionName, sealed: str | None) -> dict[str, str]:
    """The variables again; {} when none were set. StoreError when the data directory's key is another one."""
    if sealed is None:
        return {}
    opened = secrets.open(_LABEL, base64.b64decode(sealed), name.arn.encode())
    if opened is None:
        raise StoreError(f"the environment of {name.arn} was sealed under another master key")
    variables: dict[str, str] = orjson.loads(opened)
    return variables
