"""Succeed: the end of its machine, branch or iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.asl.states.node import Node

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame


class SucceedNode(Node):
    def run(self, advance: Advance, frame: Frame) -> None:
        input = self.flow.input(advance, frame)
        self.succeed(advance, frame, input, input, made=False)
