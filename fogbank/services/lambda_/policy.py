"""Resource policy documents: statements as Lambda writes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.limits import FUNCTION_POLICY_BYTES_MAX
from fogbank.services.lambda_.errors import conflict, invalid_parameter, not_found
from fogbank.services.lambda_.records import Policy
from fogbank.services.lambda_.service import SERVICE

_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/.+)"
)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_URL_ACTION = "lambda:InvokeFunctionUrl"

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grant:
    """What AddPermission was asked to allow, by the members of its request."""

    statement_id: str
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None


def statement_of(grant: Grant, resource: str, partition: str) -> Statement:
    """The statement for a function's policy. Raises AWS's errors for what makes no sense."""
    if grant.function_url_auth_type is not None and grant.action != _URL_ACTION:
        raise invalid_parameter(
            f"lambda:FunctionUrlAuthType condition is only supported for {_URL_ACTION} action"
        )
    statement: Statement = {
        "Sid": grant.statement_id,
        "Effect": "Allow",
        "Principal": principal_of(grant.principal, partition),
        "Action": grant.action,
        "Resource": resource,
    }
    conditions: dict[str, dict[str, str]] = {}
    for operator, key, value in (
        ("StringEquals", "lambda:FunctionUrlAuthType", grant.function_url_auth_type),
        ("StringEquals", "AWS:SourceAccount", grant.source_account),
        ("StringEquals", "aws:PrincipalOrgID", grant.principal_org_id),
        ("StringEquals", "lambda:EventSourceToken", grant.event_source_token),
        ("ArnLike", "AWS:SourceArn", grant.source_arn),
    ):
        if value is not None:
            conditions.setdefault(operator, {})[key] = value
    if grant.invoked_via_function_url is not None:
        conditions["Bool"] = {
            "lambda:InvokedViaFunctionUrl": "true" if grant.invoked_via_function_url else "false"
        }
    if conditions:
        statement["Condition"] = conditions
    return statement


def principal_of(principal: str, partition: str) -> str | dict[str, str]:
    """A principal as a policy names it."""
    if principal == "*":
        return "*"
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:{partition}:iam::{principal}:root"}
    if _PRINCIPAL_ARN.fullmatch(principal):
        return {"AWS": principal}
    if _SERVICE.fullmatch(principal):
        return {"Service": principal}
    raise invalid_parameter("The provided principal was invalid. Please check the principal and try again.")


def with_statement(policy: Policy | None, statement: Statement) -> Policy:
    """The policy with one statement more; refuses an id that is taken, and a policy that grows too large."""
    statements = policy.statements if policy is not None else ()
    if any(other["Sid"] == statement["Sid"] for other in statements):
        raise conflict(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement."
        )
    statements = (*statements, statement)
    size_bytes = len(document(statements))
    if size_bytes > FUNCTION_POLICY_BYTES_MAX:
        raise _too_long(size_bytes)
    return Policy(statements, policy.revision_id if policy is not None else "")


def without_statement(policy: Policy | None, statement_id: str) -> Policy:
    """The policy without one statement; refuses an id that is not there."""
    if policy is None:
        raise not_found("No policy is associated with the given resource.")
    kept = tuple(statement for statement in policy.statements if statement["Sid"] != statement_id)
    if len(kept) == len(policy.statements):
        raise not_found(f"Statement {statement_id} is not found in resource policy.")
    return Policy(kept, policy.revision_id)


def document(statements: Iterable[Statement]) -> str:
    """The policy as GetPolicy shows it."""
    return text_of({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)})


def text_of(part: Any) -> str:
    """A document, or a statement, as JSON."""
    return orjson.dumps(part).decode()


def allows_account(policy: Policy, account: str) -> bool:
    """A layer's policy lets `account` use it. What depends on an organization does not: fogbank has none."""
    for statement in policy.statements:
        principal = statement["Principal"]
        named = principal["AWS"] if isinstance(principal, dict) else principal
        if "Condition" not in statement and (named == "*" or f"::{account}:" in named):
            return True
    return False


def _too_long(size_bytes: int) -> AwsError:
    message = f"The final policy size ({size_bytes}) is bigger than the limit ({FUNCTION_POLICY_BYTES_MAX})."
    return SERVICE.error("PolicyLengthExceededException", message, Type="User")
