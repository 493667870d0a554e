"""Map, distributed: its iterations are executions of their own, run by a map run outside of the step.

The state evaluates what the definition says once and hands it on as a *plan*, plain JSON that outlives a restart:
`map_run_arn`, `label`, `child_type`, `max_concurrency`, `tolerated_count`, `tolerated_percentage`, `input`, `context` and
`variables` (what ItemSelector sees), `items` (None with an ItemReader), `reader`, `writer` and `batcher`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl import fields
from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.definition.states import ABSENT, ItemBatcher, ItemReader, MapState, ResultWriter
from fogbank.asl.documents import Document
from fogbank.asl.effects import StartMapRun
from fogbank.asl.frames import Frame, Phase
from fogbank.asl.handlers import Handlers
from fogbank.asl.jsonata import Budget
from fogbank.asl.outcomes import Failed, Outcome, Succeeded
from fogbank.asl.scope import Scope
from fogbank.asl.states.map_ import Items, concurrency, tolerances
from fogbank.asl.states.node import Node

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.machine import Block

_INT_MAX = 2**31 - 1


class DistributedMapNode(Node):
    def __init__(self, state: MapState, processor: Block) -> None:
        super().__init__(state)
        self.aborted = "MapStateAborted"
        jsonata = self.flow.jsonata
        self.handlers = Handlers(state.retry, state.catch, jsonata=jsonata)
        self.blocks = (processor,)
        self.items = Items(state, jsonata=jsonata)
        self._state = state
        self._label = state.label or state.name[:40].replace(" ", "")
        self._numbers = _numbers(state, jsonata=jsonata)
        self._tolerances = tolerances(state, jsonata=jsonata)
        self._reader = None if state.item_reader is None else _arguments(state.item_reader, jsonata=jsonata)
        self._writer = (
            None if state.result_writer is None else _arguments(state.result_writer, jsonata=jsonata)
        )
        batcher = state.item_batcher
        self._batch_input = None if batcher is None else batch_input(batcher, jsonata=jsonata)

    def run(self, advance: Advance, frame: Frame) -> None:
        if frame.map_run is not None:  # redriven
            self._redrive(advance, frame)
            return
        input = self.flow.input(advance, frame)
        scope = advance.scope(frame, input)
        items = None if self._state.item_reader is not None else self.items.find(advance, frame, input)
        plan = self._plan(advance, frame, scope, items)
        advance.event(frame, "MapStateStarted", {"length": 0 if items is None else len(items)})
        advance.event(frame, "MapRunStarted", {"mapRunArn": plan["map_run_arn"]})
        number = advance.number()
        frame.map_run = {"number": number, "arn": plan["map_run_arn"], "redrives": 0}
        frame.phase = Phase.MAP_RUN
        advance.effects.append(StartMapRun(frame.path, number, self.name, plan))

    def _plan(self, advance: Advance, frame: Frame, scope: Scope, items: list[Any] | None) -> dict[str, Any]:
        state = self._state
        plan: dict[str, Any] = {name: int(evaluate(scope)) for name, evaluate in self._numbers.items()}
        plan.update({name: evaluate(scope) for name, evaluate in self._tolerances.items()})
        plan.update(
            map_run_arn=advance.execution.identity.map_run_arn(self._label, advance.ids.uuid()),
            label=self._label,
            child_type=state.execution_type or "STANDARD",
            input=scope.input,
            context=dict(scope.context),
            variables=dict(scope.variables),
            items=items,
            reader=None if self._reader is None else self._reader(scope),
            writer=None if self._writer is None else self._writer(scope),
            batcher=None,
        )
        if state.item_batcher is not None:
            given = None if self._batch_input is None else self._batch_input(scope)
            plan["batcher"] = {"input": given}
        return plan

    def select(self, plan: dict[str, Any], about: dict[str, Any], item: Any, budget: Budget) -> Any:
        """The input of the child for an item; `about` is the context object's `Map.Item`. Raises StatesError."""
        context = {**plan["context"], "Map": {"Item": about}}
        return self.items.evaluate(Scope(plan["input"], context, plan["variables"], budget), item)

    def ended(self, advance: Advance, frame: Frame, outcome: Outcome) -> None:
        """The map run is over. Raises StatesError."""
        match outcome:
            case Succeeded(output):
                last = frame.previous_id
                advance.event(frame, "MapRunSucceeded")
                advance.event(frame, "MapStateSucceeded")
                frame.map_run = None
                made = self.flow.finish(
                    advance, frame, self.flow.input(advance, frame), Document.parse(output), made=True
                )
                frame.previous_id = last  # what follows the state follows the run's start
                advance.exit(frame, made[0], self.next, made[1])
            case Failed(error, cause):
                details = {
                    name: value for name, value in (("error", error), ("cause", cause)) if value is not None
                }
                advance.event(frame, "MapRunFailed", details)
                advance.fail(frame, error, cause)
                if frame.phase is not Phase.FAILED:
                    frame.map_run = None  # a Retry makes a map run of its own
            case _:
                raise AssertionError(outcome)

    def failed(self, advance: Advance, frame: Frame) -> None:
        advance.event(frame, "MapStateFailed")

    def _redrive(self, advance: Advance, frame: Frame) -> None:
        run = frame.map_run
        assert run is not None
        number = advance.number()
        redrives = run["redrives"] + 1
        frame.map_run = {**run, "number": number, "redrives": redrives}
        advance.event(frame, "MapRunRedriven", {"mapRunArn": run["arn"], "redriveCount": redrives})
        frame.phase = Phase.MAP_RUN
        advance.effects.append(
            StartMapRun(frame.path, number, self.name, {"map_run_arn": run["arn"]}, redrive=True)
        )


def _numbers(state: MapState, *, jsonata: bool) -> dict[str, fields.Evaluate]:
    """By their names in the plan; those that are absent have none there."""
    evaluate = concurrency(state, jsonata=jsonata)
    found = {} if evaluate is None else {"max_concurrency": evaluate}
    batcher = state.item_batcher
    return found if batcher is None else found | batch_bounds(batcher, jsonata=jsonata)


def batch_input(batcher: ItemBatcher, *, jsonata: bool) -> fields.Evaluate | None:
    """To what every batch begins with; None where there is no BatchInput."""
    if batcher.batch_input is ABSENT:
        return None
    if jsonata:
        return fields.jsonata(batcher.batch_input, "ItemBatcher/BatchInput")
    return fields.template(batcher.batch_input)


def batch_bounds(batcher: ItemBatcher, *, jsonata: bool) -> dict[str, fields.Evaluate]:
    """`batch_items` and `batch_bytes` of a plan; one that is absent has none there."""
    items, items_path = batcher.max_items_per_batch, batcher.max_items_per_batch_path
    size, size_path = batcher.max_input_bytes_per_batch, batcher.max_input_bytes_per_batch_path
    found = {
        name: fields.integer(literal, path, field, is_jsonata=jsonata, minimum=0, maximum=maximum)
        for name, literal, path, field, maximum in (
            ("batch_items", items, items_path, "MaxItemsPerBatch", _INT_MAX),
            ("batch_bytes", size, size_path, "MaxInputBytesPerBatch", DATA_BYTES_MAX),
        )
    }
    return {name: evaluate for name, evaluate in found.items() if evaluate is not None}


def _arguments(part: ItemReader | ResultWriter, *, jsonata: bool) -> fields.Evaluate:
    """To `{resource, arguments, config}` of an ItemReader or ResultWriter, paths in its config replaced by values."""
    name = "ItemReader" if isinstance(part, ItemReader) else "ResultWriter"
    given = part.arguments if jsonata else part.parameters
    config = (part.reader_config if isinstance(part, ItemReader) else part.writer_config) or {}
    evaluate: fields.Evaluate | None = None
    if given is not ABSENT:
        evaluate = fields.jsonata(given, f"{name}/Arguments") if jsonata else fields.template(given)
    read_config = config_of(
        dict(config), f"{name}/{'Reader' if name == 'ItemReader' else 'Writer'}Config", jsonata
    )

    def arguments(scope: Scope) -> dict[str, Any]:
        return {
            "resource": part.resource,
            "arguments": None if evaluate is None else evaluate(scope),
            "config": read_config(scope),
        }

    return arguments


def config_of(config: dict[str, Any], field: str, jsonata: bool) -> fields.Evaluate:
    """To a ReaderConfig or WriterConfig without paths and expressions."""
    if jsonata:
        return fields.jsonata(config, field)
    paths = {name: _configured(name, text) for name, text in config.items() if name.endswith("Path")}
    fixed = {name: value for name, value in config.items() if name not in paths}
    return lambda scope: {**fixed, **{name[: -len("Path")]: find(scope) for name, find in paths.items()}}


def _configured(name: str, path: str) -> fields.Evaluate:
    """What a path of a configuration finds. Whether MaxItems is below zero is for the reader to see."""
    if name != "MaxItemsPath":
        return fields.path(path, name)
    found = fields.integer(None, path, "MaxItems", is_jsonata=False, minimum=-_INT_MAX, maximum=_INT_MAX)
    assert found is not None
    return found
