"""What a permission policy (inline, managed, session) must look like, in IAM's order and wording. Pure.

A document passes or `check` raises PolicyFault with the text of the MalformedPolicyDocument error.
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.policies.documents import DOCUMENT_MEMBERS, STATEMENT_MEMBERS, UNDATED, VERSIONS, WITH_VARIABLES
from fogbank.services.iam.policy_grammar import (
    PolicyFault,
    condition_is_wellformed,
    read_json,
    statements_of,
    strings_of,
)

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "*", ""})
IAM_RESOURCES = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_SID = re.compile(r"[0-9A-Za-z]*")
_VENDOR = re.compile(r"[a-zA-Z0-9\-]+")
_ARN_PARTS = 6


def check(text: str) -> None:
    """Raise PolicyFault when `text` is not a permission policy that IAM would take."""
    document = read_json(text, SYNTAX)
    statements = statements_of(document)
    if (
        statements is None
        or not document.keys() <= DOCUMENT_MEMBERS
        or not isinstance(document.get("Id", ""), str)
    ):
        raise PolicyFault(SYNTAX)
    version = document.get("Version", UNDATED)
    if version not in VERSIONS:
        raise PolicyFault(SYNTAX)
    for statement in statements:
        _check_syntax(statement)
    if version != WITH_VARIABLES:
        raise PolicyFault("Policy document must be version 2012-10-17 or greater.")
    resources = [each for statement in statements for each in _of(statement, "Resource")]
    _check_arn_shapes(resources)
    _check_sids(statements)
    for statement in statements:
        if not _of(statement, "Action"):
            raise PolicyFault("Policy statement must contain actions.")
    for statement in statements:
        if not _of(statement, "Resource"):
            raise PolicyFault("Policy statement must contain resources.")
    for resource in resources:
        _check_resource(resource)
    for statement in statements:
        for action in _of(statement, "Action"):
            _check_action(action)


def _of(statement: dict[str, Any], name: str) -> list[str]:
    """What `Action` or `NotAction` (`Resource` …) holds."""
    return strings_of(statement.get(name, statement.get(f"Not{name}", []))) or []


def _check_syntax(statement: dict[str, Any]) -> None:
    if statement.keys() - STATEMENT_MEMBERS or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyFault(SYNTAX)
    if statement.keys() & {"Principal", "NotPrincipal"}:
        raise PolicyFault("Policy document should not specify a principal.")
    if not isinstance(statement.get("Sid", ""), str):
        raise PolicyFault(SYNTAX)
    for name in ("Action", "Resource"):
        if name in statement and f"Not{name}" in statement:
            raise PolicyFault(SYNTAX)
        for member in (name, f"Not{name}"):
            if member in statement and strings_of(statement[member]) is None:
                raise PolicyFault(SYNTAX)
    if "Condition" in statement and not condition_is_wellformed(statement["Condition"]):
        raise PolicyFault(SYNTAX)


def _check_arn_shapes(resources: list[str]) -> None:
    for resource in resources:
        if (
            resource.startswith("arn:")
            and len(resource.split(":", _ARN_PARTS - 1)) < _ARN_PARTS
            and resource != "arn:*"
        ):
            raise PolicyFault(LEGACY)


def _check_sids(statements: list[dict[str, Any]]) -> None:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    for sid in sids:
        if not _SID.fullmatch(sid):
            raise PolicyFault(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
                " [0-9A-Za-z]*"
            )
    if len(set(sids)) != len(sids):
        raise PolicyFault("Statement IDs (SID) in a single policy must be unique.")


def _check_resource(resource: str) -> None:
    if resource in ("*", "arn:*"):
        return
    if not resource.startswith("arn:"):
        raise PolicyFault(f'Resource {resource} must be in ARN format or "*".')
    _, partition, vendor, region, _, path = resource.split(":", _ARN_PARTS - 1)
    if partition not in PARTITIONS:
        raise PolicyFault(f'Partition "{partition}" is not valid for resource "{resource}".')
    if vendor != "*" and not _VENDOR.fullmatch(vendor):
        raise PolicyFault("Resource vendor must be fully qualified and cannot contain regexes.")
    if vendor == "s3" and region not in ("", "*"):
        raise PolicyFault(f"Resource {resource} can not contain region information.")
    if vendor == "iam":
        if region not in ("", "*"):
            raise PolicyFault(f"IAM resource {resource} cannot contain region information.")
        if path not in ("*", "root") and not path.startswith(("*", *IAM_RESOURCES)):
            raise PolicyFault(
                'IAM resource path must either be "*" or start with '
                + ", ".join(IAM_RESOURCES[:-1])
                + f" or {IAM_RESOURCES[-1]}."
            )


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon or not name:
        raise PolicyFault("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        raise PolicyFault("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor):
        raise PolicyFault(f"Vendor {vendor} is not valid")
