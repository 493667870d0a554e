"""Choice: the first rule that holds says where to go; it may have its own Assign and Output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.asl import fields
from fogbank.asl.choice_rules import compile_rule
from fogbank.asl.definition.states import ABSENT, ChoiceState
from fogbank.asl.documents import Document
from fogbank.asl.errors import StatesError
from fogbank.asl.states.node import Node

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame


def no_choice() -> StatesError:
    """No rule holds, and there is no Default. The sentence is from what people quote; no recording has it."""
    return StatesError(
        "States.NoChoiceMatched",
        "Failed to transition out of the state. The state does not point to a next state.",
    )


class ChoiceNode(Node):
    def __init__(self, state: ChoiceState) -> None:
        super().__init__(state)
        jsonata = self.flow.jsonata
        self._default = state.default
        self._rules = [
            (
                compile_rule(rule.rule, index).holds,
                rule.next,
                fields.assignments(rule.assign, is_jsonata=jsonata),
                None if rule.output is ABSENT else fields.jsonata(rule.output, f"Choices[{index}]/Output"),
            )
            for index, rule in enumerate(state.choices)
        ]

    def run(self, advance: Advance, frame: Frame) -> None:
        flow = self.flow
        input = flow.input(advance, frame)
        scope = advance.scope(frame, input)
        for holds, next, assign, output in self._rules:
            if not holds(scope):
                continue
            assigned = None if assign is None else assign(scope)
            if flow.jsonata:
                given = input if output is None else Document.of(output(scope))
            else:
                given, _ = flow.finish(advance, frame, input, input, made=False)
            advance.exit(frame, given, next, assigned)
            return
        if self._default is None:
            raise no_choice()
        given, assigned = flow.finish(advance, frame, input, input, made=False)
        advance.exit(frame, given, self._default, assigned)
