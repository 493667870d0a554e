"""Pass: gives its Result, or its input as Parameters shape it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.asl.definition.states import ABSENT, PassState
from fogbank.asl.documents import Document
from fogbank.asl.states.node import Node

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame


class PassNode(Node):
    def __init__(self, state: PassState) -> None:
        super().__init__(state)
        self._result = None if state.result is ABSENT else Document.of(state.result)

    def run(self, advance: Advance, frame: Frame) -> None:
        flow = self.flow
        input = flow.input(advance, frame)
        result = self._result
        if result is None:
            result = flow.payload(advance, frame, input)
        self.succeed(advance, frame, input, result, made=False)
