"""What the Lambda operations work with, joined from its dependencies."""

from __future__ import annotations

from pathlib import Path

from fogbank.core.clock import Clock
from fogbank.core.config import AuthMode, Settings
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal, SessionIssuer
from fogbank.model.telemetry import Telemetry
from fogbank.sandbox.api import Credentials, FunctionConfig, Pool
from fogbank.services.lambda_.chores import Chores
from fogbank.services.lambda_.code_links import CodeLinks
from fogbank.services.lambda_.code_store import CodeStore
from fogbank.services.lambda_.collecting import Collector
from fogbank.services.lambda_.concurrency import Concurrency
from fogbank.services.lambda_.deliveries import Deliveries
from fogbank.services.lambda_.dispatcher import Dispatcher
from fogbank.services.lambda_.event_source_mapping_loops import Mappings
from fogbank.services.lambda_.executables import Configurer
from fogbank.services.lambda_.metrics import Metrics
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.platform import FunctionCredentials, session_of
from fogbank.services.lambda_.provisioning import Provisioner
from fogbank.services.lambda_.running import Runner
from fogbank.services.lambda_.settling import Settler
from fogbank.services.lambda_.tables import find
from fogbank.services.lambda_.targets import Targets
from fogbank.store.api import Blobs, Store
from fogbank.store.secrets import Secrets


class Lambda:
    """The state of Lambda on one node. What is durable is in the store; this holds caches, counters and lanes."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        secrets: Secrets,
        pool: Pool,
        telemetry: Telemetry,
        sessions: SessionIssuer,
        code_dir: Path,
        settings: Settings,
        calls: Calls,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.secrets = secrets
        self.settings = settings
        self.calls = calls
        self.code = CodeStore(blobs, code_dir)
        self.links = CodeLinks(secrets, clock, settings)
        self.owner = f"lambda@{settings.node}"
        self.chores = Chores(store, clock, lanes, self.owner)
        self.collector = Collector(store, clock, lanes, self.code, self.chores)
        self.concurrency = Concurrency()
        self.metrics = Metrics(telemetry, clock)
        self.configurer = Configurer(secrets, self.code, pool, lanes)
        self.settler = Settler(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            pool=pool,
            code=self.code,
            chores=self.chores,
            configurer=self.configurer,
            changed=self.changed,
        )
        self.targets = Targets(store, self.configurer, self.settler, self.concurrency, self.metrics)
        self.runner = Runner(pool, telemetry, clock, ids)
        self.deliveries = Deliveries(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            calls=calls,
            metrics=self.metrics,
            owner=self.owner,
            open_mode=settings.auth_mode is AuthMode.OPEN,
        )
        self.events = Dispatcher(
            store=store,
            clock=clock,
            lanes=lanes,
            ids=ids,
            targets=self.targets,
            runner=self.runner,
            metrics=self.metrics,
            concurrency=self.concurrency,
            deliveries=self.deliveries,
            owner=self.owner,
        )
        self.mappings = Mappings(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            calls=calls,
            targets=self.targets,
            runner=self.runner,
            metrics=self.metrics,
            role=self.role_of,
            owner=self.owner,
        )
        self.provisioner = Provisioner(
            store=store,
            lanes=lanes,
            pool=pool,
            configurer=self.configurer,
            telemetry=telemetry,
            ids=ids,
            changed=self.changed,
        )
        self._credentials = FunctionCredentials(sessions, ids, settings)

    async def start(self) -> None:
        """Take up what a killed node left, and begin to serve."""
        await self.code.start()
        await self.store.release(self.owner)
        self.targets.start()
        await self.chores.start()
        self.collector.start()
        await self.events.start()
        await self.deliveries.start()
        await self.mappings.start()
        self.provisioner.start()

    async def close(self) -> None:
        """Take nothing new up. What is queued stays queued."""
        await self.mappings.close()
        await self.events.close()
        self.deliveries.close()
        await self.chores.close()
        self.targets.close()

    def changed(self) -> None:
        """A record changed here: the next invocation sees it."""
        self.targets.clear()

    async def role_of(self, name: FunctionName) -> Principal:
        """What a mapping's pollers, and deliveries, act as: the role of the function as it is now. Raises when there is none."""
        found = await find(self.store, name)
        open_mode = self.settings.auth_mode is AuthMode.OPEN
        return session_of(found.version.role, name.account, name.region, name.name, open_mode=open_mode)

    async def credentials(self, config: FunctionConfig) -> Credentials:
        """The sandbox's `Platform.credentials`."""
        return await self._credentials.credentials(config)

    async def code_download(self, token: str, query: str = "") -> bytes | None:
        """The package behind a link that GetFunction or GetLayerVersion gave; None when it is forged or has expired."""
        sha = self.links.open(token)
        return None if sha is None else await self.code.read(sha)
