"""Where requests to users' own APIs go: by host, by path, by custom domain name. `apigateway` and
`apigatewayv2` wake with the first of them.

HTTP APIs and WebSocket APIs answer at the same addresses: whoever has an API of that id serves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.edge.hosts import Host, HostKind, Hosts
from fogbank.model.calls import Calls

if TYPE_CHECKING:  # importing a service is part of waking it
    from fogbank.services.apigateway.execution.gateway import Gateway
    from fogbank.services.apigatewayv2.execution.gateway import Gateway as HttpGateway


class ExecuteApi:
    """The mount of users' APIs. `https_only`: beyond loopback, plain HTTP is refused as AWS refuses it."""

    def __init__(self, calls: Calls, ids: Ids, *, https_only: bool) -> None:
        self._calls = calls
        self._ids = ids
        self._hosts = Hosts((), guarded=False, custom=self)
        self._https_only = https_only
        self._gateway: Gateway | None = None
        self._http_gateway: HttpGateway | None = None

    @property
    def version(self) -> int:
        """Changes whenever `owns` may answer anew."""
        rest, http = self._gateway, self._http_gateway
        return (0 if rest is None else rest.addresses.version) + (
            0 if http is None else http.addresses.version
        )

    def owns(self, name: str) -> bool:
        """A host name is one of the custom domain names."""
        rest, http = self._gateway, self._http_gateway
        return (rest is not None and rest.addresses.owns(name)) or (
            http is not None and http.addresses.owns(name)
        )

    def any(self) -> bool:
        """Some name asks clients for certificates."""
        rest, http = self._gateway, self._http_gateway
        return (rest is not None and bool(rest.addresses.trusts)) or (
            http is not None and bool(http.addresses.trusts)
        )

    def trust(self, name: str) -> str | None:
        """See `edge.lazy_tls.Truststores`."""
        rest, http = self._gateway, self._http_gateway
        for addresses in (None if rest is None else rest.addresses, None if http is None else http.addresses):
            if addresses is not None and addresses.owns(name):
                return addresses.trust(name)
        return None

    def ready(self, gateway: Gateway) -> None:
        """The data plane of REST APIs woke."""
        self._gateway = gateway

    def http_ready(self, gateway: HttpGateway) -> None:
        """The data plane of HTTP and WebSocket APIs woke."""
        self._http_gateway = gateway

    async def fetch(self, request: Request) -> Response:
        """Answer a request that fogbank itself makes (Step Functions' apigateway:invoke)."""
        await self._wake()  # only then custom domain names are known
        host = self._hosts.look_up(request.headers.get("host") or "")
        return await self.handle(request, host, self._ids.uuid())

    async def handle(self, request: Request, host: Host, request_id: str) -> Response:
        """Answer a request to an API."""
        if self._https_only and not request.secure:
            return forbidden(request_id)
        http, rest = self._http_gateway, self._gateway
        if http is None or rest is None:
            http, rest = await self._wake()
        if host.kind is HostKind.EXECUTE_API:
            response = await http.by_host(request, host.label, request_id)
            if response is None:
                response = await rest.by_host(request, host.label, request_id)
        elif host.kind is HostKind.CUSTOM:
            response = await self._by_domain(request, host.name, request_id, http, rest)
        else:
            response = await http.by_path(request, request_id)
            if response is None:
                response = await rest.by_path(request, request_id)
        return forbidden(request_id) if response is None else response

    @staticmethod
    async def _by_domain(
        request: Request, name: str, request_id: str, http: HttpGateway, rest: Gateway
    ) -> Response | None:
        """Mappings of the second generation lead to APIs of both, and are made for names of both."""
        ours = http.addresses.owns(name)
        if not ours and not await rest.addresses.admits(name, request):
            return None
        found = await http.addresses.by_domain(name, request)
        if not ours:
            target = await rest.addresses.by_domain(name, request)
            # The longer base path of the two generations' mappings.
            if target is not None and (found is None or len(found[1]) <= len(target.arrival.base_path or "")):
                return await rest.handle(request, target, request_id)
        if found is None:
            return None
        response = await http.by_mapping(request, name, found)
        if response is not None:
            return response
        mapping, base, path = found
        return await rest.by_mapping(
            request, name, mapping["ApiId"], mapping["Stage"], (base, path), request_id
        )

    async def _wake(self) -> tuple[HttpGateway, Gateway]:
        """Both data planes: which of them has an API is in the store alone."""
        if self._http_gateway is None:
            self._http_gateway = (await self._calls.wake("apigatewayv2")).execution
        if self._gateway is None:
            self._gateway = (await self._calls.wake("apigateway")).execution
        assert self._http_gateway is not None and self._gateway is not None
        return self._http_gateway, self._gateway


def forbidden(request_id: str) -> Response:
    """What AWS answers for an API or a stage that is not there."""
    return Response(
        403,
        [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", "ForbiddenException"),
        ],
        b'{"message":"Forbidden"}',
    )
