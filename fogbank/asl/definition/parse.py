"""From a definition's JSON to `Definition`. Trusts it: `validate` has said that there is nothing wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from fogbank.asl.definition.states import (
    ABSENT,
    Branch,
    Catcher,
    ChoiceRule,
    ChoiceState,
    Definition,
    FailState,
    ItemBatcher,
    ItemReader,
    MapState,
    ParallelState,
    PassState,
    ProcessorMode,
    QueryLanguage,
    ResultWriter,
    Retrier,
    State,
    SucceedState,
    TaskState,
    WaitState,
)

_RULE_EXTRAS = frozenset(("Next", "Assign", "Output", "Comment"))


def parse_document(document: Mapping[str, Any]) -> Definition:
    """A definition that has been validated."""
    language = QueryLanguage(document.get("QueryLanguage", QueryLanguage.JSONPATH))
    return Definition(
        start_at=document["StartAt"],
        states=_states(document["States"], language),
        query_language=language,
        comment=document.get("Comment"),
        version=document.get("Version", "1.0"),
        timeout_seconds=document.get("TimeoutSeconds"),
    )


def parse_state(name: str, fields: Mapping[str, Any], language: QueryLanguage) -> State:
    """One state that has been validated; `language` is what holds where it stands."""
    own = QueryLanguage(fields.get("QueryLanguage", language))
    common: dict[str, Any] = {
        "name": name,
        "type": fields["Type"],
        "query_language": own,
        "comment": fields.get("Comment"),
        "next": fields.get("Next"),
        "end": fields.get("End", False),
        "input_path": fields.get("InputPath", "$"),
        "output_path": fields.get("OutputPath", "$"),
        "output": fields.get("Output", ABSENT),
        "assign": fields.get("Assign"),
    }
    # What a state sets for itself does not hold for the states within it; they go by the machine's.
    return _BY_TYPE[fields["Type"]](fields, common, language)


def _states(states: Mapping[str, Any], language: QueryLanguage) -> dict[str, State]:
    return {name: parse_state(name, fields, language) for name, fields in states.items()}


def _branch(fields: Mapping[str, Any], language: QueryLanguage) -> Branch:
    return Branch(fields["StartAt"], _states(fields["States"], language))


def _retry(fields: Mapping[str, Any]) -> tuple[Retrier, ...]:
    return tuple(
        Retrier(
            error_equals=tuple(entry["ErrorEquals"]),
            interval_seconds=entry.get("IntervalSeconds", 1),
            max_attempts=entry.get("MaxAttempts", 3),
            backoff_rate=entry.get("BackoffRate", 2.0),
            max_delay_seconds=entry.get("MaxDelaySeconds"),
            jitter=entry.get("JitterStrategy", "NONE"),
        )
        for entry in fields.get("Retry") or ()
    )


def _catch(fields: Mapping[str, Any]) -> tuple[Catcher, ...]:
    return tuple(
        Catcher(
            error_equals=tuple(entry["ErrorEquals"]),
            next=entry["Next"],
            result_path=entry.get("ResultPath", "$"),
            assign=entry.get("Assign"),
            output=entry.get("Output", ABSENT),
        )
        for entry in fields.get("Catch") or ()
    )


def _pass(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return PassState(
        **common,
        result=fields.get("Result", ABSENT),
        parameters=fields.get("Parameters", ABSENT),
        result_path=fields.get("ResultPath", "$"),
    )


def _task(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return TaskState(
        **common,
        resource=fields["Resource"],
        parameters=fields.get("Parameters", ABSENT),
        arguments=fields.get("Arguments", ABSENT),
        result_selector=fields.get("ResultSelector"),
        result_path=fields.get("ResultPath", "$"),
        timeout_seconds=fields.get("TimeoutSeconds"),
        timeout_seconds_path=fields.get("TimeoutSecondsPath"),
        heartbeat_seconds=fields.get("HeartbeatSeconds"),
        heartbeat_seconds_path=fields.get("HeartbeatSecondsPath"),
        credentials=fields.get("Credentials"),
        retry=_retry(fields),
        catch=_catch(fields),
    )


def _choice(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    choices = tuple(
        ChoiceRule(
            rule={key: part for key, part in choice.items() if key not in _RULE_EXTRAS},
            next=choice["Next"],
            assign=choice.get("Assign"),
            output=choice.get("Output", ABSENT),
        )
        for choice in fields["Choices"]
    )
    return ChoiceState(**common, choices=choices, default=fields.get("Default"))


def _wait(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return WaitState(
        **common,
        seconds=fields.get("Seconds"),
        seconds_path=fields.get("SecondsPath"),
        timestamp=fields.get("Timestamp"),
        timestamp_path=fields.get("TimestampPath"),
    )


def _succeed(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return SucceedState(**common)


def _fail(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return FailState(
        **common,
        error=fields.get("Error"),
        cause=fields.get("Cause"),
        error_path=fields.get("ErrorPath"),
        cause_path=fields.get("CausePath"),
    )


def _parallel(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    return ParallelState(
        **common,
        branches=tuple(_branch(branch, language) for branch in fields["Branches"]),
        parameters=fields.get("Parameters", ABSENT),
        arguments=fields.get("Arguments", ABSENT),
        result_selector=fields.get("ResultSelector"),
        result_path=fields.get("ResultPath", "$"),
        retry=_retry(fields),
        catch=_catch(fields),
    )


def _map(fields: Mapping[str, Any], common: dict[str, Any], language: QueryLanguage) -> State:
    legacy = "ItemProcessor" not in fields
    processor = fields["Iterator"] if legacy else fields["ItemProcessor"]
    config = processor.get("ProcessorConfig") or {}
    return MapState(
        **common,
        processor=_branch(processor, language),
        mode=ProcessorMode(config.get("Mode", ProcessorMode.INLINE)),
        execution_type=config.get("ExecutionType"),
        legacy=legacy,
        items_path=fields.get("ItemsPath"),
        items=fields.get("Items", ABSENT),
        item_selector=fields.get("ItemSelector", fields.get("Parameters", ABSENT)),
        max_concurrency=fields.get("MaxConcurrency"),
        max_concurrency_path=fields.get("MaxConcurrencyPath"),
        result_selector=fields.get("ResultSelector"),
        result_path=fields.get("ResultPath", "$"),
        retry=_retry(fields),
        catch=_catch(fields),
        tolerated_failure_percentage=fields.get("ToleratedFailurePercentage"),
        tolerated_failure_percentage_path=fields.get("ToleratedFailurePercentagePath"),
        tolerated_failure_count=fields.get("ToleratedFailureCount"),
        tolerated_failure_count_path=fields.get("ToleratedFailureCountPath"),
        item_reader=_item_reader(fields.get("ItemReader")),
        item_batcher=_item_batcher(fields.get("ItemBatcher")),
        result_writer=_result_writer(fields.get("ResultWriter")),
        label=fields.get("Label"),
    )


def _item_reader(fields: Mapping[str, Any] | None) -> ItemReader | None:
    if fields is None:
        return None
    return ItemReader(
        resource=fields["Resource"],
        parameters=fields.get("Parameters", ABSENT),
        arguments=fields.get("Arguments", ABSENT),
        reader_config=fields.get("ReaderConfig"),
    )


def _item_batcher(fields: Mapping[str, Any] | None) -> ItemBatcher | None:
    if fields is None:
        return None
    return ItemBatcher(
        max_items_per_batch=fields.get("MaxItemsPerBatch"),
        max_items_per_batch_path=fields.get("MaxItemsPerBatchPath"),
        max_input_bytes_per_batch=fields.get("MaxInputBytesPerBatch"),
        max_input_bytes_per_batch_path=fields.get("MaxInputBytesPerBatchPath"),
        batch_input=fields.get("BatchInput", ABSENT),
    )


def _result_writer(fields: Mapping[str, Any] | None) -> ResultWriter | None:
    if fields is None:
        return None
    return ResultWriter(
        resource=fields.get("Resource"),
        parameters=fields.get("Parameters", ABSENT),
        arguments=fields.get("Arguments", ABSENT),
        writer_config=fields.get("WriterConfig"),
    )


_BY_TYPE: dict[str, Callable[[Mapping[str, Any], dict[str, Any], QueryLanguage], State]] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}


def parse(text: str) -> Definition:
    """A definition's text that has been validated."""
    return parse_document(orjson.loads(text))
