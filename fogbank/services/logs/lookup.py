"""Finds the group or stream that a request means, or raises what AWS answers when there is none."""

from __future__ import annotations

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.calls import validation_message
from fogbank.model.validation import compile_validator
from fogbank.services.logs.directory import Found
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.records import LogGroup, LogStream
from fogbank.services.logs.service import SERVICE, invalid, no_group, no_stream
from fogbank.services.logs.state import Logs

NAME_LENGTH_MAX = 512


async def group_of(ctx: Call[Logs], name: str) -> Found[LogGroup]:
    """The group of that name; ResourceNotFoundException."""
    found = await ctx.state.directory.group(place_of(ctx), name)
    if found is None:
        raise no_group()
    return found


async def stream_of(ctx: Call[Logs], group: Found[LogGroup], name: str) -> Found[LogStream]:
    found = await ctx.state.directory.stream(place_of(ctx), group.record.id, name)
    if found is None:
        raise no_stream()
    return found


def name_from(name: str | None, identifier: str | None, *, both: AwsError) -> str:
    """The group name out of logGroupName or logGroupIdentifier, of which exactly one must be given."""
    if name is not None and identifier is not None:
        raise both
    if identifier is not None:
        return name_of_identifier(identifier)
    if name is None:
        raise invalid("Must specify either a Log Group name or a Log Group identifier.")
    return name


def both_given() -> AwsError:
    return SERVICE.error(
        "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters."
    )


def name_of_identifier(identifier: str) -> str:
    """A group's name out of its name or ARN."""
    if not identifier.startswith("arn:"):
        return identifier
    arn = parse_arn(identifier)
    if arn is None or arn.service != "logs" or not arn.resource.startswith("log-group:"):
        raise invalid("Invalid ARN")
    return arn.resource.removeprefix("log-group:").removesuffix(":*")


def check(operation: str, params: dict[str, object]) -> None:
    """The model's constraints, for the operations that are declared `hot` to look at something else first."""
    model = SERVICE.model.operations[operation].input
    validate = compile_validator(model) if model else None
    given = {name: value for name, value in params.items() if value is not None}
    if validate is not None and (problems := validate(given)):
        raise invalid(validation_message(problems))


def check_lengths(*names: object) -> None:
    """AWS looks at the length of group and stream names before all else."""
    if any(isinstance(name, str) and len(name) > NAME_LENGTH_MAX for name in names):
        raise invalid("Invalid LogGroup or LogStream, both must have length less than or equal to 512.")
