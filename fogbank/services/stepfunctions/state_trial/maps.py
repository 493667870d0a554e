"""A Map on its way in: its items, what ItemSelector makes of each, and the bounds of its failures."""

from __future__ import annotations

from typing import Any

from fogbank.asl import fields
from fogbank.asl.definition.states import ABSENT, MapState
from fogbank.asl.documents import Document
from fogbank.asl.errors import runtime_error
from fogbank.services.stepfunctions.state_trial.way import Way

_INT_MAX = 2**31 - 1


def items_of(way: Way, state: MapState, effective: Document, read: list[Any] | None) -> list[Any]:
    """The inputs of the iterations. `read` is what the ItemReader is said to have read; without it, none is known."""
    items = read
    if items is None:
        items = [] if state.item_reader is not None else _found(way, state, effective)
    if state.item_selector is ABSENT:
        return items
    select = (
        fields.jsonata(state.item_selector, "ItemSelector")
        if way.jsonata
        else fields.template(state.item_selector)
    )
    selected = []
    for index, item in enumerate(items):
        scope = way.scope(effective)
        scope.context = {**way.context, "Map": {"Item": {"Index": index, "Value": item}}}
        selected.append(select(scope))
    way.inspection.saw("afterItemSelector", Document.of(selected))
    return selected


def _found(way: Way, state: MapState, effective: Document) -> list[Any]:
    value = effective.value
    if way.jsonata:
        if state.items is not ABSENT:
            value = fields.jsonata(state.items, "Items")(way.scope(effective))
        if isinstance(value, dict):
            return [{"Key": key, "Value": part} for key, part in value.items()]
    elif state.items_path is not None:
        value = fields.path(state.items_path, "ItemsPath")(way.scope(effective))
        way.inspection.saw("afterItemsPath", Document.of(value))
    if not isinstance(value, list):  # the sentence is a guess
        raise runtime_error("The items of a Map must be an array.")
    return value


def exceeded(way: Way, state: MapState, effective: Document, items: int, failures: int) -> bool:
    """Evaluate MaxConcurrency and what failures are tolerated; whether `failures` are more than that."""
    found: dict[str, int] = {}
    for field, literal, path, maximum in (
        ("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, _INT_MAX),
        (
            "ToleratedFailureCount",
            state.tolerated_failure_count,
            state.tolerated_failure_count_path,
            _INT_MAX,
        ),
        (
            "ToleratedFailurePercentage",
            state.tolerated_failure_percentage,
            state.tolerated_failure_percentage_path,
            100,
        ),
    ):
        evaluate = fields.integer(literal, path, field, is_jsonata=way.jsonata, minimum=0, maximum=maximum)
        if evaluate is not None:
            found[field] = evaluate(way.scope(effective))
    way.inspection.note("maxConcurrency", found.get("MaxConcurrency", 0))
    count, percentage = found.get("ToleratedFailureCount"), found.get("ToleratedFailurePercentage")
    if count is not None:
        way.inspection.note("toleratedFailureCount", count)
    if percentage is not None:
        way.inspection.note("toleratedFailurePercentage", float(percentage))
    if not failures:
        return False
    if count is None and percentage is None:
        return True
    too_many = count is not None and failures > count
    return too_many or (percentage is not None and items > 0 and 100 * failures > percentage * items)
