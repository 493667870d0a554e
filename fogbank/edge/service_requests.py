"""Requests that fogbank makes of itself, in a service's own protocol: API Gateway's AWS integrations.

Nothing is signed: who calls is known. The request goes the way of any other from its route on: parse, authorise, run, serialise.
Also who signed a request that is not for AWS's API (`identify`), for methods and function URLs with AWS_IAM.
"""

from __future__ import annotations

import logging

from fogbank.auth.authenticate import Authenticator
from fogbank.auth.refusals import Family
from fogbank.core.errors import AwsError, StoreError
from fogbank.core.http import Headers, Request, Response
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal
from fogbank.protocol import Router

log = logging.getLogger("fogbank.edge")

EXECUTE_API = "execute-api"
_PARTS = ("authorization", "x-amz-security-token")
_UNSIGNED = "AWS4-HMAC-SHA256 Credential=fogbank/00000000/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"


class ServiceRequests:
    """The ports of the data planes that need protocols and signatures."""

    def __init__(self, router: Router, authenticator: Authenticator, calls: Calls) -> None:
        self._router = router
        self._authenticator = authenticator
        self._calls = calls

    async def identify(self, request: Request, service: str = EXECUTE_API) -> Principal | None:
        """Who signed a request for `service`; None when nobody did. Raises AwsError."""
        if "authorization" not in request.headers and "X-Amz-" not in request.query:
            return None
        identity, _ = await self._authenticator.identify(request, Family.REST_JSON, service)
        return identity.principal

    async def send(self, request: Request, service: str, caller: Caller) -> Response:
        """Run a request of a service, by its signing name, as `caller`. Answers errors as the service does."""
        request_id = caller.request_id
        items = [item for item in request.headers.items if item[0] not in _PARTS]
        items.append(("authorization", _UNSIGNED.format(region=caller.region, service=service)))
        request = Request(
            request.method,
            request.target,
            request.path,
            request.query,
            Headers(items),
            request.body,
            request.peer,
            request.secure,
        )
        routed = self._router.route(request)
        try:
            params = routed.parse(request)
            operation = routed.operation
            assert operation is not None  # else parse has raised
            return routed.serialize(await self._calls.run(operation, params, caller), request_id)
        except AwsError as error:
            return routed.fail(error, request_id)
        except StoreError as error:
            log.error("request %s (%s %s) failed: %s", request_id, service, request.path, error)
            unavailable = AwsError("ServiceUnavailable", "The service is unavailable", status=503)
            return routed.fail(unavailable, request_id)
