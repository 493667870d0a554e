"""The ResourceArn of tags and of resource policies: a table's or a stream's. Each refuses others in its own words."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import Arn, parse_arn, partition_of
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb.keys import Place, place_of
from fogbank.services.dynamodb.service import bad_value, invalid


def tagged(ctx: Call[Any], resource_arn: str) -> tuple[str, str]:
    """(table, label of the stream or nothing). Raises ValidationException, AccessDeniedException."""
    place, arn = place_of(ctx), _arn(resource_arn)
    if arn is None or (arn.service, arn.account) != ("dynamodb", place.account):
        raise AwsError("AccessDeniedException", "Access is denied")
    found = _split(arn, resource_arn)
    if not _is_here(arn, place):
        raise invalid(f"Invalid TableArn: Invalid ResourceArn provided as input {resource_arn}")
    return found


def with_policy(ctx: Call[Any], resource_arn: str) -> tuple[str, str]:
    """The same for the operations about resource policies."""
    place, arn = place_of(ctx), _arn(resource_arn)
    if arn is None or arn.service != "dynamodb":
        raise bad_value(f"Provided Arn is not a DynamoDB resource arn: {resource_arn}")
    if arn.account != place.account:
        raise invalid("This action is only supported by accounts that match the resource owner’s account.")
    found = _split(arn, resource_arn)
    if not _is_here(arn, place):
        raise bad_value(f"Invalid resource Arn: {resource_arn}")
    return found


def _arn(text: str) -> Arn | None:
    if not text.startswith("arn:"):
        raise bad_value(f"ARNs must start with 'arn:': {text}")
    return parse_arn(text)


def _split(arn: Arn, text: str) -> tuple[str, str]:
    kind, _, rest = arn.resource.partition("/")
    name, _, part = rest.partition("/")
    if part.startswith("index/"):
        raise bad_value(
            f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {text}"
        )
    if kind != "table" or (part and not part.startswith("stream/")):
        raise bad_value(f"Provided Arn is not a DynamoDB resource arn: {text}")
    return name, part.removeprefix("stream/")


def _is_here(arn: Arn, place: Place) -> bool:
    return (arn.partition, arn.region) == (partition_of(place.region), place.region)
