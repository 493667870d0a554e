"""What a mapping's settings may be, by its source. Pure; raises Lambda's errors.

Wording: the recordings of lambda_/event_source_mapping; where they have none, the same forms, which is a guess.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.event_source_mapping_records import Kind, Mapping
from fogbank.streams.filters import PatternError, compile_filters

FILTERS_MAX = 10
FIFO_BATCH_MAX = 10
DEFAULT_BATCH = {Kind.SQS: 10, Kind.DYNAMODB: 100}
STREAM_ONLY = (
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
    "DestinationConfig",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "TumblingWindowInSeconds",
)
DESTINATIONS = frozenset({"sqs", "s3", "sns"})

Wire = dict[str, Any]


def kind_of(source_arn: str | None) -> Kind:
    """The kind of source that an ARN names."""
    arn = parse_arn(source_arn) if source_arn else None
    if arn is None:
        raise invalid_parameter("Unrecognized event source.")
    match arn.service, arn.resource.split("/"):
        case "sqs", [_]:
            return Kind.SQS
        case "dynamodb", ["table", _, "stream", _]:
            return Kind.DYNAMODB
        case (("kinesis" | "kafka" | "mq" | "rds"), _):
            raise NotSupported(f"event source mappings of {arn.service}")
    raise invalid_parameter(
        f"Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn {source_arn}"
    )


def with_settings(mapping: Mapping, sent: Wire) -> Mapping:
    """The mapping with the settings that were sent (wire members that are not None)."""
    _check_kind(mapping, sent)
    changes: dict[str, Any] = {}
    for member, name in (
        ("BatchSize", "batch_size"),
        ("MaximumBatchingWindowInSeconds", "window_s"),
        ("ParallelizationFactor", "parallel"),
        ("MaximumRecordAgeInSeconds", "age_s_max"),
        ("BisectBatchOnFunctionError", "bisects"),
        ("MaximumRetryAttempts", "retries_max"),
        ("TumblingWindowInSeconds", "tumbling_s"),
    ):
        if member in sent:
            changes[name] = sent[member]
    if "FunctionResponseTypes" in sent:
        changes["response_types"] = tuple(sent["FunctionResponseTypes"])
    if "FilterCriteria" in sent:
        changes["filters"] = _filters(sent["FilterCriteria"])
    if "ScalingConfig" in sent:
        changes["concurrency_max"] = _concurrency(mapping, sent["ScalingConfig"])
    if "DestinationConfig" in sent:
        changes["destination"] = _destination(sent["DestinationConfig"])
    mapping = replace(mapping, **changes)
    _check(mapping)
    return mapping


def _check_kind(mapping: Mapping, sent: Wire) -> None:
    if mapping.kind.is_stream:
        return
    for member in STREAM_ONLY:
        if member in sent:
            if member == "StartingPosition":
                raise invalid_parameter("StartingPosition is not valid for SQS event sources.")
            raise invalid_parameter(f"Unsupported {member} parameter for given event source mapping type.")


def _check(mapping: Mapping) -> None:
    if mapping.kind.is_stream:
        _check_stream(mapping)
        return
    if mapping.source_arn.endswith(".fifo"):
        if mapping.window_s:
            raise invalid_parameter("Batching window is not supported for FIFO queues")
        if mapping.batch_size > FIFO_BATCH_MAX:
            raise invalid_parameter("BatchSize must be less than or equal to 10 for FIFO queues")
    elif mapping.batch_size > 10 and not mapping.window_s:
        raise invalid_parameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def _check_stream(mapping: Mapping) -> None:
    if mapping.age_s_max != -1 and mapping.age_s_max < 60:
        raise invalid_parameter("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800")
    if mapping.tumbling_s and mapping.parallel > 1:
        raise invalid_parameter("ParallelizationFactor must be 1 when TumblingWindowInSeconds is set")
    if mapping.tumbling_s and mapping.bisects:
        raise invalid_parameter("BisectBatchOnFunctionError is not supported with TumblingWindowInSeconds")


def _filters(criteria: Wire) -> tuple[str, ...]:
    filters = criteria.get("Filters") or []
    if len(filters) > FILTERS_MAX:
        raise invalid_parameter(f"FilterCriteria may have at most {FILTERS_MAX} filters")
    patterns = tuple(each.get("Pattern", "") for each in filters)
    try:
        compile_filters(patterns)
    except PatternError:
        raise invalid_parameter("Invalid filter pattern definition.") from None
    return patterns


def _concurrency(mapping: Mapping, config: Wire) -> int | None:
    if mapping.kind is not Kind.SQS:
        raise invalid_parameter("Unsupported ScalingConfig parameter for given event source mapping type.")
    found: int | None = config.get("MaximumConcurrency")
    return found


def _destination(config: Wire) -> str | None:
    if config.get("OnSuccess", {}).get("Destination"):
        raise invalid_parameter(
            "Unsupported DestinationConfig parameter for given event source mapping type."
        )
    destination: str | None = config.get("OnFailure", {}).get("Destination") or None
    if destination is None:
        return None
    arn = parse_arn(destination)
    if arn is None or arn.service not in DESTINATIONS:
        raise invalid_parameter(f"Invalid destination ARN: {destination}")
    return destination


def check_start(mapping: Mapping) -> None:
    """Where a stream's reader begins must be said, and be possible."""
    if not mapping.kind.is_stream:
        return
    position = mapping.starting_position
    if position is None:
        raise invalid_parameter(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if mapping.kind is Kind.DYNAMODB and (position == "AT_TIMESTAMP" or mapping.starting_ms is not None):
        raise invalid_parameter(f"Unsupported starting position for arn type: {mapping.source_arn}")
