"""The settings of a state machine that are no definition: role, logging, tracing, encryption, tags. Checked and shown."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, NotSupported
from fogbank.model.call import Call
from fogbank.services.stepfunctions.errors import too_many_tags
from fogbank.services.stepfunctions.limits import TAGS_MAX
from fogbank.services.stepfunctions.records import LOGGING_OFF
from fogbank.services.stepfunctions.service import SERVICE

#: What every resource answers: other keys are refused.
OWNED_KEY = {"type": "AWS_OWNED_KEY"}
_ROLE = re.compile(r"role/.+")


def check_role(role_arn: str) -> None:
    """InvalidArn for what is no role's ARN. Whether the role may be assumed shows when a task does."""
    arn = parse_arn(role_arn)
    if arn is None or arn.service != "iam" or not _ROLE.fullmatch(arn.resource):
        raise SERVICE.error("InvalidArn", f"Invalid Role Arn: '{role_arn}'")


async def check_trust(ctx: Call[Any], role_arn: str, machine_arn: str) -> None:
    """AccessDeniedException for a role that does not trust Step Functions. Open mode takes made-up ones."""
    if not ctx.calls.enforces:
        return
    services = ("states.amazonaws.com", f"states.{ctx.region}.amazonaws.com")
    asked = {"role_arn": role_arn, "services": services, "source_arn": machine_arn}
    if not await ctx.calls.internal("sts", "service_may_assume", ctx.caller, **asked):
        message = (
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
            "provided role."
        )
        raise AwsError("AccessDeniedException", message)


def logging_of(given: dict[str, Any] | None) -> dict[str, Any]:
    """LoggingConfiguration with its defaults, or InvalidLoggingConfiguration."""
    if given is None:
        return dict(LOGGING_OFF)
    level = given.get("level", "OFF")
    destinations = given.get("destinations") or []
    if (level != "OFF" and len(destinations) != 1) or len(destinations) > 1:
        raise invalid_logging("Must specify exactly one Log Destination.")
    configuration: dict[str, Any] = {
        "level": level,
        "includeExecutionData": bool(given.get("includeExecutionData", False)),
    }
    if destinations:
        configuration["destinations"] = [
            {"cloudWatchLogsLogGroup": {"logGroupArn": _group_arn(destinations[0])}}
        ]
    return configuration


def log_group_of(logging: dict[str, Any] | None) -> str | None:
    """The log group's name that a LoggingConfiguration writes to; None when it is off."""
    if not logging or logging.get("level", "OFF") == "OFF" or not logging.get("destinations"):
        return None
    arn = parse_arn(logging["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"])
    return None if arn is None else arn.resource.removeprefix("log-group:").removesuffix(":*")


def tracing_of(given: dict[str, Any] | None) -> bool:
    """Whether executions hand a trace on to their tasks, and give their segments to whoever takes them (`tracing.py`)."""
    return given is not None and bool(given.get("enabled", False))


def check_encryption(given: dict[str, Any] | None) -> None:
    """The owned key is what everything has; KMS is not there yet."""
    if given is None:
        return
    if given["type"] != "AWS_OWNED_KEY":
        raise NotSupported(f"stepfunctions with encryptionConfiguration.type {given['type']}")
    if "kmsKeyId" in given or "kmsDataKeyReusePeriodSeconds" in given:  # the sentence is a guess
        raise SERVICE.error(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId and kmsDataKeyReusePeriodSeconds belong to "
            "CUSTOMER_MANAGED_KMS_KEY.",
        )


def tags_of(
    given: list[dict[str, str]] | None, arn: str, before: dict[str, str] | None = None
) -> dict[str, str]:
    """`before` with the given tags set. TooManyTags."""
    tags = dict(before or {})
    for tag in given or []:
        if "key" in tag:
            tags[tag["key"]] = tag.get("value", "")
    if len(tags) > TAGS_MAX:
        raise too_many_tags(arn)
    return tags


def _group_arn(destination: dict[str, Any]) -> str:
    group = destination.get("cloudWatchLogsLogGroup") or {}
    text = str(group.get("logGroupArn", ""))
    arn = parse_arn(text)
    if arn is None or arn.service != "logs" or not arn.resource.startswith("log-group:"):
        raise invalid_logging("The CloudWatch Logs Resource Arn is not valid.")  # the sentence is a guess
    if not arn.resource.endswith(":*"):
        raise invalid_logging("CloudWatch Logs log group ARN must end with :*")  # the sentence is a guess
    return text


def invalid_logging(problem: str) -> Exception:
    return SERVICE.error("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {problem}")
