"""Parallel: every branch with the same input; the results in the order of the branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.asl.definition.states import ParallelState
from fogbank.asl.documents import Document
from fogbank.asl.frames import Frame, Group, Phase
from fogbank.asl.handlers import Handlers
from fogbank.asl.states.group import GroupNode

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.machine import Block


class ParallelNode(GroupNode):
    kind = "Parallel"

    def __init__(self, state: ParallelState, branches: tuple[Block, ...]) -> None:
        super().__init__(state)
        self.aborted = "ParallelStateAborted"
        self.handlers = Handlers(state.retry, state.catch, jsonata=self.flow.jsonata)
        self.blocks = branches

    def child_block(self, index: int) -> Block:
        return self.blocks[index]

    def start(self, advance: Advance, frame: Frame) -> None:
        input = self.flow.payload(advance, frame, self.flow.input(advance, frame))
        # One item stands for all branches, so that a restart need not evaluate again.
        self.open(advance, frame, Group(len(self.blocks), 0, [input.value]), None)
        while self.spawn(advance, frame):
            pass  # all branches begin before any goes on, as they do side by side

    def prepare(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        assert group.items is not None
        child.input = Document.of(group.items[0])
        advance.enter(child)
        child.phase = Phase.AGAIN

    def child_succeeded(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        frame.previous_id = child.previous_id
