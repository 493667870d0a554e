"""What a mapping's settings may be, by its source. Pure; raises Lambda's errors.

Wording: the recordings of lambda_/event_source_mapping, and what AWS's users quote in issues: sources that are none or of another
region, "Unsupported '…' parameter", FIFO queues, an OnFailure without Destination. What is said of ages, windows, the number of
filters and of a destination that is none has the same form, which is a guess.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, NotSupported
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.event_source_mapping_records import Kind, Mapping
from fogbank.streams.filters import PatternError, compile_filters

FILTERS_MAX = 10
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


def kind_of(source_arn: str | None, region: str, starting_position: str | None) -> Kind:
    """The kind of source that an ARN names, for a mapping in `region`. What a stream lacks is said before that one is not supported."""
    arn = parse_arn(source_arn) if source_arn else None
    if arn is None:
        raise invalid_parameter("Unrecognized event source.")
    match arn.service, arn.resource.split("/"):
        case "sqs", [_]:
            kind = Kind.SQS
        case "dynamodb", ["table", _, "stream", _]:
            kind = Kind.DYNAMODB
        case "kinesis", _ if starting_position is None:
            raise _no_start()
        case (("kinesis" | "kafka" | "mq" | "rds"), _):
            raise NotSupported(f"event source mappings of {arn.service}")
        case _:
            raise invalid_parameter(f"Unrecognized event source. Unsupported source arn : {source_arn}")
    if arn.region != region:
        raise invalid_parameter(f"Event source region must match Lambda region {region}.")
    return kind


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
    if "MetricsConfig" in sent:
        changes["metrics"] = _metrics(sent["MetricsConfig"])
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
            if member.startswith("StartingPosition"):
                raise invalid_parameter(f"{member} is not valid for SQS event sources.")
            raise _unsupported(member)


def _unsupported(member: str) -> AwsError:
    """AWS quotes the member as its request has it; but for destinations, which it has not quoted."""
    name = member if member == "DestinationConfig" else f"'{member[0].lower()}{member[1:]}'"
    return invalid_parameter(f"Unsupported {name} parameter for given event source mapping type.")


def _check(mapping: Mapping) -> None:
    if mapping.kind.is_stream:
        _check_stream(mapping)
        return
    if mapping.source_arn.endswith(".fifo") and mapping.window_s:
        raise invalid_parameter("Batching window is not supported for FIFO queues")
    if mapping.batch_size > 10 and not mapping.window_s:
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


def _metrics(config: Wire) -> tuple[str, ...]:
    metrics = tuple(dict.fromkeys(config.get("Metrics") or ()))
    if set(metrics) - {"EventCount"}:  # the others are Kafka's
        raise _unsupported("MetricsConfig")
    return metrics


def _concurrency(mapping: Mapping, config: Wire) -> int | None:
    if mapping.kind is not Kind.SQS:
        raise _unsupported("ScalingConfig")
    found: int | None = config.get("MaximumConcurrency")
    return found


def _destination(config: Wire) -> str | None:
    """The ARN of OnFailure; None when there is to be none: `{}`, or an empty Destination."""
    if "OnSuccess" in config:
        raise _unsupported("DestinationConfig")
    failure = config.get("OnFailure")
    if failure is not None and "Destination" not in failure:
        raise invalid_parameter("The Destination field is required for an OnFailure configuration.")
    destination: str = (failure or {}).get("Destination", "")
    if not destination:
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
        raise _no_start()
    if mapping.kind is Kind.DYNAMODB and (position == "AT_TIMESTAMP" or mapping.starting_ms is not None):
        raise invalid_parameter(f"Unsupported starting position for arn type: {mapping.source_arn}")


def _no_start() -> AwsError:
    return invalid_parameter(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null."
    )
