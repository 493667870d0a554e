"""Queue policies: checked in form, stored, shown, and edited by AddPermission. Auth evaluates them. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.policies.documents import UNDATED, VERSIONS
from fogbank.services.sqs import limits
from fogbank.services.sqs.service import SERVICE, bad_attribute, bad_parameter, invalid_value, missing

ACTIONS = frozenset(
    {
        "*",
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
    }
)
_IN_POLICIES = frozenset(
    name.lower() for name in SERVICE.model.operations if not name.endswith("Batch")
)  # beside wildcards


def checked_policy(text: str, partition: str) -> str:
    """The policy as it is kept; InvalidAttributeValue when it is none. Accounts become their root's ARNs, as AWS shows them."""
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_attribute("Policy") from None
    if not isinstance(policy, dict) or len(text) > limits.POLICY_BYTES_MAX:
        raise bad_attribute("Policy")
    statements = policy.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not 1 <= len(statements) <= limits.POLICY_STATEMENTS_MAX:
        raise bad_attribute("Policy")
    if policy.get("Version", UNDATED) not in VERSIONS or not all(map(_is_statement, statements)):
        raise bad_attribute("Policy")
    for statement in statements:
        actions = statement.get("Action")
        for action in actions if isinstance(actions, list) else [actions]:
            _check_action(action)
        if isinstance(principal := statement.get("Principal"), dict) and "AWS" in principal:
            principal["AWS"] = _in_full(principal["AWS"], partition)
    return orjson.dumps(policy).decode()


def _in_full(principals: Any, partition: str) -> Any:
    if isinstance(principals, list):
        return [_in_full(principal, partition) for principal in principals]
    if (
        isinstance(principals, str)
        and len(principals) == 12
        and principals.isascii()
        and principals.isdigit()
    ):
        return f"arn:{partition}:iam::{principals}:root"
    return principals


def _is_statement(statement: Any) -> bool:
    return (
        isinstance(statement, dict)
        and statement.get("Effect") in ("Allow", "Deny")
        and ("Principal" in statement) != ("NotPrincipal" in statement)
        and ("Action" in statement) != ("NotAction" in statement)
    )


def _check_action(action: Any) -> None:
    """Whether a policy may name that action of SQS. Batches go by the action of their single form."""
    if not isinstance(action, str) or action[:4].lower() != "sqs:" or "*" in action or "?" in action:
        return
    if action[4:].lower() not in _IN_POLICIES:
        raise _bad_action(action)


def _bad_action(action: str) -> AwsError:
    reason = "Please refer to the appropriate WSDL for a list of valid actions."
    return bad_parameter("ActionName", action[:256], reason)


def with_permission(
    policy: str | None, arn: str, partition: str, label: str, accounts: list[str], actions: list[str]
) -> str:
    """The policy with one more statement. Raises AWS's errors."""
    if not actions:
        raise missing("Actions")
    if not accounts or not all(len(id) == 12 and id.isascii() and id.isdigit() for id in accounts):
        raise bad_parameter("PrincipalId", f"[{', '.join(accounts)[:1024]}]", "Unable to verify.")
    if not label or len(label) > 80 or not label.replace("-", "").replace("_", "").isalnum():
        raise invalid_value(f"Value {label} for parameter Label is invalid. Reason: it is not a valid label.")
    for action in actions:
        if action not in ACTIONS:
            if action.lower() not in _IN_POLICIES:
                raise _bad_action(f"SQS:{action}")
            reason = "Only the queue owner is allowed to invoke this action."
            raise bad_parameter("ActionName", f"SQS:{action}", reason)
    if len(actions) > limits.PERMISSION_ACTIONS_MAX:
        raise over_limit(
            f"{len(actions)} Actions were found, maximum allowed is {limits.PERMISSION_ACTIONS_MAX}."
        )
    document = orjson.loads(policy) if policy else _empty(arn)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    if any(statement.get("Sid") == label for statement in statements):
        raise bad_parameter("Label", label, "Already exists.")
    if len(statements) >= limits.POLICY_STATEMENTS_MAX:
        raise over_limit(
            f"{len(statements) + 1} statements were found, maximum allowed is {limits.POLICY_STATEMENTS_MAX}."
        )
    named = [f"SQS:{action}" for action in actions]
    principals = [f"arn:{partition}:iam::{account}:root" for account in accounts]
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": principals[0] if len(principals) == 1 else principals},
            "Action": named[0] if len(named) == 1 else named,
            "Resource": arn,
        }
    )
    document["Statement"] = statements
    return orjson.dumps(document).decode()


def without_permission(policy: str | None, label: str) -> str | None:
    """The policy without the statement `label`; None when nothing is left. InvalidParameterValue when there is none."""
    document = orjson.loads(policy) if policy else {"Statement": []}
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    left = [statement for statement in statements if statement.get("Sid") != label]
    if len(left) == len(statements):
        raise bad_parameter("Label", label, "can't find label.")
    if not left:
        return None
    document["Statement"] = left
    return orjson.dumps(document).decode()


def over_limit(message: str) -> AwsError:
    return SERVICE.error("OverLimit", message)


def _empty(arn: str) -> dict[str, Any]:
    return {"Version": UNDATED, "Id": f"{arn}/SQSDefaultPolicy", "Statement": []}
