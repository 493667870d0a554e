"""What all states have in common once compiled. A node is immutable; everything that varies is in the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl.documents import Document
from fogbank.asl.states.dataflow import Dataflow, dataflow_of

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.definition.states import State
    from fogbank.asl.effects import RunTask
    from fogbank.asl.frames import Frame
    from fogbank.asl.handlers import Handlers
    from fogbank.asl.machine import Block


class Node:
    """A state. `entered`, `exited` and `aborted` are its history events."""

    def __init__(self, state: State) -> None:
        self.name = state.name
        self.next = state.next
        self.entered = f"{state.type}StateEntered"
        self.exited = f"{state.type}StateExited"
        self.aborted: str | None = None
        self.aborts_its_branch = False  # whether one that fails for good within a branch is told as aborted
        self.flow: Dataflow = dataflow_of(state)
        # Most states never look at the context object; then nobody makes it.
        self.sees_context = self.flow.jsonata or "$$" in repr(state)
        self.handlers: Handlers | None = None
        self.blocks: tuple[Block, ...] = ()  # of a Parallel's branches, or a Map's processor

    def run(self, advance: Advance, frame: Frame) -> None:
        """Do what the state does: exit it, wait, or fail. Raises StatesError."""
        raise NotImplementedError

    def due(self, advance: Advance, frame: Frame) -> None:
        """The time that the frame waited for has come. Raises StatesError."""
        raise AssertionError(f"{self.name} waits for no time")

    def succeed(
        self, advance: Advance, frame: Frame, input: Document, result: Document, *, made: bool
    ) -> None:
        """Exit with `result`; `made` if the state has one of its own (JSONata's `$states.result`)."""
        output, assigned = self.flow.finish(advance, frame, input, result, made=made)
        advance.exit(frame, output, self.next, assigned)

    # --- states with children ----------------------------------------------------------------------------------------

    def child_block(self, index: int) -> Block:
        return self.blocks[0]

    def spawn(self, advance: Advance, frame: Frame) -> bool:
        """Make the next child, if one may be made now."""
        raise AssertionError(f"{self.name} has no children")

    def child_finished(self, advance: Advance, frame: Frame, child: Frame, output: Document) -> None:
        raise AssertionError(f"{self.name} has no children")

    def child_failed(
        self, advance: Advance, frame: Frame, child: Frame, error: str | None, cause: str | None
    ) -> None:
        raise AssertionError(f"{self.name} has no children")

    def child_aborted(self, advance: Advance, child: Frame, after: int) -> None:
        """Another child failed (`after`: its last event), and so this one is stopped: for the history."""

    def failed(self, advance: Advance, frame: Frame) -> None:
        """The state failed and is not retried: for the history."""

    # --- states with tasks -------------------------------------------------------------------------------------------

    def context(self, advance: Advance, frame: Frame) -> dict[str, Any]:
        """What an attempt adds to the context object."""
        return {}

    def call(self, frame: Frame) -> RunTask:
        raise AssertionError(f"{self.name} runs no task")
