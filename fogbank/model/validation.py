"""Constraint validation compiled from the model, in AWS's wording. Pure.

Only members that have a constraint, or hold something that has, are visited. Within a member a pattern is reported
before lengths. Scalars inside lists and maps are not reported one by one: the list (the map's keys, its values) is,
once, with all the constraints of its items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.model.patterns import Matches, compile_pattern
from fogbank.model.shapes import Shape
from fogbank.model.wording import (
    NOT_NULL,
    Wording,
    enum_text,
    length_text,
    pattern_text,
    range_text,
    step_of,
    violation,
    wording_of,
)

#: Takes the params of an operation; gives one text for each violated constraint, in the model's order.
Validator = Callable[[dict[str, Any]], list[str]]

#: Where a value is: the step to it, and where what holds it is. Only put together for a report.
Path = tuple[Any, str]
Deep = Callable[[Any, Path | None, list[str]], None]
Flat = Callable[[Any], list[str] | None]  # the violated constraints of a value, None when there is none

STRINGS = ("string", "character")
NUMBERS = ("byte", "short", "integer", "long", "bigInteger", "float", "double")
CONTAINERS = ("structure", "list", "map")


def compile_validator(shape: Shape) -> Validator | None:
    """The validator of an input shape; None when it has no constraint at all."""
    wording = wording_of(shape.model)
    deep = _Compiler(wording, input_name(shape) if wording.names_input else "").deep(shape)
    if deep is None:
        return None

    def validate(params: dict[str, Any]) -> list[str]:
        problems: list[str] = []
        deep(params, None, problems)
        return problems

    return validate


def _text(path: Path | None) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return ".".join(reversed(steps))


def input_name(shape: Shape) -> str:
    """What a service that names its inputs calls this one: `PutIntegrationRequest` → `putIntegrationInput`."""
    return step_of(shape.name.removesuffix("Request")) + "Input"


class _Compiler:
    """Compiles the shapes of one input. `prefix` is the step before the body's members, "" for none."""

    def __init__(self, wording: Wording, prefix: str = "") -> None:
        self._wording = wording
        self._prefix = prefix
        self._known: dict[str, Deep | None] = {}
        self._open: set[str] = set()

    def deep(self, shape: Shape) -> Deep | None:
        """The check of a structure, list or map and all below it; None when there is nothing to check."""
        if shape.is_document:
            return None
        if shape.name in self._known:
            return self._known[shape.name]
        if not _is_constrained(shape, self._wording):
            self._known[shape.name] = None
            return None
        if shape.name in self._open:  # it holds itself: whatever its check turns out to be
            return self._later(shape.name)
        self._open.add(shape.name)
        match shape.type:
            case "structure":
                built = self._structure(shape)
            case "list":
                built = self._list(shape)
            case _:
                built = self._map(shape)
        self._known[shape.name] = built
        return built

    def _later(self, name: str) -> Deep:
        def check(value: Any, path: Path | None, problems: list[str]) -> None:
            found = self._known[name]
            if found is not None:
                found(value, path, problems)

        return check

    def _structure(self, shape: Shape) -> Deep | None:
        table: list[tuple[str, str, bool, Shape, Flat | None, Deep | None]] = []
        prefix, self._prefix = self._prefix, ""  # the input itself comes first
        for name, member in shape.members.items():
            flat = flat_check(member, self._wording)
            deep = self.deep(member) if member.type in CONTAINERS and not member.is_event_stream else None
            required = name in shape.required
            if required or flat is not None or deep is not None:
                step = step_of(name)
                if prefix and not member.trait("location"):
                    step = f"{prefix}.{step}"
                table.append((name, step, required, member, flat, deep))
        if not table:
            return None
        wording = self._wording

        def check(value: dict[str, Any], path: Path | None, problems: list[str]) -> None:
            get = value.get
            for name, step, required, member, flat, deep in table:
                item = get(name)
                if item is None:
                    if required:
                        problems.append(violation(_text((path, step)), None, member, NOT_NULL, wording))
                    continue
                if flat is not None and (texts := flat(item)) is not None:
                    where = _text((path, step))
                    problems.extend(violation(where, item, member, text, wording) for text in texts)
                if deep is not None:
                    deep(item, (path, step), problems)

        return check

    def _list(self, shape: Shape) -> Deep | None:
        member = shape.member
        if member.type not in CONTAINERS:
            return self._items(shape, member, "Member must satisfy constraint", list)
        flat, deep = flat_check(member, self._wording), self.deep(member)
        if flat is None and deep is None:
            return None
        wording = self._wording

        def check(value: list[Any], path: Path | None, problems: list[str]) -> None:
            for index, item in enumerate(value, 1):
                where = (path, f"{index}.member")
                if flat is not None and (texts := flat(item)) is not None:
                    problems.extend(violation(_text(where), item, member, text, wording) for text in texts)
                if deep is not None:
                    deep(item, where, problems)

        return check

    def _map(self, shape: Shape) -> Deep | None:
        keys = self._items(shape, shape.key, "Map keys must satisfy constraint", list)
        # A map's values are reported with the map when they violate something themselves, scalars or not.
        values = self._items(shape, shape.value, "Map value must satisfy constraint", _values)
        below = self.deep(shape.value) if shape.value.type in CONTAINERS else None
        if keys is None and values is None and below is None:
            return None

        def check(value: dict[str, Any], path: Path | None, problems: list[str]) -> None:
            if keys is not None:
                keys(value, path, problems)
            if values is not None:
                values(value, path, problems)
            if below is not None:
                for key, item in value.items():
                    below(item, (path, f"{key}.member"), problems)

        return check

    def _items(
        self, shape: Shape, item_shape: Shape, title: str, items: Callable[[Any], list[Any]]
    ) -> Deep | None:
        """The check of all items at once, whose report is about what holds them and lists every constraint."""
        flat = flat_check(item_shape, self._wording)
        if flat is None:
            return None
        all_texts = ", ".join(constraint_texts(item_shape, self._wording))
        text, wording = f"{title}: [{all_texts}]", self._wording

        def check(value: Any, path: Path | None, problems: list[str]) -> None:
            for item in items(value):
                if flat(item) is not None:
                    problems.append(violation(_text(path), value, shape, text, wording))
                    return

        return check


def _is_constrained(shape: Shape, wording: Wording) -> bool:
    """Whether anything in a shape or below it can be violated. A shape that holds itself is looked at once."""
    seen: set[str] = set()
    waiting = [shape]
    while waiting:
        found = waiting.pop()
        if found.name in seen or found.is_document:
            continue
        seen.add(found.name)
        match found.type:
            case "structure":
                if found.required:
                    return True
                held = list(found.members.values())
            case "list":
                held = [found.member]
            case _:
                held = [found.key, found.value]
        if any(flat_check(each, wording) is not None for each in held):
            return True
        waiting += [each for each in held if each.type in CONTAINERS and not each.is_event_stream]
    return False


def _values(value: dict[str, Any]) -> list[Any]:
    return list(value.values())


def constraint_texts(shape: Shape, wording: Wording) -> list[str]:
    """Every constraint of a shape, as AWS lists them for the items of a list or map."""
    low, high = shape.raw.get("min"), shape.raw.get("max")
    text = _bound_text(shape)
    found = [text("less", high)] if high is not None else []
    found += [text("greater", low)] if low is not None else []
    if shape.type in STRINGS and "pattern" in shape.raw:
        found.append(pattern_text(shape.raw["pattern"]))
    if shape.enum:
        found.append(enum_text(shape.enum, wording))
    return [*found, NOT_NULL] if wording.elements_not_null else found


def _bound_text(shape: Shape) -> Callable[[str, Any], str]:
    if shape.type in ("float", "double"):
        return lambda bound, limit: range_text(bound, float(limit))
    return range_text if shape.type in NUMBERS else length_text


def flat_check(shape: Shape, wording: Wording) -> Flat | None:
    """The check of a value's own constraints, not of what is inside; None when it has none, or when `patches.json`
    says that the service itself refuses what violates them, in other words."""
    if shape.raw.get("checkedByService"):
        return None
    low, high = shape.raw.get("min"), shape.raw.get("max")
    pattern = shape.raw.get("pattern") if shape.type in STRINGS else None
    if shape.enum:
        return _enum_check(frozenset(shape.enum), [enum_text(shape.enum, wording)])
    if low is None and high is None and pattern is None:
        return None
    text = _bound_text(shape)
    low_text = [text("greater", low)] if low is not None else []
    high_text = [text("less", high)] if high is not None else []
    low_limit = float("-inf") if low is None else low
    high_limit = float("inf") if high is None else high
    if pattern is not None:
        matches, texts = compile_pattern(pattern), (pattern_text(pattern), low_text, high_text)
        return _pattern_check(matches, low_limit, high_limit, texts)
    return _bounds_check(low_limit, high_limit, low_text, high_text, is_number=shape.type in NUMBERS)


def _enum_check(values: frozenset[str], texts: list[str]) -> Flat:
    return lambda value: None if value in values else texts


def _bounds_check(
    low: float, high: float, low_text: list[str], high_text: list[str], *, is_number: bool
) -> Flat:
    def check_number(value: float) -> list[str] | None:
        return None if low <= value <= high else low_text if value < low else high_text

    def check_length(value: Any) -> list[str] | None:
        return None if low <= len(value) <= high else low_text if len(value) < low else high_text

    return check_number if is_number else check_length


def _pattern_check(
    matches: Matches, low: float, high: float, texts: tuple[str, list[str], list[str]]
) -> Flat:
    pattern, low_text, high_text = texts

    def check(value: str) -> list[str] | None:
        fits = low <= len(value) <= high
        is_match = matches(value)
        if fits and is_match:
            return None
        length = [] if fits else low_text if len(value) < low else high_text
        return length if is_match else [pattern, *length]

    return check
