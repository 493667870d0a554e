"""Where requests to users' own APIs go: by host, by path, by custom domain name. `apigateway` wakes with the first of them.

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

SERVICE = "apigateway"


class ExecuteApi:
    """The mount of users' APIs. `https_only`: beyond loopback, plain HTTP is refused as AWS refuses it."""

    def __init__(self, calls: Calls, ids: Ids, *, https_only: bool) -> None:
        self._calls = calls
        self._ids = ids
        self._hosts = Hosts((), guarded=False, custom=self)
        self._https_only = https_only
        self._gateway: Gateway | None = None

    @property
    def version(self) -> int:
        """Changes whenever `owns` may answer anew."""
        return 0 if self._gateway is None else self._gateway.addresses.version

    def owns(self, name: str) -> bool:
        """A host name is one of the custom domain names."""
        return self._gateway is not None and self._gateway.addresses.owns(name)

    def ready(self, gateway: Gateway) -> None:
        """The data plane woke."""
        self._gateway = gateway

    async def fetch(self, request: Request) -> Response:
        """Answer a request that fogbank itself makes (Step Functions' apigateway:invoke)."""
        if self._gateway is None:
            await self._calls.wake(SERVICE)  # only then custom domain names are known
        host = self._hosts.look_up(request.headers.get("host") or "")
        return await self.handle(request, host, self._ids.uuid())

    async def handle(self, request: Request, host: Host, request_id: str) -> Response:
        """Answer a request to an API."""
        if self._https_only and not request.secure:
            return forbidden(request_id)
        gateway = self._gateway
        if gateway is None:
            state = await self._calls.wake(SERVICE)
            gateway = self._gateway = state.execution
            assert gateway is not None
        if host.kind is HostKind.EXECUTE_API:
            response = await gateway.by_host(request, host.label, request_id)
        elif host.kind is HostKind.CUSTOM:
            response = await gateway.by_domain(request, host.name, request_id)
        else:
            response = await gateway.by_path(request, request_id)
        return forbidden(request_id) if response is None else response


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
