"""What services need of the floors above them, filled in when those are built: `Wire` stands in the services' place for it."""

from __future__ import annotations

from fogbank.core.http import Request, Response
from fogbank.edge.service_requests import ServiceRequests
from fogbank.model.call import Caller
from fogbank.model.principal import Principal


class Wire:
    """The services' way to protocols and signatures. `connect` before the first request is served."""

    def __init__(self) -> None:
        self._requests: ServiceRequests | None = None

    def connect(self, requests: ServiceRequests) -> None:
        self._requests = requests

    async def identify(self, request: Request) -> Principal | None:
        """Who signed a request to an API. Raises AwsError."""
        assert self._requests is not None
        return await self._requests.identify(request)

    async def identify_for_lambda(self, request: Request) -> Principal | None:
        """Who signed a request to a function URL. Raises AwsError."""
        assert self._requests is not None
        return await self._requests.identify(request, "lambda")

    async def send(self, request: Request, service: str, caller: Caller) -> Response:
        """An AWS request of a service, run as `caller`."""
        assert self._requests is not None
        return await self._requests.send(request, service, caller)
