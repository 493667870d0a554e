"""IAM's names for what an operation does and what it does it to. Pure.

An action is mostly `prefix:Operation`; the exceptions are AWS's own. Resources are named as AWS's refusals name them: the
ARN of what the request speaks of, `*` where an action has no resource.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn, partition_of
from fogbank.model.call import Caller
from fogbank.model.service import Operation

# IAM prefixes that are not the service's signing name.
PREFIXES = {"cloudwatch": "cloudwatch"}
# Operations whose action has another name (Service Authorization Reference).
ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
}
GLOBAL = frozenset({"iam", "sts"})
# Input member → the resource it names; the first that is sent counts.
RESOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "lambda": (("FunctionName", "function:"), ("LayerName", "layer:")),
    "logs": (("logGroupName", "log-group:"), ("destinationName", "destination:")),
    "cloudwatch": (("AlarmName", "alarm:"), ("DashboardName", "dashboard/")),
    "iam": (
        ("UserName", "user/"),
        ("RoleName", "role/"),
        ("GroupName", "group/"),
        ("InstanceProfileName", "instance-profile/"),
        ("PolicyName", "policy/"),
    ),
    "sts": (),
    "dynamodb": (("TableName", "table/"),),
}


def action_of(operation: Operation) -> str:
    """`lambda:InvokeFunction`."""
    service = operation.service
    prefix = PREFIXES.get(service.name, service.model.signing_name)
    return f"{prefix}:{ACTIONS.get((service.name, operation.name), operation.name)}"


def resource_of(caller: Caller, operation: Operation, params: dict[str, Any]) -> str:
    """The ARN that the request is about, or `*`."""
    service = operation.service.name
    arns = [
        value for name, value in params.items() if name.lower().endswith("arn") and isinstance(value, str)
    ]
    for member, kind in RESOURCES.get(service, ()):
        name = params.get(member)
        if not isinstance(name, str):
            continue
        if parse_arn(name) is not None:
            return name
        region = "" if service in GLOBAL else caller.region
        prefix = PREFIXES.get(service, operation.service.model.signing_name)
        end = ":log-stream:" if service == "logs" and member == "logGroupName" else ""
        return f"arn:{partition_of(caller.region)}:{prefix}:{region}:{caller.account}:{kind}{name}{end}"
    return arns[0] if arns and parse_arn(arns[0]) is not None else "*"
