"""Finding a managed policy by its ARN: the account's own, or one of AWS's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fogbank.core.arn import parse_arn
from fogbank.model.call import Call
from fogbank.services.iam import aws_policies
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import no_such_entity, validation_error
from fogbank.services.iam.records import Policy
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, fold
from fogbank.store.api import ABSENT

AWS_OWNER = "aws"
_ACCOUNT = re.compile(r"aws|\d{12}")


@dataclass(frozen=True, slots=True)
class PolicyFound(Found[Policy]):
    """A managed policy, and where its record lies or (AWS's, unused so far) would lie."""

    aws: bool


def checked_arn(arn: str) -> tuple[str, str]:
    """`(owner, path and name)` of a policy's ARN. ValidationError when it is none."""
    parts = parse_arn(arn)
    if parts is None:
        raise validation_error("Invalid ARN:  Could not be parsed!")
    if parts.service != "iam" or parts.region or not _ACCOUNT.fullmatch(parts.account):
        raise validation_error(f"ARN {arn} is not valid.")
    if not parts.resource.startswith("policy/"):
        raise validation_error(f"ARN {arn} is not valid.")
    return parts.account, parts.resource.removeprefix("policy")


async def look_up(ctx: Call[Iam], arn: str) -> PolicyFound | None:
    """The policy with exactly that ARN that this account may use. ValidationError for what is no ARN of a policy."""
    owner, path_and_name = checked_arn(arn)
    realm = realm_of(ctx)
    if owner == AWS_OWNER:
        table, at = ctx.state.aws_policies, arn
    elif owner == ctx.account:
        table, at = ctx.state.policies, fold(path_and_name.rpartition("/")[2])
    else:
        return None
    if (found := await table.get(realm, at)) is not None:
        if found.record.arn != arn:
            return None
        return PolicyFound(found.record, found.version, found.key, owner == AWS_OWNER)
    if owner == AWS_OWNER and (known := aws_policies.find(arn)) is not None:
        return PolicyFound(known.record(arn), ABSENT, table.key(realm, at), True)
    return None


async def find_policy(ctx: Call[Iam], arn: str) -> PolicyFound:
    """The policy, or NoSuchEntity as the operations on policies word it."""
    found = await look_up(ctx, arn)
    if found is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return found


async def find_attachable(ctx: Call[Iam], arn: str) -> PolicyFound:
    """The policy, or NoSuchEntity as attaching words it."""
    found = await look_up(ctx, arn)
    if found is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    return found
