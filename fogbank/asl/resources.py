"""What a Task state's `Resource` names: a function, an activity, or an action of a service with its pattern.

This is syntax only, as the history tells it (`resourceType`, `resource`). Which services and actions exist, and what
they do, is known to whoever runs tasks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class TaskKind(Enum):
    """Decides the family of history events."""

    LAMBDA = "lambda"  # the ARN of a function: LambdaFunctionScheduled…
    ACTIVITY = "activity"  # the ARN of an activity: ActivityScheduled…
    SERVICE = "service"  # arn:aws:states:::service:action: TaskScheduled…
    SDK = "aws-sdk"  # arn:aws:states:::aws-sdk:service:action: TaskScheduled…


class Pattern(Enum):
    """What ends a task of a service; the value is the suffix of the resource."""

    REQUEST_RESPONSE = ""
    SYNC = ".sync"
    SYNC_2 = ".sync:2"
    CALLBACK = ".waitForTaskToken"


@dataclass(frozen=True, slots=True)
class TaskResource:
    """`arn` as written. `service` is `lambda`, `states`, `dynamodb`…; `action` is camelCase without the pattern.

    `region` and `account` are those of a function's or an activity's ARN, "" for services.
    """

    arn: str
    kind: TaskKind
    service: str
    action: str
    pattern: Pattern
    region: str = ""
    account: str = ""

    @property
    def resource_type(self) -> str:
        """`resourceType` of the history: `lambda`, or `aws-sdk:lambda`."""
        return f"aws-sdk:{self.service}" if self.kind is TaskKind.SDK else self.service

    @property
    def resource(self) -> str:
        """`resource` of the history: `invoke.waitForTaskToken`."""
        return self.action + self.pattern.value


_SERVICE_ARN = re.compile(
    r"arn:[a-z-]+:states:(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<sdk>aws-sdk:)?(?P<service>[A-Za-z0-9]+):"
    r"(?P<action>[A-Za-z0-9]+)(?P<pattern>\.sync:2|\.sync|\.waitForTaskToken)?"
)


@lru_cache(maxsize=4096)
def parse_resource(arn: str) -> TaskResource | None:
    """None for what is no resource of a task."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return None
    service, region, account, kind = parts[2], parts[3], parts[4], parts[5]
    if service == "lambda" and kind == "function" and len(parts) >= 7:
        return TaskResource(
            arn, TaskKind.LAMBDA, "lambda", "invoke", Pattern.REQUEST_RESPONSE, region, account
        )
    if service == "states" and kind == "activity" and len(parts) == 7:
        return TaskResource(
            arn, TaskKind.ACTIVITY, "states", "activity", Pattern.REQUEST_RESPONSE, region, account
        )
    if (match := _SERVICE_ARN.fullmatch(arn)) is None:
        return None
    return TaskResource(
        arn,
        TaskKind.SDK if match["sdk"] else TaskKind.SERVICE,
        match["service"],
        match["action"],
        Pattern(match["pattern"] or ""),
        match["region"],
        match["account"],
    )
