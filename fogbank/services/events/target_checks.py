"""What may be a target, and with which settings. What AWS has and fogbank lacks is refused by name. Pure."""

from __future__ import annotations

from typing import Any

from fogbank.asl.documents import loads
from fogbank.core.arn import Arn, parse_arn
from fogbank.core.errors import NotSupported
from fogbank.java.jsonpath import PathError, compile_path
from fogbank.services.events.inputs import PREDEFINED, placeholders
from fogbank.services.events.service import validation

Wire = dict[str, Any]

_INPUTS = ("Input", "InputPath", "InputTransformer")
_UNSUPPORTED = (
    "KinesisParameters",
    "RunCommandParameters",
    "EcsParameters",
    "BatchParameters",
    "RedshiftDataParameters",
    "SageMakerPipelineParameters",
    "AppSyncParameters",
)


def kind_of(arn: Arn) -> str | None:
    """Which kind of target an ARN names; None for one that fogbank cannot reach."""
    match arn.service, arn.resource:
        case "lambda", resource if resource.startswith("function:"):
            return "lambda"
        case "sqs", _:
            return "sqs"
        case "states", resource if resource.startswith("stateMachine:"):
            return "states"
        case "logs", resource if resource.startswith("log-group:"):
            return "logs"
        case "events", resource if resource.startswith("event-bus/"):
            return "event-bus"
        case "events", resource if resource.startswith("api-destination/"):
            return "api-destination"
    return None


def check_target(target: Wire, *, has_role: bool) -> None:
    """ValidationException, NotImplemented. Sentences that no recording has are guesses. `has_role`: its rule has one for it."""
    identifier, text = target["Id"], target["Arn"]
    for name in _UNSUPPORTED:
        if name in target:
            raise NotSupported(f"events PutTargets with {name}")
    arn = parse_arn(text)
    if arn is None:
        raise validation(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
    kind = kind_of(arn)
    if kind is None:
        raise NotSupported(f"events targets of {arn.service} ({text})")
    _check_input(identifier, target)
    if kind in ("states", "api-destination") and "RoleArn" not in target and not has_role:
        raise validation(f"RoleArn is required for target {text}.")
    if "HttpParameters" in target and kind != "api-destination":
        raise validation(f"Parameter(s) HttpParameters are not valid for target {identifier}.")
    if kind == "sqs":
        _check_queue(identifier, target, arn)
    elif "SqsParameters" in target:
        raise validation(f"Parameter(s) SqsParameters are not valid for target {identifier}.")
    dead = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead is not None:
        queue = parse_arn(dead)
        if queue is None or queue.service != "sqs" or queue.resource.endswith(".fifo"):
            raise validation(f"Dead letter queue of target {identifier} must be a standard SQS queue.")


def _check_input(identifier: str, target: Wire) -> None:
    if sum(name in target for name in _INPUTS) > 1:
        raise validation(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {identifier}."
        )
    if "Input" in target:
        try:
            loads(target["Input"])
        except ValueError:
            raise validation(f"JSON syntax error in input for target {identifier}.") from None
    paths = [target["InputPath"]] if "InputPath" in target else []
    transformer = target.get("InputTransformer")
    if transformer is not None:
        named = transformer.get("InputPathsMap") or {}
        paths += named.values()
        for name in placeholders(transformer["InputTemplate"]):
            if name not in named and name not in PREDEFINED:
                raise validation(
                    f"InputTemplate for target {identifier} contains invalid placeholder {name}."
                )
    for path in paths:
        try:
            compile_path(path)
        except PathError:
            raise validation(f"Invalid JSON path {path} for target {identifier}.") from None


def _check_queue(identifier: str, target: Wire, arn: Arn) -> None:
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    if arn.resource.endswith(".fifo") and not group:
        raise validation(f"Parameter(s) SqsParameters must be specified for target: {identifier}.")
