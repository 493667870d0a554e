"""Checks of states, field by field: the table of what each type has in each query language, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fogbank.asl.definition import choices, handlers, maps, parameters, values
from fogbank.asl.definition.diagnostics import Code
from fogbank.asl.definition.places import Check, Place
from fogbank.asl.definition.states import QueryLanguage
from fogbank.asl.limits import DEFINITION_DEPTH_MAX
from fogbank.asl.templates_jsonata import Expected
from fogbank.asl.timestamps import parse_timestamp

_SECONDS_MAX: Final = 99_999_999
_STATE_NAME_CHARS_MAX: Final = 80
_TYPES: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")

Fields = Mapping[str, Check]


@dataclass(frozen=True, slots=True)
class Shape:
    """`both` are fields of either language. `one_of` are groups of which exactly one, `at_most_one` of which one may be."""

    both: Fields = field(default_factory=dict)
    jsonpath: Fields = field(default_factory=dict)
    jsonata: Fields = field(default_factory=dict)
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    at_most_one: tuple[tuple[str, ...], ...] = ()

    def of(self, language: QueryLanguage) -> tuple[Fields, Fields]:
        """Fields of a language only, and those of the other only."""
        if language is QueryLanguage.JSONATA:
            return self.jsonata, self.jsonpath
        return self.jsonpath, self.jsonata


def _end(value: Any, place: Place) -> None:
    place.is_boolean(value)


def _query_language(value: Any, place: Place) -> None:
    place.is_one_of(value, tuple(QueryLanguage))


def _timestamp(value: Any, place: Place) -> None:
    if place.is_string(value) and parse_timestamp(value) is None:
        place.refuse("String does not match RFC3339 timestamp")


_JSONATA_TIMESTAMP: Final = values.jsonata((Expected.STRING,), plain=_timestamp)


def _wait_timestamp(value: Any, place: Place) -> None:
    (_JSONATA_TIMESTAMP if place.jsonata else _timestamp)(value, place)


def _branches(value: Any, place: Place) -> None:
    if not place.is_array(value):
        return
    place.not_empty(value)
    for index, branch in enumerate(value):
        container(branch, place.item(index), ())


def _processor(value: Any, place: Place) -> None:
    config = value.get("ProcessorConfig") if isinstance(value, dict) else None
    express = place.express or (isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS")
    container(value, replace(place, express=express), ("ProcessorConfig",))
    if config is not None:
        maps.processor_config(config, place.at("ProcessorConfig"))


_ANY: Final = values.jsonata()
_COMMON: Final[Fields] = {"Type": values.anything, "Comment": values.string, "QueryLanguage": _query_language}
_FLOW: Final[Fields] = {"Next": values.string, "End": _end}
_PATHS: Final[Fields] = {"InputPath": values.path, "OutputPath": values.path}
_RESULT: Final[Fields] = {"ResultSelector": values.object_template, "ResultPath": values.reference}
_OUTPUT: Final[Fields] = {"Output": _ANY}
_RESULT_OUTPUT: Final[Fields] = {"Output": values.jsonata((), values.WITH_RESULT)}
_ASSIGN: Final[Fields] = {"Assign": values.assignment(values.INPUT_ONLY)}
_RESULT_ASSIGN: Final[Fields] = {"Assign": values.assignment(values.WITH_RESULT)}
_HANDLERS: Final[Fields] = {"Retry": handlers.retry, "Catch": handlers.catch}
_NEXT_OR_END: Final = (("Next", "End"),)

SHAPES: Final[Mapping[str, Shape]] = {
    "Pass": Shape(
        both={**_FLOW, **_ASSIGN},
        jsonpath={
            **_PATHS,
            "Result": values.static_result,
            "ResultPath": values.reference,
            "Parameters": values.template,
        },
        jsonata=_OUTPUT,
        one_of=_NEXT_OR_END,
    ),
    "Task": Shape(
        both={
            "Resource": values.resource,
            "TimeoutSeconds": values.integer(1, _SECONDS_MAX),
            "HeartbeatSeconds": values.integer(1, _SECONDS_MAX),
            "Credentials": values.credentials,
            **_HANDLERS,
            **_FLOW,
            **_RESULT_ASSIGN,
        },
        jsonpath={
            **_PATHS,
            **_RESULT,
            "Parameters": values.template,
            "TimeoutSecondsPath": values.single_path,
            "HeartbeatSecondsPath": values.single_path,
        },
        jsonata={"Arguments": _ANY, **_RESULT_OUTPUT},
        required=("Resource",),
        one_of=_NEXT_OR_END,
        at_most_one=(("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath")),
    ),
    "Choice": Shape(
        both={"Choices": choices.choices, "Default": values.string, **_ASSIGN},
        jsonpath=_PATHS,
        jsonata=_OUTPUT,
        required=("Choices",),
    ),
    "Wait": Shape(
        both={
            "Seconds": values.integer(0, _SECONDS_MAX),
            "Timestamp": _wait_timestamp,
            **_FLOW,
            **_ASSIGN,
        },
        jsonpath={"SecondsPath": values.single_path, "TimestampPath": values.single_path, **_PATHS},
        jsonata=_OUTPUT,
        one_of=(*_NEXT_OR_END, ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")),
    ),
    "Succeed": Shape(jsonpath=_PATHS, jsonata=_OUTPUT),
    "Fail": Shape(
        both={"Error": values.text, "Cause": values.text},
        jsonpath={"ErrorPath": values.path_or_intrinsic, "CausePath": values.path_or_intrinsic},
        at_most_one=(("Error", "ErrorPath"), ("Cause", "CausePath")),
    ),
    "Parallel": Shape(
        both={"Branches": _branches, **_HANDLERS, **_FLOW, **_RESULT_ASSIGN},
        jsonpath={**_PATHS, **_RESULT, "Parameters": values.template},
        jsonata={"Arguments": _ANY, **_RESULT_OUTPUT},
        required=("Branches",),
        one_of=_NEXT_OR_END,
    ),
    "Map": Shape(
        both={
            "ItemProcessor": _processor,
            "Iterator": _processor,
            "ItemReader": maps.item_reader,
            "ItemSelector": values.either_template,
            "ItemBatcher": maps.item_batcher,
            "ResultWriter": maps.result_writer,
            "MaxConcurrency": values.integer(0),
            "ToleratedFailurePercentage": values.number(0.0, 100.0),
            "ToleratedFailureCount": values.integer(0),
            "Label": maps.label,
            **_HANDLERS,
            **_FLOW,
            **_RESULT_ASSIGN,
        },
        jsonpath={
            **_PATHS,
            **_RESULT,
            "ItemsPath": values.single_path,
            "Parameters": values.template,
            "MaxConcurrencyPath": values.map_number_path,
            "ToleratedFailurePercentagePath": values.map_number_path,
            "ToleratedFailureCountPath": values.map_number_path,
        },
        jsonata={"Items": maps.items, **_RESULT_OUTPUT},
        one_of=(*_NEXT_OR_END, ("ItemProcessor", "Iterator")),
        at_most_one=(
            ("MaxConcurrency", "MaxConcurrencyPath"),
            ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
            ("ToleratedFailureCount", "ToleratedFailureCountPath"),
            ("ItemSelector", "Parameters"),
        ),
    ),
}


def container(value: Any, place: Place, others: tuple[str, ...]) -> None:
    """An object with StartAt and States: the machine itself, a branch, a processor. `others` it may have besides."""
    if not place.is_object(value):
        return
    place.only(value, ("StartAt", "States", "Comment", *others))
    place.require(value, ("States", "StartAt"))
    if "StartAt" in value:
        place.at("StartAt").is_string(value["StartAt"])
    if "Comment" in value:
        place.at("Comment").is_string(value["Comment"])
    states = value.get("States")
    if "States" not in value or not place.at("States").is_object(states):
        return
    place.at("States").not_empty(states)
    outer = "" if place.location == "/" else place.location
    for name, fields in states.items():
        inner = replace(
            place,
            state=f"{outer}/States/{name}",
            field="",
            language=place.rules.machine,
            depth=place.depth + 1,
        )
        state(name, fields, inner)


def state(name: str, fields: Any, place: Place) -> None:
    """One state; `place` holds the language of the machine, which the state may set for itself."""
    if len(name) > _STATE_NAME_CHARS_MAX or not name:
        # The code is AWS's, the wording ours.
        place.refuse(f"Invalid State name: '{name}'", Code.INVALID_STATE_NAME)
    if place.depth > DEFINITION_DEPTH_MAX:
        place.refuse("The state machine is nested too deeply", Code.TOO_DEEPLY_NESTED)
        return
    if not place.is_object(fields) or not place.require(fields, ("Type",)):
        return
    if fields["Type"] not in _TYPES:
        place.at("Type").refuse(f"The field 'Type' should have one of these values: [{', '.join(_TYPES)}]")
        return
    shape = SHAPES[fields["Type"]]
    place = _own_language(fields, place)
    own, foreign = shape.of(place.language)
    known = {**_COMMON, **shape.both, **own}
    other = QueryLanguage.JSONPATH if place.jsonata else QueryLanguage.JSONATA
    for field_name in fields:
        if field_name in foreign:
            place.refuse(
                f"The QueryLanguage is set to '{place.language}', but field '{field_name}' is only supported for the "
                f"'{other}' QueryLanguage"
            )
        elif field_name not in known:
            place.refuse(f"Field '{field_name}' is not supported")
    place.require(fields, shape.required)
    for group in shape.one_of:
        place.exclusive(fields, [each for each in group if each in known], required=True)
    for group in shape.at_most_one:
        place.exclusive(fields, [each for each in group if each in known], required=False)
    for field_name, value in fields.items():
        if field_name in known:
            known[field_name](value, place.at(field_name))
    _beyond_fields(fields, place)


def _own_language(fields: Mapping[str, Any], place: Place) -> Place:
    given = fields.get("QueryLanguage")
    if given not in tuple(QueryLanguage):
        return place
    if given == QueryLanguage.JSONPATH and place.rules.machine is QueryLanguage.JSONATA:
        place.refuse("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
    return replace(place, language=QueryLanguage(given))


def _beyond_fields(fields: Mapping[str, Any], place: Place) -> None:
    """What depends on more than one field."""
    heartbeat, timeout = fields.get("HeartbeatSeconds"), fields.get("TimeoutSeconds")
    if type(heartbeat) is int and type(timeout) is int and heartbeat >= timeout:
        # The rule is the language's, the wording ours; so it is with what follows.
        place.at("HeartbeatSeconds").refuse("HeartbeatSeconds must be smaller than TimeoutSeconds")
    if fields["Type"] == "Task":
        parameters.check(fields, place)
    if fields["Type"] == "Map":
        processor = fields.get("ItemProcessor", fields.get("Iterator"))
        config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
        if not isinstance(config, dict) or config.get("Mode") != "DISTRIBUTED":
            for name in maps.DISTRIBUTED_ONLY:
                if name in fields:
                    place.refuse(f"Field '{name}' is only supported for a Map in 'DISTRIBUTED' mode")
