"""A state machine's definition as data: one frozen dataclass for each type of state.

Members are named after the definition's fields. Paths, payload templates and expressions are as they stand in the
definition, not compiled. What the definition may contain is for `validate` to say; what is here passed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final, TypeAlias


class Absent(Enum):
    """The field is not in the definition, where null would be a value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class QueryLanguage(StrEnum):
    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


class ProcessorMode(StrEnum):
    INLINE = "INLINE"
    DISTRIBUTED = "DISTRIBUTED"


Number: TypeAlias = int | float | str | None
"""A number, a JSONata expression (`{% … %}`) that gives one, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """One entry of Retry. `max_delay_seconds` None: no bound. `jitter` is FULL or NONE."""

    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    jitter: str = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """One entry of Catch. `result_path` (JSONPath) None: the error is discarded. `output` is JSONata's."""

    error_equals: tuple[str, ...]
    next: str
    result_path: str | None = "$"
    assign: Mapping[str, Any] | None = None
    output: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """One entry of Choices: `rule` is its JSON, with Next, Assign, Output and Comment taken out.

    In JSONata `rule` is `{"Condition": …}`; in JSONPath a comparison, `And`, `Or` or `Not`.
    """

    rule: Mapping[str, Any]
    next: str
    assign: Mapping[str, Any] | None = None
    output: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What all states share.

    `input_path` and `output_path` (JSONPath) None: null in the definition, which means `{}`. `next` None: the state is
    terminal, or a Choice or Fail. `output` is JSONata's; `assign` that of both.
    """

    name: str
    type: str
    query_language: QueryLanguage
    comment: str | None = None
    next: str | None = None
    end: bool = False
    input_path: str | None = "$"
    output_path: str | None = "$"
    output: Any = ABSENT
    assign: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState(State):
    """`result` and `parameters` are JSONPath's."""

    result: Any = ABSENT
    parameters: Any = ABSENT
    result_path: str | None = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState(State):
    """`resource` is an ARN as written. `parameters` is JSONPath's, `arguments` JSONata's.

    Of the timeouts, at most one form of each is set; all None: AWS's default (99999999 s, no heartbeat).
    """

    resource: str
    parameters: Any = ABSENT
    arguments: Any = ABSENT
    result_selector: Mapping[str, Any] | None = None
    result_path: str | None = "$"
    timeout_seconds: Number = None
    timeout_seconds_path: str | None = None
    heartbeat_seconds: Number = None
    heartbeat_seconds_path: str | None = None
    credentials: Mapping[str, Any] | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceState(State):
    choices: tuple[ChoiceRule, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitState(State):
    """Exactly one is set. `seconds` and `timestamp` may be a JSONata expression."""

    seconds: Number = None
    seconds_path: str | None = None
    timestamp: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedState(State):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailState(State):
    """`error_path` and `cause_path` are a path or an intrinsic function."""

    error: str | None = None
    cause: str | None = None
    error_path: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """States of their own: those of the machine, of one branch of a Parallel, of a Map's processor."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelState(State):
    branches: tuple[Branch, ...]
    parameters: Any = ABSENT
    arguments: Any = ABSENT
    result_selector: Mapping[str, Any] | None = None
    result_path: str | None = "$"
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    """Where a Distributed Map reads its items. `reader_config` is its JSON (InputType, MaxItems, CSVHeaders…)."""

    resource: str
    parameters: Any = ABSENT
    arguments: Any = ABSENT
    reader_config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBatcher:
    """`batch_input` is a payload template."""

    max_items_per_batch: Number = None
    max_items_per_batch_path: str | None = None
    max_input_bytes_per_batch: Number = None
    max_input_bytes_per_batch_path: str | None = None
    batch_input: Any = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWriter:
    """`resource` None: only `writer_config` (Transformation, OutputType) shapes the output, nothing is written."""

    resource: str | None = None
    parameters: Any = ABSENT
    arguments: Any = ABSENT
    writer_config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapState(State):
    """`processor` is ItemProcessor's or the older Iterator's; `item_selector` is that or the older Parameters.

    `mode` DISTRIBUTED: each iteration is a child execution of type `execution_type` (STANDARD or EXPRESS), and the
    members from `item_reader` on may be set. `legacy` says that the definition used Iterator.
    """

    processor: Branch
    mode: ProcessorMode = ProcessorMode.INLINE
    execution_type: str | None = None
    legacy: bool = False
    items_path: str | None = None
    items: Any = ABSENT
    item_selector: Any = ABSENT
    max_concurrency: Number = None
    max_concurrency_path: str | None = None
    result_selector: Mapping[str, Any] | None = None
    result_path: str | None = "$"
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    tolerated_failure_percentage: Number = None
    tolerated_failure_percentage_path: str | None = None
    tolerated_failure_count: Number = None
    tolerated_failure_count_path: str | None = None
    item_reader: ItemReader | None = None
    item_batcher: ItemBatcher | None = None
    result_writer: ResultWriter | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole state machine. `timeout_seconds` None: no bound of its own."""

    start_at: str
    states: Mapping[str, State]
    query_language: QueryLanguage = QueryLanguage.JSONPATH
    comment: str | None = None
    version: str = "1.0"
    timeout_seconds: int | None = None
