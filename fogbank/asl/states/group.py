"""What Parallel and inline Map share: children that run side by side, and one result when all are through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl.advance import DATA_BYTES_MAX, DataLimitExceeded
from fogbank.asl.documents import Document
from fogbank.asl.errors import RUNTIME, StatesError
from fogbank.asl.frames import Frame, Group, Phase
from fogbank.asl.states.node import Node

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance


class GroupNode(Node):
    """`kind` is the beginning of its history events: `Map` or `Parallel`."""

    kind = ""

    def open(self, advance: Advance, frame: Frame, group: Group, details: dict[str, Any] | None) -> None:
        """Start the state's children, as far as concurrency allows; they are made one by one as the step goes on."""
        frame.group = group
        group.begin(advance.event(frame, f"{self.kind}StateStarted", details))
        frame.phase = Phase.CHILDREN
        if group.length == 0:
            self._close(advance, frame, group)
        else:
            advance.execution.spawning.append(frame)

    def spawn(self, advance: Advance, frame: Frame) -> bool:
        group = frame.group
        if group is None or frame.phase is not Phase.CHILDREN or group.next >= group.length:
            return False
        if group.concurrency and group.live >= group.concurrency:
            return False
        index = group.next
        group.next += 1
        group.live += 1
        path = (*frame.path, index)
        child = Frame(
            path, frame, self.child_block(index), frame.input, frame.variables, group.follows(index)
        )
        advance.execution.frames[path] = child
        try:
            self.prepare(advance, frame, group, child, index)
        except StatesError:  # it never began, also for a redrive
            del advance.execution.frames[path]
            group.next, group.live = index, group.live - 1
            raise
        advance.resume(child)
        return True

    def prepare(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        """Give a new child its input, and the history its beginning."""
        raise NotImplementedError

    def child_finished(self, advance: Advance, frame: Frame, child: Frame, output: Document) -> None:
        group = frame.group
        assert group is not None
        index = child.path[-1]
        self.child_succeeded(advance, frame, group, child, index)
        group.results[index] = output
        group.fresh.append(index)
        group.live -= 1
        if len(group.results) == group.length:
            self._close(advance, frame, group)
        elif group.next < group.length:
            advance.execution.spawning.append(frame)

    def child_succeeded(self, advance: Advance, frame: Frame, group: Group, child: Frame, index: int) -> None:
        """Tell the history, and move the frame's place in it on."""
        raise NotImplementedError

    def _close(self, advance: Advance, frame: Frame, group: Group) -> None:
        last = frame.previous_id
        advance.event(frame, f"{self.kind}StateSucceeded")
        result = Document.of([group.results[index].value for index in range(group.length)])
        self.leave(advance, frame)
        if result.exceeds(DATA_BYTES_MAX):
            raise DataLimitExceeded(self.name)
        output, assigned = self.flow.finish(
            advance, frame, self.flow.input(advance, frame), result, made=True
        )
        frame.previous_id = last  # what follows the state follows its last child
        advance.exit(frame, output, self.next, assigned)

    def leave(self, advance: Advance, frame: Frame) -> None:
        """Forget the children."""
        group = frame.group
        if group is None:
            return
        execution = advance.execution
        for child in execution.children(frame):
            if child.group is not None:
                child.node.leave(advance, child)  # type: ignore[attr-defined]  # only groups have groups
            advance.forget(child)
        if group.items_stored or group.chunks:
            execution.dropped.append((frame.path, group.items_stored, group.chunks))
        frame.group = None

    def child_failed(
        self, advance: Advance, frame: Frame, child: Frame, error: str | None, cause: str | None
    ) -> None:
        group = frame.group
        assert group is not None and self.handlers is not None
        last = frame.previous_id = child.previous_id
        # Of States.Runtime the history tells nothing but the execution's end. (A guess: unless it is caught here.)
        told = error != RUNTIME or self.handlers.catcher({RUNTIME}) is not None
        self.cut(advance, frame, last if told else None)
        if told:
            self.child_broken(advance, child, last)
        group.live = 0
        frame.phase = Phase.FAILED
        advance.fail(frame, error, cause)
        if frame.phase is not Phase.FAILED:
            self.leave(advance, frame)

    def cut(self, advance: Advance, frame: Frame, after: int | None) -> None:
        """Stop the children that still run. Within a group that is cut itself, from the outside to the inside (a guess)."""
        for child in advance.execution.children(frame):
            if child.phase is not Phase.FAILED:
                if after is not None:
                    self.child_aborted(advance, child, after)
                advance.stop(child, after=after)

    def child_broken(self, advance: Advance, child: Frame, after: int) -> None:
        """Tell the history which child failed."""

    def failed(self, advance: Advance, frame: Frame) -> None:
        advance.event(frame, f"{self.kind}StateFailed")

    def run(self, advance: Advance, frame: Frame) -> None:
        if frame.group is not None:
            self._again(advance, frame, frame.group)
            return
        self.start(advance, frame)

    def start(self, advance: Advance, frame: Frame) -> None:
        raise NotImplementedError

    def _again(self, advance: Advance, frame: Frame, group: Group) -> None:
        """Redriven: those children that failed or were aborted go on where they were; those done stay done."""
        frame.phase = Phase.CHILDREN
        for child in advance.execution.children(frame):
            group.live += 1
            child.retries = None
            advance.again(child)
        advance.execution.spawning.append(frame)
