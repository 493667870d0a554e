"""What the operations of Step Functions work with, joined from its dependencies."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.config import Settings
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.http_client import HttpClient
from fogbank.model.calls import Calls
from fogbank.model.principal import SessionIssuer
from fogbank.model.telemetry import Telemetry
from fogbank.services.stepfunctions.activity_tasks import ActivityTasks
from fogbank.services.stepfunctions.distributed import Maps
from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent
from fogbank.services.stepfunctions.engine.engine import StatesEngine
from fogbank.services.stepfunctions.logging import ExecutionLog
from fogbank.services.stepfunctions.metrics import Metrics
from fogbank.services.stepfunctions.observers import Observers
from fogbank.services.stepfunctions.sources import Sources
from fogbank.services.stepfunctions.status_events import StatusEvents
from fogbank.services.stepfunctions.tasks import Tasks
from fogbank.services.stepfunctions.tasks.api_calls import Fetch
from fogbank.services.stepfunctions.tracing import Tracing
from fogbank.store.api import Store


class StepFunctions:
    """The state of Step Functions on one node. What is durable is in the store; this holds caches and lanes."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        calls: Calls,
        telemetry: Telemetry,
        settings: Settings,
        sessions: SessionIssuer,
        fetch: Fetch,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.owner = f"states@{settings.node}"
        self.machines = Sources(store, ids)
        self.log = ExecutionLog(telemetry, clock, ids)
        metrics = Metrics(telemetry, clock)
        self.observers = Observers()
        self.observers.add(happened=self.log.happened)
        self.observers.add(status_changed=metrics.status_changed, happened=metrics.happened)
        self.observers.add(status_changed=StatusEvents(calls, ids, lanes).status_changed)
        tracing = Tracing(telemetry, lanes, self._events)
        self.observers.add(status_changed=tracing.status_changed, happened=tracing.happened)
        self.activities = ActivityTasks(store, clock, lanes, self.owner)
        self._client = HttpClient(lanes)
        self.tasks = Tasks(
            calls=calls,
            clock=clock,
            ids=ids,
            mode=settings.auth_mode,
            activities=self.activities,
            ended=self._ended,
            fetch=fetch,
            sessions=sessions,
            client=self._client,
        )
        self.engine = StatesEngine(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            node=settings.node,
            tasks=self.tasks,
            maps=Maps(calls=calls, ids=ids, mode=settings.auth_mode),
            observer=self.observers,
        )

    async def _ended(self, execution_arn: str) -> ExecutionView:
        return await self.engine.ended(execution_arn)

    async def _events(self, execution_arn: str, after_id: int) -> list[HistoryEvent]:
        return await self.engine.history(execution_arn, after_id=after_id)

    async def start(self) -> None:
        """Take up what a killed node left, and begin to serve."""
        await self.store.release(self.owner)
        self.machines.start()
        await self.engine.open()

    def hang_up(self) -> None:
        """Workers that poll are sent away."""
        self.activities.hang_up()

    async def close(self) -> None:
        """Take nothing new up. What runs is resumed by the next start."""
        self.activities.hang_up()
        await self.engine.close()
        self._client.close()
        self.machines.close()
