"""IAM's names for what an operation does and what it does it to. Pure.

An action is mostly `prefix:Operation`; the exceptions are AWS's own. Resources are named as AWS's refusals name them: the
ARN of what the request speaks of, `*` where an action has no resource.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

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
#: Services whose actions are HTTP methods, on resources that are the path of the request.
BY_PATH = frozenset({"apigateway", "apigatewayv2"})
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
    "dynamodb": (("TableName", "table/"), ("SourceTableName", "table/")),
}


def action_of(operation: Operation) -> str:
    """`lambda:InvokeFunction`."""
    service = operation.service
    prefix = PREFIXES.get(service.name, service.model.signing_name)
    if service.name in BY_PATH:
        return f"{prefix}:{operation.model.method}"
    return f"{prefix}:{ACTIONS.get((service.name, operation.name), operation.name)}"


def resource_of(caller: Caller, operation: Operation, params: dict[str, Any]) -> str:
    """The ARN that the request is about, or `*`."""
    service = operation.service.name
    if service in BY_PATH:
        prefix = operation.service.model.signing_name
        path = _filled(operation, params)
        return f"arn:{partition_of(caller.region)}:{prefix}:{caller.region}::{path}"
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


def _filled(operation: Operation, params: dict[str, Any]) -> str:
    """The path of an operation with its members in it (a resource's ARN escaped, as in the request), `*` for one that is missing."""
    path = operation.model.uri.partition("?")[0]
    members = operation.model.input.members if operation.model.input else {}
    for name, member in members.items():
        if member.trait("location") == "uri":
            value = quote(str(params.get(name, "*")), safe="*")
            path = path.replace(f"{{{member.trait('locationName', name)}}}", value)
    return path
