"""Everything that holds state, for one life of the store.

Services sleep until they are called: importing and starting all of them would be most of the start-up time and a good part of
the memory. Lambda is up from the start; on a store that holds something, where work may wait for any service, the others wake
one after another as soon as the server answers.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fogbank.app.execute_api import ExecuteApi
from fogbank.app.services import BUILDERS, Parts, declared
from fogbank.app.wire import Wire
from fogbank.auth.authorizer import OpenAuthorizer, PolicyAuthorizer
from fogbank.auth.keyring import Keyring
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import Clock
from fogbank.core.config import AuthMode, Settings
from fogbank.core.errors import StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.buckets import AccountThrottles
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import KeyFound, Principal, PrincipalType
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.sandbox.api import Platform, Pool, SandboxSettings
from fogbank.sandbox.pool import EnvironmentPool
from fogbank.store.api import Store
from fogbank.store.blobs import FileBlobs
from fogbank.store.folders import Folders
from fogbank.store.open import open_store
from fogbank.store.secrets import Secrets

if TYPE_CHECKING:  # importing a service is part of waking it
    from fogbank.services.lambda_.function_url_serving import FunctionUrls

log = logging.getLogger("fogbank")

AWAKE_FROM_THE_START = "lambda"
CUSTOM_DOMAINS = ("apigateway", "live", "domain")
EVENTS = ("events",)


@runtime_checkable
class Polled(Protocol):
    """The state of a service that has long polls."""

    def hang_up(self) -> None: ...


class House:
    """The store, the environments and the services. `platform` and `sandbox` are what the environments are made with."""

    def __init__(
        self,
        settings: Settings,
        folders: Folders,
        clock: Clock,
        ids: Ids,
        platform: Platform,
        sandbox: SandboxSettings,
    ) -> None:
        self.lanes = Lanes()
        self._shared = settings.store_url is not None
        self.secrets = Secrets.in_memory() if folders.temporary else Secrets.in_folder(folders.root)
        self.store: Store = open_store(settings.store_url or folders.store, clock, self.lanes)
        self.blobs = FileBlobs(folders.blobs)
        self.sessions = Sessions(self.secrets, clock, ids)
        enforced = settings.auth_mode is AuthMode.ENFORCE
        self.keyring = Keyring(self.sessions, folders.root, self._user_key, clock, ids, enforced=enforced)
        self.policies = PolicyAuthorizer(clock)
        self.calls = Calls(self.policies if enforced else OpenAuthorizer())
        self.policies.connect(self._policies_of, self._ask)
        self.telemetry = TelemetryBatcher(self.calls, clock, ids, self.lanes)
        self.work_dir = sandbox.work_dir
        self.pool: Pool = EnvironmentPool(sandbox, platform, clock, ids, self.lanes)
        self.wire = Wire()
        self.apis = ExecuteApi(self.calls, ids, https_only=not settings.loopback)
        parts = Parts(
            store=self.store,
            blobs=self.blobs,
            clock=clock,
            ids=ids,
            lanes=self.lanes,
            secrets=self.secrets,
            calls=self.calls,
            telemetry=self.telemetry,
            sessions=self.sessions,
            pool=self.pool,
            settings=settings,
            code_dir=folders.code,
            objects_dir=folders.blobs / "s3",
            wire=self.wire,
            api_throttles=AccountThrottles(settings.api_rate_limit, settings.api_burst_limit),
            apis_woke=self.apis.ready,
            http_apis_woke=self.apis.http_ready,
            fetch_api=self.apis.fetch,
        )
        for name, build in BUILDERS.items():
            self.calls.mount_asleep(name, partial(declared, name), partial(build, parts))

    async def start(self) -> None:
        """Open the store, then what stands on it. Raises ConfigError."""
        await self.store.open()
        await self.blobs.clean_up()
        await self.keyring.start()
        self.store.watch_records(("iam",), self._iam_changed)
        await self.pool.open()
        self.functions = await self.calls.wake(AWAKE_FROM_THE_START)
        if await self.store.count(CUSTOM_DOMAINS, limit=1):
            await self.calls.wake(
                "apigateway"
            )  # a Host that is one of these names is ours from the first request on
        self.store.watch_records(EVENTS, self._wake_events)
        if await self.store.count(EVENTS, limit=1):
            await self.calls.wake(
                "events"
            )  # there may be rules: services' events are for them from the first on
        self.telemetry.start()
        self.lanes.spawn("waking services", self._wake_all())

    def function_urls(self) -> FunctionUrls:
        """What answers at function URLs. After `start`."""
        from fogbank.services.lambda_.function_url_serving import FunctionUrls

        return FunctionUrls(self.functions, self.wire.identify_for_lambda)

    def hang_up(self) -> None:
        """End long polls, empty-handed: a server that ends does not wait for them."""
        for state in self.calls.awake():
            if isinstance(state, Polled):
                state.hang_up()

    async def close(self, *, wipe: bool = False) -> None:
        """Finish what was accepted, end every environment, close the store; `wipe`: empty it first."""
        await self.telemetry.flush()
        for state in reversed(self.calls.awake()):
            try:
                await state.close()
            except StoreError as error:  # a full disk must not keep the environments and the rest from ending
                log.error("%s could not write its last: %s", type(state).__name__, error)
        await self.pool.close()
        await self.telemetry.flush()
        await self.lanes.close()
        if wipe:
            await self.store.clear()
        await self.store.close()
        shutil.rmtree(self.work_dir, ignore_errors=True)

    def _wake_events(self) -> None:
        """Another node made the first bus, rule or connection."""
        if self.calls.services["events"].state is None:
            self.lanes.spawn("waking events", self.calls.wake("events"))

    async def _wake_all(self) -> None:
        # On a store that others use too, what they begin may be this node's to go on with.
        if self._shared or await self.store.count((), limit=1):
            for name in BUILDERS:
                await self.calls.wake(name)

    def _iam_changed(self) -> None:
        self.keyring.forget_all()
        self.policies.identities.forget_all()

    async def _policies_of(self, arn: str) -> dict[str, Any] | None:
        """What is in force for a user or role, in whichever account."""
        found: dict[str, Any] | None = await self.calls.internal(
            "iam", "effective_policies", _fogbank(), arn=arn
        )
        return found

    async def _ask(self, service: str, internal: str, caller: Caller, resource: str) -> Any:
        return await self.calls.internal(service, internal, caller, resource=resource)

    async def _user_key(self, access_key_id: str) -> KeyFound | None:
        """A long-term key that IAM gave out, in whichever account."""
        found: KeyFound | None = await self.calls.internal(
            "iam", "find_access_key", _fogbank(), access_key_id=access_key_id
        )
        return found


def _fogbank() -> Caller:
    """The house itself, asking its services."""
    return Caller("", "", Principal(PrincipalType.SERVICE, "", "fogbank", "fogbank"), "")


def new_work_dir() -> Path:
    """A folder for the sockets and roots of one house."""
    return Path(tempfile.mkdtemp(prefix="fogbank-run-"))
