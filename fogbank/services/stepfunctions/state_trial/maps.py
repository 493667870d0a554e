"""A Map on its way in: its items, what ItemSelector makes of each, and the bounds of its failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl import fields
from fogbank.asl.definition.states import ABSENT, ItemBatcher, MapState
from fogbank.asl.documents import Document
from fogbank.asl.errors import runtime_error
from fogbank.asl.states.distributed_map import batch_bounds, batch_input, config_of
from fogbank.asl.states.map_ import STATE_DATA, concurrency, tolerances
from fogbank.services.stepfunctions.distributed.reading import item_of, items_in, most_of
from fogbank.services.stepfunctions.engine.map_batches import batches
from fogbank.services.stepfunctions.state_trial.way import Way

_INT_MAX = 2**31 - 1


async def items_of(way: Way, state: MapState, effective: Document, reader_data: str | None) -> list[Any]:
    """The items. `reader_data` is what the ItemReader is said to find; without it, none are known."""
    if state.item_reader is None:
        items = _found(way, state, effective)
    elif reader_data is None:
        items = []
    else:
        items = await _read(way, state, effective, reader_data)
    inputs = items
    if state.item_selector is not ABSENT:
        inputs = _selected(way, state, effective, items)
        way.inspection.saw("afterItemSelector", Document.of(inputs))
    if state.item_batcher is not None:
        batched = await _batched(way, state.item_batcher, effective, inputs)
        way.inspection.saw("afterItemBatcher", Document.of(batched))
    return items


async def _read(way: Way, state: MapState, effective: Document, data: str) -> list[Any]:
    """By ItemReader's configuration, as from S3. A listing of objects is given as JSON."""
    reader = state.item_reader
    assert reader is not None
    given = dict(reader.reader_config or {})
    config = config_of(given, "ItemReader/ReaderConfig", way.jsonata)(way.scope(effective))
    items: list[Any] = []
    most = most_of(config)
    async for raw in items_in(_once(data.encode()), {"InputType": "JSON"} | config):
        if len(items) >= most:
            break
        items.append(item_of(raw))
    if config.get("ItemsPointer") is not None:
        way.inspection.saw("afterItemsPointer", Document.of(items))
    return items


def _selected(way: Way, state: MapState, effective: Document, items: list[Any]) -> list[Any]:
    select = (
        fields.jsonata(state.item_selector, "ItemSelector")
        if way.jsonata
        else fields.template(state.item_selector)
    )
    selected = []
    for index, item in enumerate(items):
        scope = way.scope(effective)
        scope.context = {
            **way.context,
            "Map": {"Item": {"Index": index, "Value": item, "Source": STATE_DATA}},
        }
        selected.append(select(scope))
    return selected


async def _batched(way: Way, batcher: ItemBatcher, effective: Document, inputs: list[Any]) -> list[Any]:
    scope = way.scope(effective)
    given = batch_input(batcher, jsonata=way.jsonata)
    plan: dict[str, Any] = {"batcher": {"input": None if given is None else given(scope)}}
    for name, evaluate in batch_bounds(batcher, jsonata=way.jsonata).items():
        plan[name] = int(evaluate(scope))
    return [batch async for batch, _ in batches(_each(inputs), plan)]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _each(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


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
    scope = way.scope(effective)
    evaluate_most = concurrency(state, jsonata=way.jsonata)
    most = 0 if evaluate_most is None else evaluate_most(scope)
    bounds = {name: evaluate(scope) for name, evaluate in tolerances(state, jsonata=way.jsonata).items()}
    way.inspection.note("maxConcurrency", most)
    count, percentage = bounds.get("tolerated_count"), bounds.get("tolerated_percentage")
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
