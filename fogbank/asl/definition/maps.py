"""Checks of what only a Map has: where its items come from, how they are batched, where results go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fogbank.asl.definition import values
from fogbank.asl.definition.diagnostics import Code
from fogbank.asl.definition.places import Check, Place
from fogbank.asl.resources import parse_resource
from fogbank.asl.templates_jsonata import Expected

_MAX_ITEMS: Final = 100_000_000
_BATCH_BYTES_MAX: Final = 262_144
_LABEL: Final = re.compile(r"""[^\s?*<>{}[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]{1,40}""")
_INPUT_TYPES: Final = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
DISTRIBUTED_ONLY: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")


def items(value: Any, place: Place) -> None:
    _ITEMS(value, place)


def _array(value: Any, place: Place) -> None:
    place.is_array(value)


_ITEMS: Final = values.jsonata((Expected.ARRAY, Expected.OBJECT), plain=_array)


def _object(value: Any, place: Place) -> None:
    place.is_object(value)


_ARGUMENTS: Final = values.jsonata((Expected.OBJECT,), plain=_object)


def processor_config(value: Any, place: Place) -> None:
    if not place.is_object(value):
        return
    place.only(value, ("Mode", "ExecutionType"))
    mode = value.get("Mode", "INLINE")
    place.at("Mode").is_one_of(mode, ("INLINE", "DISTRIBUTED"))
    if mode == "DISTRIBUTED":
        if place.express:
            place.at("Mode").refuse(
                "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            )
        if place.require(value, ("ExecutionType",)):
            place.at("ExecutionType").is_one_of(value["ExecutionType"], ("STANDARD", "EXPRESS"))
    elif "ExecutionType" in value:
        place.refuse("Field 'ExecutionType' is not supported")


def label(value: Any, place: Place) -> None:
    if place.is_string(value) and not _LABEL.fullmatch(value):
        # The code is AWS's, the wording ours.
        place.refuse(f"Invalid Label: '{value}'", Code.INVALID_LABEL_NAME)


def item_reader(value: Any, place: Place) -> None:
    if not place.is_object(value):
        return
    _located(value, place, ("getObject", "listObjectsV2"), "ReaderConfig")
    if "ReaderConfig" in value:
        _fields(value["ReaderConfig"], place.at("ReaderConfig"), _READER)
        _csv(value["ReaderConfig"], place.at("ReaderConfig"))


def _csv(config: Any, place: Place) -> None:
    """What goes with an InputType."""
    if not isinstance(config, dict):
        return
    kind, header = config.get("InputType"), config.get("CSVHeaderLocation")
    if kind == "CSV" and header is None:
        place.refuse("The field 'CSVHeaderLocation' is required")
    if kind == "JSON" and header is not None:
        place.refuse("Field 'CSVHeaderLocation' is not supported")
    if header == "GIVEN":
        place.require(config, ("CSVHeaders",))


def result_writer(value: Any, place: Place) -> None:
    if not place.is_object(value):
        return
    if "Resource" in value or "WriterConfig" not in value:
        _located(value, place, ("putObject",), "WriterConfig")
    else:
        place.only(value, ("WriterConfig",))
    if "WriterConfig" in value:
        at = place.at("WriterConfig")
        _fields(value["WriterConfig"], at, _WRITER)
        if isinstance(value["WriterConfig"], dict):
            at.require(value["WriterConfig"], ("Transformation", "OutputType"))


def _located(value: Mapping[str, Any], place: Place, actions: tuple[str, ...], config: str) -> None:
    """What names an action of S3 and its parameters, in the language of the state."""
    own, other = ("Arguments", "Parameters") if place.jsonata else ("Parameters", "Arguments")
    place.only(value, ("Resource", own, other, config))
    if other in value:
        place.at(other).refuse(f"Field '{other}' is not supported")
    if own in value:
        (_ARGUMENTS if place.jsonata else values.object_template)(value[own], place.at(own))
    if place.require(value, ("Resource",)) and place.at("Resource").is_string(value["Resource"]):
        found = parse_resource(value["Resource"])
        if found is None or found.service != "s3" or found.action not in actions:
            place.at("Resource").refuse("The field 'Resource' does not match any of the allowed values")


def _fields(value: Any, place: Place, known: Mapping[str, Check]) -> None:
    if not place.is_object(value):
        return
    place.only(value, known)
    for name, check in known.items():
        if name in value:
            check(value[name], place.at(name))
        if name.endswith("Path"):
            place.exclusive(value, (name.removesuffix("Path"), name), required=False)


def _one_of(*known: str) -> Check:
    def check(value: Any, place: Place) -> None:
        place.is_one_of(value, known)

    return check


def _headers(value: Any, place: Place) -> None:
    if place.is_array(value):
        for index, header in enumerate(value):
            place.item(index).is_string(header)


_READER: Final[Mapping[str, Check]] = {
    "InputType": _one_of(*_INPUT_TYPES),
    "Transformation": _one_of("NONE", "LOAD_AND_FLATTEN"),
    "CSVHeaderLocation": _one_of("FIRST_ROW", "GIVEN"),
    "CSVHeaders": _headers,
    "CSVDelimiter": _one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "ManifestType": _one_of("ATHENA_DATA", "S3_INVENTORY"),
    "ItemsPointer": values.string,
    "MaxItems": values.integer(0, _MAX_ITEMS),
    "MaxItemsPath": values.map_number_path,
}
_WRITER: Final[Mapping[str, Check]] = {
    "Transformation": _one_of("NONE", "COMPACT", "FLATTEN"),
    "OutputType": _one_of("JSON", "JSONL"),
}
_BATCHER: Final[Mapping[str, Check]] = {
    "MaxItemsPerBatch": values.integer(0, _MAX_ITEMS),
    "MaxItemsPerBatchPath": values.map_number_path,
    "MaxInputBytesPerBatch": values.integer(0, _BATCH_BYTES_MAX),
    "MaxInputBytesPerBatchPath": values.map_number_path,
    "BatchInput": values.either_template,
}


def item_batcher(value: Any, place: Place) -> None:
    _fields(value, place, _BATCHER)
    limits = [name for name in _BATCHER if name != "BatchInput"]
    if isinstance(value, dict) and not any(name in value for name in limits):
        # The rule is documented, its wording is ours.
        place.refuse(f"This object should have at least one of the following fields: [{', '.join(limits)}]")
