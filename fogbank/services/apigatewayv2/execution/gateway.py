"""The data plane of HTTP and WebSocket APIs on one node: from an address to a compiled stage, and what stages share.

What is known of an API is kept and looked at again after news from the store: a stage whose record is still the same goes on as
it is. Throttles and authorizers' verdicts live here, beside the stages, so that a deployment does not reset them.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.config import AuthMode, Settings
from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.buckets import AccountThrottles, Buckets
from fogbank.gateway.expiring import Expiring
from fogbank.gateway.http_client import HttpClient
from fogbank.gateway.http_connection import HttpError
from fogbank.gateway.jwt import Jwks, TokenError
from fogbank.gateway.records import Wire, read
from fogbank.gateway.tallies import Tallies, Tally
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal
from fogbank.model.service import Operation
from fogbank.model.telemetry import Point, Telemetry
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.deploying import load_snapshot, stages_of
from fogbank.services.apigatewayv2.execution.addresses import Addresses, api_of_path
from fogbank.services.apigatewayv2.execution.exchange import Arrival
from fogbank.services.apigatewayv2.execution.http_stage import DEFAULT, HttpStage
from fogbank.services.apigatewayv2.execution.invoking import execute_api_arn, own_principal
from fogbank.services.apigatewayv2.execution.lambda_authorizer import Verdict
from fogbank.services.apigatewayv2.execution.websocket.sockets import Sockets
from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage
from fogbank.services.apigatewayv2.keys import Place
from fogbank.store.api import Store

NAMESPACE = "AWS/ApiGateway"
CONNECTIONS = "/@connections/"
APIS_MAX = 10_000  # ours: APIs known on one node, and ids that are known to be none
VERDICTS_MAX = 10_000  # ours: cached results of one authorizer
AUTHORIZERS_MAX = 1000  # ours: authorizers with cached results
ISSUERS_MAX = 1000  # ours

#: Who signed a request (None: nobody). Raises AwsError for a signature that is not right. The auth floor's, by app/.
Identify = Callable[[Request], Awaitable[Principal | None]]
#: An AWS request of a service, as its own clients would send it, run as `caller`. The protocol floor's, by app/.
SendToService = Callable[[Request, str, Caller], Awaitable[Response]]


class Api:
    """An API as this node knows it: its stages' records, and those of them that are compiled."""

    __slots__ = ("compiled", "news", "place", "protocol", "stages")

    def __init__(self, place: Place, protocol: str, news: int) -> None:
        self.place = place
        self.protocol = protocol
        self.news = news
        self.stages: dict[str, Wire] = {}
        self.compiled: dict[str, HttpStage | SocketStage] = {}


class Gateway:
    """See the module."""

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
        throttles: AccountThrottles,
        identify: Identify,
        send_to_service: SendToService,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.calls = calls
        self.telemetry = telemetry
        self.identify = identify
        self.send_to_service = send_to_service
        self.open_mode = settings.auth_mode is AuthMode.OPEN
        self.node = settings.node
        self.buckets: Buckets[tuple[str, ...]] = Buckets()
        self.throttles = throttles
        self.tallies = Tallies(telemetry, clock, NAMESPACE, ("4xx", "5xx"))
        self.http = HttpClient(lanes)
        self.addresses = Addresses(self)
        self.lanes = lanes
        self.sockets = Sockets(self)
        self.closing = False
        self._apis: dict[str, Api | None] = {}
        self._verdicts: dict[Hashable, Expiring[Verdict]] = {}
        self._jwks: dict[str, Jwks] = {}
        self._unwatch: list[Callable[[], None]] = []
        self.news = 0

    async def start(self) -> None:
        watch = self.store.watch_records
        self._unwatch += [
            watch(keys.LIVE, self._news),
            watch(keys.domains(), self.addresses.names_changed),
            watch((*keys.LIVE, "mapping"), self.addresses.mappings_changed),
        ]
        await self.addresses.load()
        await self.sockets.clean_up()
        await self.sockets.relay.start()

    async def close(self) -> None:
        self.closing = True
        for unwatch in self._unwatch:
            unwatch()
        self.sockets.relay.close()
        self.http.close()

    def _news(self) -> None:
        self.news += 1
        for api_id in [api_id for api_id, api in self._apis.items() if api is None]:
            del self._apis[api_id]

    # --- requests ---------------------------------------------------------------------------------------------------

    async def owns(self, api_id: str) -> bool:
        """An API of that id is here (and not in services/apigateway)."""
        return await self.api(api_id) is not None

    async def by_host(self, request: Request, label: str, request_id: str) -> Response | None:
        """A request to `LABEL.execute-api…`; None when no API answers there, here as below."""
        return await self._staged(request, label, "/" + request.path.lstrip("/"))

    async def by_path(self, request: Request, request_id: str) -> Response | None:
        """A request to `/_aws/execute-api/…`."""
        found = api_of_path(request.path)
        return None if found is None else await self._staged(request, found[0], found[1])

    async def by_mapping(self, request: Request, name: str, found: tuple[Wire, str, str]) -> Response | None:
        """A request to a custom domain name, and what `addresses.by_domain` found; None when it leads to no API of ours."""
        mapping, base, path = found
        stage = await self.stage(mapping["ApiId"], mapping["Stage"])
        if stage is None:
            return None
        host = request.headers.get("host") or name
        raw = path if stage.name == DEFAULT else f"/{stage.name}{path}"
        arrival = Arrival(path, raw, base + path, host, name.partition(".")[0], mapping["ApiMappingKey"])
        if isinstance(stage, SocketStage):
            return await self._socket(stage, request, path)
        return await stage.serve(request, arrival)

    async def _staged(self, request: Request, api_id: str, path: str) -> Response | None:
        """`path` may begin with the name of a stage; else the `$default` stage serves it whole."""
        api = self._apis.get(api_id)
        if api is None or api.news != self.news:
            api = await self.api(api_id)
            if api is None:
                return None
        name, slash, rest = path[1:].partition("/")
        if name in api.stages and name != DEFAULT:
            below = slash + rest or "/"
        else:
            name, below = DEFAULT, path
        stage = api.compiled.get(name)
        if stage is None:
            stage = await self._compile(api, api_id, name)
            if stage is None:
                # AWS: no stage at all, or one that was never deployed.
                return _answer(404, "Not Found", self.request_id()) if api.protocol == "HTTP" else None
        if not stage.own_address:
            return _answer(404, "Not Found", self.request_id())
        if isinstance(stage, SocketStage):
            return await self._socket(stage, request, below)
        host = request.headers.get("host") or ""
        return await stage.serve(request, Arrival(below, path, path, host, api_id))

    async def _socket(self, stage: SocketStage, request: Request, path: str) -> Response:
        """A handshake, or a backend's call of `@connections`."""
        if path.startswith(CONNECTIONS):
            return await self._manage(stage, request, path)
        if not request.upgradable:
            return _answer(
                426, "Upgrade Required", self.request_id()
            )  # ours: what AWS says is not documented
        return await stage.connect(request)

    async def _manage(self, stage: SocketStage, request: Request, path: str) -> Response:
        """`@connections` below a stage: the operation, as the caller that signed it."""
        request_id = self.ids.uuid()
        try:
            who = await self.identify(request)
        except AwsError as error:
            return _answer(error.status, error.message, request_id)
        if who is None and not self.open_mode:
            return _answer(403, "Missing Authentication Token", request_id)
        if who is None:
            who = own_principal(stage.place)
        account = stage.place.account if who.acts_as_root or self.open_mode else who.account
        api = execute_api_arn(stage.place, stage.api_id, stage.name)
        caller = Caller(account, stage.place.region, who, request_id, request.peer, source_arn=api)
        target = path + (f"?{request.query}" if request.query else "")
        below = replace(request, target=target, path=path)
        return await self.send_to_service(below, "execute-api", caller)

    async def socket_stage(self, api_id: str, name: str) -> SocketStage | None:
        """A WebSocket API's stage as it is now; None when it is gone."""
        stage = await self.stage(api_id, name)
        return stage if isinstance(stage, SocketStage) else None

    async def stage(self, api_id: str, name: str) -> HttpStage | SocketStage | None:
        """A compiled stage, as the store has it now."""
        api = await self.api(api_id)
        if api is None:
            return None
        return api.compiled.get(name) or await self._compile(api, api_id, name)

    async def api(self, api_id: str) -> Api | None:
        """What is known of an API, as the store has it now."""
        known = self._apis.get(api_id)
        if known is not None and known.news == self.news:
            return known
        if known is None and api_id in self._apis:
            return None
        news = self.news
        index = await read(self.store, keys.api_index(api_id))
        if index is None:
            if news == self.news:  # else it may be there by now
                self._keep(api_id, None)
            return None
        api = Api(Place(index.wire["account"], index.wire["region"]), index.wire["protocol"], news)
        for wire in await stages_of(self.store, api_id):
            name = wire["StageName"]
            epoch = await read(self.store, keys.epoch(api_id, name))
            wire["authorizerEpoch"] = 0 if epoch is None else epoch.wire["authorizers"]
            api.stages[name] = wire
            if known is not None and known.stages.get(name) == wire and name in known.compiled:
                api.compiled[name] = known.compiled[name]
        self._keep(api_id, api)
        return api

    def _keep(self, api_id: str, api: Api | None) -> None:
        if len(self._apis) >= APIS_MAX:
            self._apis.clear()
        if len(api_id) <= 64:
            self._apis[api_id] = api

    async def _compile(self, api: Api, api_id: str, name: str) -> HttpStage | SocketStage | None:
        wire = api.stages.get(name)
        if wire is None or not wire.get("DeploymentId"):
            return None
        snapshot = await load_snapshot(self.store, api_id, wire["DeploymentId"])
        if snapshot is None:
            return None
        kind = HttpStage if api.protocol == "HTTP" else SocketStage
        stage: HttpStage | SocketStage = kind(self, api.place, wire, snapshot)
        api.compiled[name] = stage
        return stage

    # --- what stages share ------------------------------------------------------------------------------------------

    def request_id(self) -> str:
        """`JKJaXmPLvHcESHA=`."""
        return base64.b64encode(bytes.fromhex(self.ids.hex(22))).decode().replace("+", "-").replace("/", "_")

    def tally(self, place: Place, api_id: str, stage: str, route: str | None) -> Tally:
        """Counters by API and stage; by route too where its detailed metrics are enabled."""
        api, of_stage = ("ApiId", api_id), ("Stage", stage)
        dimensions: tuple[tuple[tuple[str, str], ...], ...] = ((api,), (api, of_stage))
        if route is not None:
            method, _, path = route.partition(" ")
            detailed = (api, ("Method", method), ("Resource", path or route), of_stage)
            dimensions = (*dimensions, detailed)
        return self.tallies.tally(place.account, place.region, dimensions)

    def socket_metrics(
        self, stage: SocketStage, metric: str, integration_ms: int | None, route_key: str | None
    ) -> None:
        """ConnectCount, MessageCount, ClientError, IntegrationError; IntegrationLatency where a backend was asked. By route
        too, when one is given."""
        now_ms = self.clock.now_ms()
        api, of_stage = ("ApiId", stage.api_id), ("Stage", stage.name)
        places: list[tuple[tuple[str, str], ...]] = [(api,), (api, of_stage)]
        if route_key is not None:
            places.append((api, ("Route", route_key), of_stage))
        points = [Point(NAMESPACE, metric, at, 1, "Count", now_ms) for at in places]
        if integration_ms is not None:
            points += [
                Point(NAMESPACE, "IntegrationLatency", at, integration_ms, "Milliseconds", now_ms)
                for at in places
            ]
        self.telemetry.points(stage.place.account, stage.place.region, points)

    def verdicts(self, key: Hashable) -> Expiring[Verdict]:
        """The cached results of one authorizer."""
        found = self._verdicts.get(key)
        if found is None:
            if len(self._verdicts) >= AUTHORIZERS_MAX:
                self._verdicts.clear()
            found = self._verdicts[key] = Expiring(VERDICTS_MAX)
        return found

    def issuer_keys(self, issuer: str) -> Jwks:
        """The keys of a token issuer, by its discovery document."""
        found = self._jwks.get(issuer)
        if found is None:
            if len(self._jwks) >= ISSUERS_MAX:
                self._jwks.clear()
            found = self._jwks[issuer] = Jwks(lambda: self._fetch_keys(issuer))
        return found

    async def _fetch_keys(self, issuer: str) -> bytes:
        """Raises TokenError."""
        document = await self._get(issuer.rstrip("/") + "/.well-known/openid-configuration")
        try:
            uri = str(orjson.loads(document)["jwks_uri"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise TokenError("the issuer's discovery document names no jwks_uri") from None
        return await self._get(uri)

    async def _get(self, url: str) -> bytes:
        try:
            answer = await self.http.get(url, timeout_s=5.0)
        except HttpError as error:
            raise TokenError(f"the issuer does not answer: {error}") from None
        if answer.status != 200:
            raise TokenError(f"the issuer answered {answer.status}")
        return answer.body

    @cached_property
    def invoke(self) -> Operation:
        """Lambda's Invoke."""
        return self.calls.find("lambda", "Invoke")

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self.lanes.spawn(name, work)


def _answer(status: int, message: str, request_id: str) -> Response:
    headers = [("content-type", "application/json"), ("apigw-requestid", request_id)]
    return Response(status, headers, orjson.dumps({"message": message}))
