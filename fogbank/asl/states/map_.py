"""Map, inline: an iteration for each item, as many at a time as MaxConcurrency says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl import fields
from fogbank.asl.definition.states import ABSENT, MapState
from fogbank.asl.documents import Document
from fogbank.asl.errors import runtime_error
from fogbank.asl.frames import Frame, Group
from fogbank.asl.handlers import Handlers
from fogbank.asl.scope import Scope
from fogbank.asl.states.group import GroupNode
from fogbank.asl.templates_jsonata import Expected

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.machine import Block

#: AWS runs about 40 iterations at a time when MaxConcurrency is 0, and never more than that inline.
CONCURRENCY_MAX = 40
#: `Map.Item.Source` of the context object for items that are no ItemReader's.
STATE_DATA = "STATE_DATA"


class Items:
    """Where a Map's items come from and what an iteration gets of each: shared with the Distributed Map."""

    def __init__(self, state: MapState, *, jsonata: bool) -> None:
        self._path = "$"
        if jsonata:
            given = state.items
            self._items = None if given is ABSENT else fields.jsonata(given, "Items", Expected.ARRAY)
        else:
            path = state.items_path
            self._path = path or "$"
            self._items = None if path in (None, "$") else fields.path(path, "ItemsPath")
        selector = state.item_selector
        self._selector: fields.Evaluate | None = None
        if selector is not ABSENT:
            self._selector = (
                fields.jsonata(selector, "ItemSelector") if jsonata else fields.template(selector)
            )

    def find(self, advance: Advance, frame: Frame, input: Document) -> list[Any]:
        """Raises StatesError when they are no array."""
        value = input.value if self._items is None else self._items(advance.scope(frame, input))
        if not isinstance(value, list):
            raise runtime_error(f'Reference path "{self._path}" must point to array.')
        return value

    @property
    def selects(self) -> bool:
        return self._selector is not None

    def evaluate(self, scope: Scope, item: Any) -> Any:
        """What ItemSelector makes of an item; `Map.Item` is in the scope's context."""
        return item if self._selector is None else self._selector(scope)


class MapNode(GroupNode):
    kind = "Map"

    def __init__(self, state: MapState, processor: Block) -> None:
        super().__init__(state)
        self.aborted = "MapStateAborted"
        jsonata = self.flow.jsonata
        self.handlers = Handlers(state.retry, state.catch, jsonata=jsonata)
        self.blocks = (processor,)
        self.items = Items(state, jsonata=jsonata)
        self._concurrency = concurrency(state, jsonata=jsonata)
        # ToleratedFailure… is for Distributed Maps; inline, AWS evaluates it and goes by it no further.
        self._evaluated = tolerances(state, jsonata=jsonata)

    def start(self, advance: Advance, frame: Frame) -> None:
        input = self.flow.input(advance, frame)
        items = self.items.find(advance, frame, input)
        concurrency = 0
        if self._concurrency is not None or self._evaluated:
            scope = advance.scope(frame, input)
            concurrency = 0 if self._concurrency is None else int(self._concurrency(scope))
            for evaluate in self._evaluated.values():
                evaluate(scope)
        concurrency = min(concurrency, CONCURRENCY_MAX) or CONCURRENCY_MAX
        self.open(advance, frame, Group(len(items), concurrency, items), {"length": len(items)})

    def prepare(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        assert group.items is not None
        item = given = group.items[index]
        if self.items.selects:
            scope = advance.scope(frame, self.flow.input(advance, frame))
            scope.context = {**scope.context, "Map": {"Item": _about(index, item)}}
            given = self.items.evaluate(scope, item)
        child.item = (index, item)
        advance.event(child, "MapIterationStarted", {"name": self.name, "index": index})
        child.input = Document.of(given)

    def child_succeeded(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        # The next iteration follows the last event within this one; the end of the state follows this event.
        group.previous_id = child.previous_id
        frame.previous_id = advance.event(child, "MapIterationSucceeded", {"name": self.name, "index": index})

    def child_broken(self, advance: Advance, child: Frame, after: int) -> None:
        details = {"name": self.name, "index": child.path[-1]}
        advance.event(child, "MapIterationFailed", details, follow=False, after=after)

    def child_aborted(self, advance: Advance, child: Frame, after: int) -> None:
        details = {"name": self.name, "index": child.path[-1]}
        advance.event(child, "MapIterationAborted", details, follow=False, after=after)


def _about(index: int, item: Any) -> dict[str, Any]:
    return {"Index": index, "Value": item, "Source": STATE_DATA}


def concurrency(state: MapState, *, jsonata: bool) -> fields.Evaluate | None:
    """MaxConcurrency; None where it is not set."""
    literal, path = state.max_concurrency, state.max_concurrency_path
    return fields.integer(literal, path, "MaxConcurrency", is_jsonata=jsonata, minimum=0, maximum=2**31 - 1)


def tolerances(state: MapState, *, jsonata: bool) -> dict[str, fields.Evaluate]:
    """ToleratedFailureCount and ToleratedFailurePercentage, those that are set, by their names in a plan."""
    found = {
        "tolerated_count": fields.integer(
            state.tolerated_failure_count,
            state.tolerated_failure_count_path,
            "ToleratedFailureCount",
            is_jsonata=jsonata,
            minimum=0,
            maximum=2**31 - 1,
        ),
        "tolerated_percentage": fields.percentage(
            state.tolerated_failure_percentage,
            state.tolerated_failure_percentage_path,
            "ToleratedFailurePercentage",
            is_jsonata=jsonata,
        ),
    }
    return {name: evaluate for name, evaluate in found.items() if evaluate is not None}
