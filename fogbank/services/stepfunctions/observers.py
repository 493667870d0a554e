"""Tells everyone who wants to know what executions do: logging, metrics, EventBridge, and who registers here (the console)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent

StatusChanged = Callable[[ExecutionView], None]
Happened = Callable[[ExecutionView, Sequence[HistoryEvent]], None]


class Observers:
    """The engine's one `Observer`."""

    def __init__(self) -> None:
        self._status_changed: list[StatusChanged] = []
        self._happened: list[Happened] = []

    def add(
        self, *, status_changed: StatusChanged | None = None, happened: Happened | None = None
    ) -> Callable[[], None]:
        """Register; the function that ends it."""
        if status_changed is not None:
            self._status_changed.append(status_changed)
        if happened is not None:
            self._happened.append(happened)

        def end() -> None:
            if status_changed is not None:
                self._status_changed.remove(status_changed)
            if happened is not None:
                self._happened.remove(happened)

        return end

    def status_changed(self, execution: ExecutionView) -> None:
        for tell in self._status_changed:
            tell(execution)

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        for tell in self._happened:
            tell(execution, events)
