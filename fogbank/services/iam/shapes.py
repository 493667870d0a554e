"""Records as the answers' structures: what each listing shows and what only Get shows. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fogbank.services.iam import tags as tagging
from fogbank.services.iam.records import Group, InstanceProfile, Policy, PolicyVersion, Role, User

Wire = dict[str, Any]


def document(text: str) -> str:
    """Policy documents go out percent-encoded (RFC 3986); botocore decodes them."""
    return quote(text, safe="")


def boundary(arn: str | None) -> Wire:
    """The `PermissionsBoundary` member, or nothing. AWS says `Policy`, whatever the model's enum says."""
    if arn is None:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}}


def tags_if_any(tags: dict[str, str]) -> Wire:
    return {"Tags": tagging.wire(tags)} if tags else {}


def user(record: User) -> Wire:
    """A user as lists show it: without tags and boundary."""
    return {
        "Path": record.path,
        "UserName": record.name,
        "UserId": record.id,
        "Arn": record.arn,
        "CreateDate": record.created_ms,
    }


def user_in_full(record: User) -> Wire:
    return user(record) | boundary(record.boundary) | tags_if_any(record.tags)


def group(record: Group) -> Wire:
    return {
        "Path": record.path,
        "GroupName": record.name,
        "GroupId": record.id,
        "Arn": record.arn,
        "CreateDate": record.created_ms,
    }


def role_as_created(record: Role, trust: str) -> Wire:
    """What CreateRole and instance profiles show."""
    return {
        "Path": record.path,
        "RoleName": record.name,
        "RoleId": record.id,
        "Arn": record.arn,
        "CreateDate": record.created_ms,
        "AssumeRolePolicyDocument": document(trust),
    }


def role(record: Role, trust: str) -> Wire:
    """A role as lists show it."""
    shown = role_as_created(record, trust) | {"MaxSessionDuration": record.max_session_s}
    return shown if record.description is None else shown | {"Description": record.description}


def role_in_full(record: Role, trust: str, last_used: Wire) -> Wire:
    return (
        role(record, trust)
        | boundary(record.boundary)
        | tags_if_any(record.tags)
        | {"RoleLastUsed": last_used}
    )


def instance_profile(record: InstanceProfile, roles: list[Wire]) -> Wire:
    return {
        "Path": record.path,
        "InstanceProfileName": record.name,
        "InstanceProfileId": record.id,
        "Arn": record.arn,
        "CreateDate": record.created_ms,
        "Roles": roles,
    }


def policy(record: Policy) -> Wire:
    """A managed policy as lists show it: without description and tags."""
    return {
        "PolicyName": record.name,
        "PolicyId": record.id,
        "Arn": record.arn,
        "Path": record.path,
        "DefaultVersionId": f"v{record.default}",
        "AttachmentCount": record.attachments,
        "PermissionsBoundaryUsageCount": record.boundaries,
        "IsAttachable": True,
        "CreateDate": record.created_ms,
        "UpdateDate": record.updated_ms,
    }


def policy_in_full(record: Policy) -> Wire:
    shown = policy(record) | {"Tags": tagging.wire(record.tags)}
    return shown if record.description is None else shown | {"Description": record.description}


def policy_version(record: PolicyVersion, *, default: int, in_full: bool = False) -> Wire:
    shown: Wire = {
        "VersionId": f"v{record.number}",
        "IsDefaultVersion": record.number == default,
        "CreateDate": record.created_ms,
    }
    return shown | {"Document": document(record.document)} if in_full else shown


def attached_policy(arn: str) -> Wire:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
