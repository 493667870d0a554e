"""A place within a definition: where a check stands, what holds there, and the checks that all fields share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from fogbank.asl.definition.diagnostics import Code, Report
from fogbank.asl.definition.states import QueryLanguage
from fogbank.asl.resources import TaskResource

Recognises: TypeAlias = Callable[[TaskResource], bool]
"""Whether a service integration exists; beyond its syntax, only the caller can know."""

Foreign: TypeAlias = Callable[[TaskResource, Mapping[str, Any], bool], list[str]]
"""The fields among Parameters or Arguments (then True) that an `aws-sdk` integration does not take, at any depth."""


def none_foreign(resource: TaskResource, given: Mapping[str, Any], jsonata: bool) -> list[str]:
    """For who does not know the services' operations."""
    return []


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a whole definition. `machine` is the language set at the top."""

    report: Report
    express: bool
    machine: QueryLanguage
    recognises: Recognises
    foreign: Foreign = none_foreign


@dataclass(frozen=True, slots=True)
class Place:
    """`state` is the location of the state (`/States/X`), `field` the place within it (`Choices[0]/Condition`).

    `depth` is how many branches and processors are around it.
    """

    rules: Rules
    state: str
    field: str
    language: QueryLanguage
    express: bool
    depth: int = 0

    @property
    def location(self) -> str:
        if not self.field:
            return self.state or "/"
        return f"{self.state}/{self.field}"

    def at(self, name: str) -> Place:
        return replace(self, field=f"{self.field}/{name}" if self.field else name)

    def item(self, index: int) -> Place:
        return replace(self, field=f"{self.field}[{index}]")

    @property
    def jsonata(self) -> bool:
        return self.language is QueryLanguage.JSONATA

    def refuse(self, message: str, code: str = Code.SCHEMA_VALIDATION_FAILED) -> None:
        self.rules.report.add(code, message, self.location)

    def warn(self, code: str, message: str) -> None:
        self.rules.report.warn(code, message, self.location)

    # The wording of what follows is AWS's, from recordings or as people quoted it.

    def require(self, fields: Mapping[str, Any], names: Iterable[str]) -> bool:
        missing = [name for name in names if name not in fields]
        if missing:
            self.refuse(f"These fields are required: [{', '.join(missing)}]")
        return not missing

    def only(self, fields: Mapping[str, Any], known: Iterable[str]) -> None:
        """Refuse fields that are not known here."""
        allowed = set(known)
        for name in fields:
            if name not in allowed:
                self.refuse(f"Field '{name}' is not supported")

    def exclusive(self, fields: Mapping[str, Any], names: Sequence[str], *, required: bool) -> None:
        """Refuse more than one of `names`, and none if one is required. A field that is false is not there."""
        given = sum(name in fields and fields[name] is not False for name in names)
        shown = f"of the following fields: [{', '.join(names)}]"
        if given > 1:
            self.refuse(f"There should only be one {shown}")
        elif required and not given:
            self.refuse(f"This object should have only one {shown}")

    def not_empty(self, value: Sequence[Any] | Mapping[str, Any]) -> None:
        if not value:
            self.refuse("Value cannot be empty")

    def is_object(self, value: Any) -> bool:
        return self._is(isinstance(value, dict), "Object")

    def is_array(self, value: Any) -> bool:
        return self._is(isinstance(value, list), "Array")

    def is_string(self, value: Any) -> bool:
        return self._is(isinstance(value, str), "String")

    def is_boolean(self, value: Any) -> bool:
        return self._is(isinstance(value, bool), "Boolean")

    def _is(self, holds: bool, kind: str) -> bool:
        if not holds:
            self.refuse(f"Expected value of type {kind}")
        return holds

    def is_integer(self, value: Any, least: int, most: int | None) -> bool:
        if type(value) is not int:
            return self._is(False, "Integer")
        return self._in_range(value, least, most)

    def is_number(self, value: Any, least: float, most: float | None) -> bool:
        if type(value) not in (int, float):
            return self._is(False, "Integer")
        return self._in_range(value, least, most)

    def _in_range(self, value: float, least: float, most: float | None) -> bool:
        if value < least:
            self.refuse(f"Minimum value is {least}")
            return False
        if most is not None and value > most:
            self.refuse(f"Maximum value is {most}")
            return False
        return True

    def is_one_of(self, value: Any, values: Iterable[str]) -> bool:
        known = list(values)
        if isinstance(value, str) and value in known:
            return True
        self.refuse(f"Value should be one of the following: [{', '.join(known)}]")
        return False


Check: TypeAlias = Callable[[Any, Place], None]
"""Checks the value of one field at its place."""
