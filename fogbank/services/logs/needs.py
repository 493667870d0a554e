"""The permissions that CloudWatch Logs' operations need. What is done to a group is done to all its streams, as its ARNs say."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.arn import partition_of
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions, Read
from fogbank.services.logs.service import SERVICE


def _identifier(name: str) -> Read:
    """A group by name or ARN, whose `:*` means its streams."""

    def read(caller: Caller, params: Params) -> str | None:
        value = params.get(name)
        return value.removesuffix(":*") if isinstance(value, str) else None

    return read


def _groups(operation: str) -> Needs:
    """Every group that a query or a tail reads."""

    def needs(caller: Caller, params: Params) -> Iterable[Need]:
        names = [params.get("logGroupName"), *params.get("logGroupNames", ())]
        found = [each for each in (*names, *params.get("logGroupIdentifiers", ())) if isinstance(each, str)]
        for each in found:
            yield Need(f"logs:{operation}", _arn(caller, each))
        if not found:
            yield Need(f"logs:{operation}", "*")

    return needs


def _arn(caller: Caller, group: str) -> str:
    arn = f"arn:{partition_of(caller.region)}:logs:{caller.region}:{caller.account}:log-group:{group}"
    return f"{group.removesuffix(':*') if group.startswith('arn:') else arn}:log-stream:"


SERVICE.needs(
    Permissions(
        "logs",
        {
            "log-group:{logGroupName}:log-stream: | log-group:{logGroupIdentifier}:log-stream: | log-group::log-stream:": """
                CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy DeleteSubscriptionFilter DescribeLogStreams
                DescribeMetricFilters DescribeSubscriptionFilters FilterLogEvents ListTagsLogGroup PutLogGroupDeletionProtection
                PutMetricFilter PutRetentionPolicy PutSubscriptionFilter TagLogGroup UntagLogGroup""",
            "log-group:{logGroupNamePrefix}:log-stream: | log-group::log-stream:": "DescribeLogGroups",
            "log-group:{logGroupName}:log-stream:{logStreamName} | log-group:{logGroupIdentifier}:log-stream:{logStreamName} | *": """
                CreateLogStream DeleteLogStream GetLogEvents PutLogEvents""",
            "destination:{destinationName}": "DeleteDestination PutDestination PutDestinationPolicy",
            "{resourceArn}": "ListTagsForResource TagResource UntagResource",
            "*": """
                DeleteResourcePolicy DescribeDestinations DescribeQueries DescribeResourcePolicies GetQueryResults ListLogGroups
                PutResourcePolicy StopQuery TestMetricFilter""",
        },
        members={"logGroupIdentifier": _identifier("logGroupIdentifier")},
        special={"StartQuery": _groups("StartQuery"), "StartLiveTail": _groups("StartLiveTail")},
        passes={"PutDestination": "roleArn", "PutSubscriptionFilter": "roleArn"},
        passes_to="logs.amazonaws.com",
        has_policies=True,
    )
)
