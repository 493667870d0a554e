"""The dynamodbstreams service as the registry knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call, Caller
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.dynamodbstreams.state import Streams

SERVICE: Service[Streams] = Service("dynamodbstreams", encodes=True)


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def reader_of(ctx: Call[Any], stream_arn: str) -> Caller:
    """Who reads that stream: where permissions are enforced, another account's table lets in whom its policy names, which has
    been asked by now; what it reads is the owner's."""
    arn = parse_arn(stream_arn)
    if arn is None or arn.account == ctx.account or not ctx.calls.enforces:
        return ctx.caller
    return replace(ctx.caller, account=arn.account)
