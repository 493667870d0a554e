"""The data plane of REST APIs on one node: from an address to a compiled stage, and what stages share.

Compiled stages are kept and looked at again after news from the store: one whose record is still the same goes on as it is.
Throttles, caches and authorizers' verdicts live here, beside the stages, so that a deployment does not reset them.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any

from fogbank.core.clock import Clock, iso8601_z
from fogbank.core.config import AuthMode, Settings
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.buckets import AccountThrottles, Buckets
from fogbank.gateway.expiring import Expiring
from fogbank.gateway.http_client import HttpClient, Origin
from fogbank.gateway.http_connection import HttpError
from fogbank.gateway.jwt import Jwks, TokenError
from fogbank.gateway.records import Wire
from fogbank.gateway.stamps import http_date
from fogbank.gateway.tallies import Tallies, Tally
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal
from fogbank.model.service import Operation
from fogbank.model.telemetry import Telemetry
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.execution.addresses import Addresses, Target, by_host, by_path
from fogbank.services.apigateway.execution.api_keys import FLUSH_S, UsagePlans
from fogbank.services.apigateway.execution.authorizers import RESULTS_CACHED_MAX, Verdict
from fogbank.services.apigateway.execution.caching import NODE_BYTES_MAX, StageCache, cache_bytes
from fogbank.services.apigateway.execution.cloudfront import CloudFront
from fogbank.services.apigateway.execution.exchange import Arrival
from fogbank.services.apigateway.execution.faults import misconfigured
from fogbank.services.apigateway.execution.stages import Stage
from fogbank.services.apigateway.execution.web_acls import WebAcl
from fogbank.services.apigateway.snapshot import (
    find_api,
    load_client_certificate,
    load_snapshot,
    load_stage,
)
from fogbank.store.api import Store
from fogbank.store.secrets import Secrets

ISSUERS_MAX = 1000  # ours: token issuers whose keys are kept
STAGES_MAX = 10_000  # ours: compiled stages kept
NAMESPACE = "AWS/ApiGateway"
COGNITO_ISSUER = "https://cognito-idp.{region}.amazonaws.com/{pool}"

#: Who signed a request (None: nobody). Raises AwsError for a signature that is not right. The auth floor's, by app.py.
Identify = Callable[[Request], Awaitable[Principal | None]]
#: An AWS request of a service, as its own clients would send it, run as `caller`. The protocol floor's, by app.py.
SendToService = Callable[[Request, str, Caller], Awaitable[Response]]


class Gateway:
    """See the module. `handle` answers requests."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        calls: Calls,
        telemetry: Telemetry,
        secrets: Secrets,
        settings: Settings,
        throttles: AccountThrottles,
        identify: Identify,
        send_to_service: SendToService,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.calls = calls
        self.telemetry = telemetry
        self.secrets = secrets
        self.identify = identify
        self.send_to_service = send_to_service
        self.open_mode = settings.auth_mode is AuthMode.OPEN
        self.cognito_issuer = settings.cognito_issuer or COGNITO_ISSUER
        self.buckets: Buckets[tuple[str, ...]] = Buckets()
        self.throttles = throttles
        self.web_acls: dict[str, WebAcl] = {}  # by ARN: a WAF's, of which there is none
        self.tallies = Tallies(telemetry, clock, NAMESPACE)
        self.cloudfront = CloudFront(ids)
        self.plans = UsagePlans(self)
        self.http = HttpClient(lanes)
        self.addresses = Addresses(self)
        self._lanes = lanes
        self._stages: dict[tuple[str, str], Stage] = {}
        self._caches: dict[tuple[str, str, bool], StageCache] = {}
        self._verdicts: dict[Hashable, Expiring[Verdict]] = {}
        self._jwks: dict[str, Jwks] = {}
        self._unwatch: list[Callable[[], None]] = []
        self._usage_lane = False
        self.news = 0

    async def start(self) -> None:
        self._unwatch.append(self.store.watch_records(keys.LIVE, self._news))
        for noun in (keys.domain("")[:-1], keys.mappings("")[:-1]):
            self._unwatch.append(self.store.watch_records(noun, self.addresses.news))
        await self.addresses.load()

    async def close(self) -> None:
        """Write what was counted, hang up."""
        for unwatch in self._unwatch:
            unwatch()
        await self.plans.flush()
        self.http.close()

    def _news(self) -> None:
        self.news += 1
        self.plans.forget()

    # --- requests ---------------------------------------------------------------------------------------------------

    async def by_host(self, request: Request, label: str, request_id: str) -> Response | None:
        """A request to `LABEL.execute-api…`; None when no REST API answers there, here as below."""
        target = by_host(label, request.headers.get("host") or "", request)
        if target is None:
            return None
        return await self.handle(request, target, request_id, own_address=True)

    async def by_path(self, request: Request, request_id: str) -> Response | None:
        """A request to `/_aws/execute-api/…` or `/restapis/…/_user_request_/…`."""
        target = by_path(request)
        return None if target is None else await self.handle(request, target, request_id, own_address=True)

    async def by_mapping(
        self, request: Request, name: str, api_id: str, stage: str, at: tuple[str, str], request_id: str
    ) -> Response | None:
        """A request to a domain name of services/apigatewayv2; `at`: the mapping's base path, and the path below."""
        host = request.headers.get("host") or name
        base, path = at
        arrival = Arrival(path, base + path, host, name.partition(".")[0], base_path=base or "/")
        return await self.handle(request, Target(api_id, stage, arrival), request_id)

    async def handle(
        self, request: Request, target: Target, request_id: str, *, own_address: bool = False
    ) -> Response | None:
        """Answer a request for an API's stage. `own_address`: it came by execute-api, which an API may disable."""
        stage = self._stages.get((target.api_id, target.stage))
        if stage is None or stage.news != self.news:
            stage = await self.stage(target.api_id, target.stage)
            if stage is None:
                return None
        if (stage.private and not _admits(stage, target)) or (own_address and not stage.own_address):
            return None
        return await stage.serve(request, request_id, target.arrival)

    async def stage(self, api_id: str, name: str) -> Stage | None:
        """A compiled stage, as the store has it now."""
        news = self.news
        place = await find_api(self.store, api_id)
        wire = await load_stage(self.store, api_id, name) if place is not None else None
        if place is None or wire is None:
            self._stages.pop((api_id, name), None)
            for of_canary in (False, True):
                self._caches.pop((api_id, name, of_canary), None)
            return None
        known = self._stages.get((api_id, name))
        if known is not None and known.wire == wire and known.place == place:
            known.news = news
            return known
        snapshots: dict[str, Wire] = {}
        canary = wire.get("canarySettings") or {}
        for deployment_id in {wire.get("deploymentId") or "", canary.get("deploymentId") or ""} - {""}:
            snapshot = await load_snapshot(self.store, api_id, deployment_id)
            if snapshot is None:
                return None
            snapshots[deployment_id] = snapshot
        if wire.get("deploymentId") not in snapshots:
            return None
        stage = Stage(self, place, api_id, wire, snapshots, news)
        if len(self._stages) >= STAGES_MAX:
            self._stages.clear()
        self._stages[api_id, name] = stage
        return stage

    # --- what stages share ------------------------------------------------------------------------------------------

    def tally(self, stage: Stage, method: tuple[str, str] | None) -> Tally:
        """Counters by API and stage; by method too where its metrics are enabled."""
        api, of_stage = ("ApiName", stage.api_name), ("Stage", stage.name)
        dimensions: tuple[tuple[tuple[str, str], ...], ...] = ((api,), (api, of_stage))
        if method is not None:
            detailed = (api, ("Method", method[1]), ("Resource", method[0]), of_stage)
            dimensions = (*dimensions, detailed)
        return self.tallies.tally(stage.place.account, stage.place.region, dimensions)

    def stage_cache(self, stage: Stage, *, canary: bool) -> StageCache:
        """The cache of a stage; its canary's own, unless it uses the stage's."""
        settings = stage.wire.get("canarySettings") or {}
        own = canary and not settings.get("useStageCache")
        key = (stage.api_id, stage.name, own)
        size = cache_bytes(stage.wire.get("cacheClusterSize"))
        found = self._caches.get(key)
        if found is None:
            found = self._caches[key] = StageCache(size)
        # All caches of a node share what it gives them, whatever their sizes on AWS.
        found.bytes_max = min(size, NODE_BYTES_MAX // len(self._caches))
        epoch = stage.wire.get("cacheEpoch", 0)
        if found.epoch != epoch:
            found.flush(epoch)
        return found

    def verdicts(self, key: Hashable) -> Expiring[Verdict]:
        if len(self._verdicts) > 1000:
            self._verdicts.clear()
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = Expiring(RESULTS_CACHED_MAX)
        return found

    def keys_of(self, issuer: str) -> Jwks:
        """The keys of a token issuer."""
        found = self._jwks.get(issuer)
        if found is None:
            if len(self._jwks) >= ISSUERS_MAX:
                self._jwks.clear()

            async def fetch() -> bytes:
                try:
                    answer = await self.http.get(f"{issuer}/.well-known/jwks.json", timeout_s=5.0)
                except HttpError as error:
                    raise TokenError(f"the issuer does not answer: {error}") from None
                if answer.status != 200:
                    raise TokenError(f"the issuer answered {answer.status}")
                return answer.body

            found = self._jwks[issuer] = Jwks(fetch)
        return found

    @cached_property
    def invoke(self) -> Operation:
        """Lambda's Invoke."""
        return self.calls.find("lambda", "Invoke")

    @cached_property
    def invoke_with_response_stream(self) -> Operation:
        """Lambda's InvokeWithResponseStream."""
        return self.calls.find("lambda", "InvokeWithResponseStream")

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background."""
        self._lanes.spawn(name, work)

    async def certified(self, stage: Stage, origin: Origin) -> Origin:
        """The same origin, spoken to with the stage's client certificate."""
        certificate_id = stage.wire["clientCertificateId"]
        if not self.http.has_certificate(certificate_id):
            found = await load_client_certificate(self.store, self.secrets, stage.place, certificate_id)
            if found is None:
                raise misconfigured(f"Client certificate {certificate_id} does not exist")
            self.http.add_certificate(certificate_id, *found)
        return replace(origin, certificate=certificate_id)

    def nudge_usage(self) -> None:
        """Something was counted: write it soon."""
        if not self._usage_lane:
            self._usage_lane = True
            self._lanes.spawn("apigateway usage", self._write_usage())

    async def _write_usage(self) -> None:
        await self.clock.sleep_s(FLUSH_S)
        self._usage_lane = False
        await self.plans.flush()

    def extended_id(self) -> str:
        """`JKJaXmPLvHcESHA=`."""
        return base64.urlsafe_b64encode(bytes.fromhex(self.ids.hex(22))).decode()

    def iso_time(self, now_ms: int) -> str:
        return iso8601_z(now_ms)

    def date(self) -> str:
        return http_date(self.clock.now_ms())

    def amz_date(self) -> str:
        return iso8601_z(self.clock.now_ms())[:19].replace("-", "").replace(":", "") + "Z"


def _admits(stage: Stage, target: Target) -> bool:
    """A private API answers by its VPC endpoints alone."""
    vpce_id = target.arrival.vpce_id
    if vpce_id is None:
        return False
    return not stage.vpc_endpoints or vpce_id in stage.vpc_endpoints
