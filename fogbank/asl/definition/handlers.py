"""Checks of Retry and Catch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fogbank.asl.definition import values
from fogbank.asl.definition.places import Check, Place

ALL: Final = "States.ALL"
_SECONDS_MAX: Final = 99_999_999
_DELAY_SECONDS_MAX: Final = 31_622_400


def _interval(value: Any, place: Place) -> None:
    place.is_integer(value, 0, _SECONDS_MAX)


def _attempts(value: Any, place: Place) -> None:
    place.is_integer(value, 0, _SECONDS_MAX)


def _rate(value: Any, place: Place) -> None:
    place.is_number(value, 1.0, None)


def _delay(value: Any, place: Place) -> None:
    place.is_integer(value, 1, _DELAY_SECONDS_MAX)


def _jitter(value: Any, place: Place) -> None:
    place.is_one_of(value, ("NONE", "FULL"))


_RETRIER: Final[Mapping[str, Check]] = {
    "ErrorEquals": values.anything,
    "IntervalSeconds": _interval,
    "MaxAttempts": _attempts,
    "BackoffRate": _rate,
    "MaxDelaySeconds": _delay,
    "JitterStrategy": _jitter,
    "Comment": values.string,
}
_CATCHER: Final[Mapping[str, Check]] = {
    "ErrorEquals": values.anything,
    "Next": values.string,
    "Comment": values.string,
    "Assign": values.assignment(values.WITH_ERROR),
}
_BY_LANGUAGE: Final[Mapping[bool, Mapping[str, Check]]] = {
    False: {"ResultPath": values.reference},
    True: {"Output": values.jsonata((), values.WITH_ERROR)},
}


def retry(value: Any, place: Place) -> None:
    _entries(value, place, _RETRIER, ("ErrorEquals",))


def catch(value: Any, place: Place) -> None:
    _entries(value, place, {**_CATCHER, **_BY_LANGUAGE[place.jsonata]}, ("ErrorEquals", "Next"))


def _entries(value: Any, place: Place, known: Mapping[str, Check], required: tuple[str, ...]) -> None:
    if not place.is_array(value):
        return
    for index, entry in enumerate(value):
        at = place.item(index)
        if not at.is_object(entry):
            continue
        at.only(entry, known)
        at.require(entry, required)
        for name, check in known.items():
            if name in entry:
                check(entry[name], at.at(name))
        if "ErrorEquals" in entry:
            _error_equals(entry["ErrorEquals"], at.at("ErrorEquals"), last=index == len(value) - 1)


def _error_equals(value: Any, place: Place, *, last: bool) -> None:
    if not place.is_array(value):
        return
    place.not_empty(value)
    for index, name in enumerate(value):
        place.item(index).is_string(name)
    if ALL in value and (len(value) > 1 or not last):
        place.refuse(f"{ALL} must appear alone and at end of list")
