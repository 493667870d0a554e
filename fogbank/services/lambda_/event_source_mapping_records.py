"""Event source mappings as they are stored, where they lie, and how they are shown. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import orjson

from fogbank.core.arn import partition_of
from fogbank.services.lambda_.names import FunctionName, parse_name
from fogbank.store.api import Key

ALL: Key = ("lambda-esm",)


class Kind(Enum):
    """What feeds a function."""

    SQS = "sqs"
    DYNAMODB = "dynamodb"

    @property
    def is_stream(self) -> bool:
        return self is not Kind.SQS


class State(Enum):
    """AWS's states. Those that end in -ing are on their way to one that does not."""

    CREATING = "Creating"
    ENABLING = "Enabling"
    UPDATING = "Updating"
    ENABLED = "Enabled"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    DELETING = "Deleting"

    @property
    def is_settled(self) -> bool:
        return self in (State.ENABLED, State.DISABLED)


@dataclass(frozen=True, slots=True)
class Mapping:
    """One event source mapping. `function` is the ARN as it is invoked. -1 in a limit: there is none."""

    uuid: str
    account: str
    region: str
    kind: Kind
    source_arn: str
    function: str
    state: State
    enabled: bool
    modified_ms: int
    batch_size: int
    window_s: int = 0
    filters: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    concurrency_max: int | None = None
    parallel: int = 1
    starting_position: str | None = None
    starting_ms: int | None = None
    destination: str | None = None
    age_s_max: int = -1
    bisects: bool = False
    retries_max: int = -1
    tumbling_s: int = 0
    metrics: tuple[str, ...] = ()
    generation: int = 0  # of its settings: a loop with others is begun anew
    tags: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        return orjson.dumps(self)

    @property
    def arn(self) -> str:
        partition = partition_of(self.region)
        return f"arn:{partition}:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def function_name(self) -> FunctionName:
        return parse_name(self.function, self.account, self.region)

    @property
    def key(self) -> Key:
        return mapping(self.account, self.region, self.uuid)


def decode_mapping(raw: bytes) -> Mapping:
    fields = orjson.loads(raw)
    fields["kind"] = Kind(fields["kind"])
    fields["state"] = State(fields["state"])
    fields["filters"] = tuple(fields["filters"])
    fields["response_types"] = tuple(fields["response_types"])
    fields["metrics"] = tuple(fields.get("metrics", ()))
    return Mapping(**fields)


# --- keys: the mapping, and its names by function and by source, for lists ----------------------------------------------


def mappings(account: str, region: str) -> Key:
    return ("lambda-esm", account, region)


def mapping(account: str, region: str, uuid: str) -> Key:
    return ("lambda-esm", account, region, uuid)


def by_function(name: FunctionName) -> Key:
    return ("lambda-esm-function", name.account, name.region, name.name)


def by_source(account: str, region: str, source_arn: str) -> Key:
    return ("lambda-esm-source", account, region, source_arn)


def checkpoints(uuid: str) -> Key:
    return ("lambda-esm-checkpoint", uuid)


def result(uuid: str) -> Key:
    """LastProcessingResult, when it is not the first."""
    return ("lambda-esm-result", uuid)


# --- as they are shown ------------------------------------------------------------------------------------------------


def shown(mapping: Mapping, last_result: str | None = None) -> dict[str, Any]:
    """EventSourceMappingConfiguration: streams show every setting, queues those that they have."""
    found: dict[str, Any] = {
        "UUID": mapping.uuid,
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.window_s,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function,
        "LastModified": mapping.modified_ms,
        "State": mapping.state.value,
        "StateTransitionReason": "User action" if mapping.kind.is_stream else "USER_INITIATED",
        "FunctionResponseTypes": list(mapping.response_types),
        "EventSourceMappingArn": mapping.arn,
    }
    if mapping.filters:
        found["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in mapping.filters]}
    if mapping.concurrency_max is not None:
        found["ScalingConfig"] = {"MaximumConcurrency": mapping.concurrency_max}
    if mapping.metrics:
        found["MetricsConfig"] = {"Metrics": list(mapping.metrics)}
    if not mapping.kind.is_stream:
        return found
    failure = {"Destination": mapping.destination} if mapping.destination else {}
    found |= {
        "StartingPosition": mapping.starting_position,
        "ParallelizationFactor": mapping.parallel,
        "DestinationConfig": {"OnFailure": failure},
        "MaximumRecordAgeInSeconds": mapping.age_s_max,
        "BisectBatchOnFunctionError": mapping.bisects,
        "MaximumRetryAttempts": mapping.retries_max,
        "TumblingWindowInSeconds": mapping.tumbling_s,
        "LastProcessingResult": last_result or "No records processed",
    }
    if mapping.starting_ms is not None:
        found["StartingPositionTimestamp"] = mapping.starting_ms
    return found
