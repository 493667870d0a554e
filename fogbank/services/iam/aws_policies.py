"""AWS's own managed policies, as far as fogbank knows them.

`aws_policies.json` holds those that serverless applications use, with documents that we wrote from what AWS documents
each policy to grant. Policies of service-linked roles are known by name alone (`service_linked_roles.json`): they grant
rights to AWS's services, never to a caller of fogbank, and asking for their documents is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.services.iam.records import Policy, PolicyVersion

_FOLDER = Path(__file__).parent
_SERVICE_ROLE_PATH = "/aws-service-role/"
# One date for all, a whole second: the day the first managed policies came out.
PUBLISHED_MS = 1_423_180_800_000
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_CHARS = 17


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """One of AWS's policies. `document` is None for the policies of service-linked roles."""

    path: str
    name: str
    description: str | None
    document: str | None

    def arn(self, partition: str) -> str:
        return f"arn:{partition}:iam::aws:policy{self.path}{self.name}"

    def record(self, arn: str) -> Policy:
        """As a managed policy that nobody uses yet."""
        return Policy(
            name=self.name,
            path=self.path,
            id=_unique_id(self.path + self.name),
            arn=arn,
            created_ms=PUBLISHED_MS,
            updated_ms=PUBLISHED_MS,
            description=self.description,
        )


def _unique_id(path_and_name: str) -> str:
    """`ANPA…`, the same on every fogbank, as AWS's ids are the same in every account."""
    digest = hashlib.sha256(path_and_name.encode()).digest()
    return "ANPA" + "".join(_ID_ALPHABET[byte % 32] for byte in digest[:_ID_CHARS])


@cache
def service_linked_roles() -> dict[str, dict[str, Any]]:
    """Service principal → `{Role, Policy, Description?, Suffix?}`."""
    found: dict[str, dict[str, Any]] = orjson.loads((_FOLDER / "service_linked_roles.json").read_bytes())
    return found


@cache
def catalogue() -> dict[str, AwsPolicy]:
    """Every policy by path and name, in that order."""
    known: dict[str, AwsPolicy] = {}
    for full_name, content in orjson.loads((_FOLDER / "aws_policies.json").read_bytes()).items():
        path, _, name = full_name.rpartition("/")
        document = {"Version": "2012-10-17", "Statement": content["Statement"]}
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
        known[full_name] = AwsPolicy(path + "/", name, content["Description"], text)
    for linked in service_linked_roles().values():
        full_name = _SERVICE_ROLE_PATH + linked["Policy"]
        known[full_name] = AwsPolicy(_SERVICE_ROLE_PATH, linked["Policy"], None, None)
    return dict(sorted(known.items()))


def find(arn: str) -> AwsPolicy | None:
    """The policy with that ARN, in any partition."""
    parts = parse_arn(arn)
    return catalogue().get(parts.resource.removeprefix("policy")) if parts else None


def version_of(arn: str, number: int) -> PolicyVersion | None:
    """A version of a known policy with its document (every one has version 1 alone); None when there is no such."""
    found = find(arn)
    if found is None or found.document is None or number != 1:
        return None
    return PolicyVersion(1, found.document, PUBLISHED_MS)


def is_service_linked(arn: str) -> bool:
    return f":policy{_SERVICE_ROLE_PATH}" in arn
