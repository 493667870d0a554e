"""What a role's trust policy must look like, in IAM's wording, and whom it names. Pure.

Whether the named users and roles exist is for the caller to find out; here their ARNs are only collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.policies.documents import DOCUMENT_MEMBERS, PRINCIPAL_KINDS, STATEMENT_MEMBERS, UNDATED, VERSIONS
from fogbank.services.iam.policy_grammar import (
    PolicyFault,
    condition_is_wellformed,
    read_json,
    statements_of,
    strings_of,
)

JSON_FAULT = "This policy contains invalid Json"
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")
_FEDERATED_HOSTS = frozenset(
    {"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}
)


def check(text: str) -> set[str]:
    """The ARNs of the users and roles that a trust policy names. PolicyFault when IAM would not take it."""
    document = read_json(text, JSON_FAULT)
    for name in document.keys() - DOCUMENT_MEMBERS:
        raise PolicyFault(f"Unknown field {name}")
    if document.get("Version", UNDATED) not in VERSIONS:
        raise PolicyFault(f"The policy has an invalid version: {document['Version']}")
    statements = statements_of(document)
    if statements is None:
        raise PolicyFault("Missing required field Statement")
    named: set[str] = set()
    for statement in statements:
        _check_fields(statement)
        _check_actions(statement)
        named |= _check_principals(statement["Principal"])
    return named


def _check_fields(statement: dict[str, Any]) -> None:
    for name in sorted(statement.keys() - STATEMENT_MEMBERS):
        raise PolicyFault(f"Unknown field {name}")
    for name in ("Resource", "NotResource"):
        if name in statement:
            raise PolicyFault(f"Has prohibited field {name}")
    if "NotPrincipal" in statement:
        raise PolicyFault("Has prohibited field NotPrincipal")
    for name in ("Effect", "Principal"):
        if name not in statement:
            raise PolicyFault(f"Missing required field {name}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyFault(f"Invalid effect: {statement['Effect']}")
    if "Condition" in statement and not condition_is_wellformed(statement["Condition"]):
        raise PolicyFault("The policy has an invalid Condition")


def _check_actions(statement: dict[str, Any]) -> None:
    actions = strings_of(statement.get("Action", statement.get("NotAction")))
    if not actions:
        raise PolicyFault("Missing required field Action")
    for action in actions:
        if action != "*" and not action.lower().startswith("sts:"):
            raise PolicyFault("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_principals(principal: Any) -> set[str]:
    if principal == "*":
        return set()
    if not isinstance(principal, dict) or not principal:
        raise PolicyFault("Missing required field Principal")
    named: set[str] = set()
    for type_, value in principal.items():
        values = strings_of(value)
        if type_ not in PRINCIPAL_KINDS or not values:
            raise PolicyFault(f'Invalid principal in policy: "{type_.upper()}"')
        for each in values:
            named |= _check_principal(type_, each)
    return named


def invalid_principal(type_: str, value: str) -> PolicyFault:
    return PolicyFault(f'Invalid principal in policy: "{type_.upper()}":"{value}"')


def _check_principal(type_: str, value: str) -> set[str]:
    """The ARN, in a set, when it must be looked up."""
    match type_:
        case "AWS":
            return _check_aws_principal(value)
        case "Service" if _SERVICE.fullmatch(value):
            return set()
        case "Federated" if value in _FEDERATED_HOSTS or _is_provider(value):
            return set()
    raise invalid_principal(type_, value)


def _is_provider(value: str) -> bool:
    arn = parse_arn(value)
    return (
        arn is not None
        and arn.service == "iam"
        and arn.resource.startswith(("oidc-provider/", "saml-provider/"))
    )


def _check_aws_principal(value: str) -> set[str]:
    if value == "*" or _ACCOUNT.fullmatch(value) or _UNIQUE_ID.fullmatch(value):
        return set()
    arn = parse_arn(value)
    if arn is None or not _ACCOUNT.fullmatch(arn.account) or arn.region:
        raise invalid_principal("AWS", value)
    kind = arn.resource.partition("/")[0]
    if arn.service == "iam" and arn.resource == "root":
        return set()
    if arn.service == "iam" and kind in ("user", "role") and "/" in arn.resource:
        return {value}
    if arn.service == "sts" and kind in ("assumed-role", "federated-user") and "/" in arn.resource:
        return set()
    raise invalid_principal("AWS", value)


def rewrite_principals(text: str, replace: Callable[[str], str]) -> str:
    """`text` with every AWS principal passed through `replace`; the same text when that changes nothing."""
    document = orjson.loads(text)
    changed = False

    def replaced(value: str) -> str:
        nonlocal changed
        new = replace(value)
        changed = changed or new != value
        return new

    for statement in statements_of(document) or []:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            value = principal["AWS"]
            principal["AWS"] = [*map(replaced, value)] if isinstance(value, list) else replaced(value)
    return orjson.dumps(document).decode() if changed else text


def canonical(text: str, partition: str) -> str:
    """As IAM keeps it: a bare account number becomes the ARN of that account's root."""
    return rewrite_principals(
        text, lambda value: f"arn:{partition}:iam::{value}:root" if _ACCOUNT.fullmatch(value) else value
    )
