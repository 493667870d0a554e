"""The one way of a request: host → page → mount → route → caller → parse → run → serialise.

The order is the design. A host that is not ours and a page that may not drive us are refused before anything else is
looked at; mounts (`/_fogbank/…`, function URLs) answer for themselves; every AWS operation goes through route,
authentication, parse and `Calls.run`, in this order, so that a stranger learns nothing from a malformed body.

Errors become answers here and nowhere else: an AwsError in the protocol that the request speaks, a store that is full
or away as a 503, anything else as a 500 with the request id, its traceback in the log only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fogbank.auth.authenticate import Authenticator
from fogbank.auth.refusals import Family
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError, Conflict, StoreError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.edge.browsers import Browsers
from fogbank.edge.hosts import Host, HostKind, Hosts
from fogbank.edge.internal import PREFIX, Callbacks, InternalRoutes, Page, answer
from fogbank.edge.usage import KeyUsage
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import PrincipalType
from fogbank.protocol import Routed, Router

log = logging.getLogger("fogbank.edge")
access = logging.getLogger("fogbank.access")

Mount = Callable[[Request, Host, str], Coroutine[Any, Any, Response]]

_FAMILIES = {"rest-json": Family.REST_JSON, "query": Family.QUERY}
_FORBIDDEN_URL = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class Pipeline:
    """Handles requests. One belongs to one house; after a reset app.py makes a new one.

    `paths` are mounts by path prefix (`/_aws/lambda/code/`), `kinds` by the kind of host. A mount receives the request,
    the host and the request id, and answers in its own form. `apis` serves users' APIs at their paths here. `pages` are the console's, below `/_fogbank/`.
    """

    def __init__(
        self,
        *,
        router: Router,
        authenticator: Authenticator,
        calls: Calls,
        ids: Ids,
        hosts: Hosts,
        mode: AuthMode,
        callbacks: Callbacks,
        usage: KeyUsage | None = None,
        paths: Mapping[str, Mount] | None = None,
        kinds: Mapping[HostKind, Mount] | None = None,
        pages: Mapping[str, Page] | None = None,
        apis: Mount | None = None,
    ) -> None:
        self._router = router
        self._authenticator = authenticator
        self._calls = calls
        self._ids = ids
        self._hosts = hosts
        self._mode = mode
        self._browsers = Browsers(hosts, any_origin=mode is AuthMode.ENFORCE)
        self._internal = InternalRoutes(callbacks, self._require_root, pages)
        self._usage = usage
        self._paths = dict(paths or {})
        self._kinds = dict(kinds or {})
        self._apis = apis

    async def handle(self, request: Request) -> Response:
        """Answer one request. Never raises (but when cancelled)."""
        request_id = self._ids.uuid()
        headers = request.headers
        host = self._hosts.look_up(headers.get("host") or "")
        # Functions call by whatever name they were given; a page cannot reach their listeners.
        if host.kind is not HostKind.AWS and (host.kind is not HostKind.STRANGE or request.origin is None):
            response = await self._special(request, host, request_id)
        elif self._apis is not None and is_api_path(request.path):
            # A user's own API, for whatever pages it is made: none of the rules for driving this server.
            response = await self._guarded(self._apis(request, host, request_id), request, request_id)
        elif "origin" in headers or "sec-fetch-site" in headers or "referer" in headers:
            response = await self._browser(request, host, request_id)
        elif request.path[:2] == "/_":
            response = await self._mounted(request, host, request_id)
        else:
            response = await self._operation(request, host, request_id)
        if access.isEnabledFor(logging.DEBUG):
            access.debug(
                "%s %s %s %d %s", request.peer, request.method, request.path, response.status, request_id
            )
        return response

    async def _operation(self, request: Request, host: Host, request_id: str) -> Response:
        """One AWS operation."""
        routed = self._router.route(request)
        arrived = request
        try:
            operation = routed.operation
            service = operation.service.model.signing_name if operation is not None else None
            identity, request = await self._authenticator.identify(request, _family(routed), service)
            principal = identity.principal
            caller = Caller(
                principal.account,
                identity.region,
                principal,
                request_id,
                request.peer,
                request.headers.get("user-agent") or "",
                request.secure,
                request.headers.get("host") or "",
                request.headers.get("x-amzn-trace-id") or "",
                arrived,
            )
            params = routed.parse(request)
            assert operation is not None  # else parse has raised
            if self._usage is not None and not principal.acts_as_root:
                self._usage.note(caller, operation.service.model.signing_name)
            output = await self._calls.run(operation, params, caller)
            return routed.serialize(output, request_id)
        except AwsError as error:
            return routed.fail(error, request_id)
        except StoreError as error:
            return routed.fail(_store_failed(error, request, request_id), request_id)
        except Exception:
            log.exception("request %s (%s %s) failed", request_id, request.method, request.path)
            return routed.fail(_bug(), request_id)

    async def _browser(self, request: Request, host: Host, request_id: str) -> Response:
        """A request that a browser sent for some page."""
        if not self._browsers.admits(request):
            message = (
                f"Pages of {(request.headers.get('origin') or 'other sites')[:128]} may not use this fogbank: it runs in "
                "open mode and serves pages of this machine only"
            )
            return _plain_error(AwsError("AccessDeniedException", message, status=403), request_id)
        if (preflight := self._browsers.preflight(request)) is not None:
            return preflight
        if request.path[:2] == "/_":
            response = await self._mounted(request, host, request_id)
        else:
            response = await self._operation(request, host, request_id)
        return self._browsers.mark(request, response)

    async def _mounted(self, request: Request, host: Host, request_id: str) -> Response:
        """A path of our own, else an AWS operation after all."""
        if request.path.startswith(PREFIX):
            return await self._guarded(self._internal.handle(request), request, request_id)
        for prefix, mount in self._paths.items():
            if request.path.startswith(prefix):
                return await self._guarded(mount(request, host, request_id), request, request_id)
        return await self._operation(request, host, request_id)

    async def _special(self, request: Request, host: Host, request_id: str) -> Response:
        """A host that is not AWS's API."""
        mount = self._kinds.get(host.kind)
        if mount is not None:
            return await self._guarded(mount(request, host, request_id), request, request_id)
        match host.kind:
            case HostKind.EXECUTE_API:  # what AWS answers for an API that does not exist
                return Response(
                    403,
                    [
                        ("content-type", "application/json"),
                        ("x-amzn-requestid", request_id),
                        ("x-amzn-errortype", "ForbiddenException"),
                    ],
                    b'{"message":"Forbidden"}',
                )
            case HostKind.LAMBDA_URL:
                response = answer({"Message": _FORBIDDEN_URL}, 403)
                response.headers += [
                    ("x-amzn-requestid", request_id),
                    ("x-amzn-errortype", "AccessDeniedException"),
                ]
                return response
            case _:
                message = (
                    f"The host name {host.name[:128]!r} is not one of this fogbank's. Use localhost, an address, or a name "
                    "under localhost, localhost.localstack.cloud or amazonaws.com (this guards against DNS rebinding)"
                )
                return _plain_error(AwsError("AccessDeniedException", message, status=403), request_id)

    async def _guarded(
        self, work: Coroutine[Any, Any, Response], request: Request, request_id: str
    ) -> Response:
        try:
            return await work
        except AwsError as error:
            return _plain_error(error, request_id)
        except StoreError as error:
            return _plain_error(_store_failed(error, request, request_id), request_id)
        except Exception:
            log.exception("request %s (%s %s) failed", request_id, request.method, request.path)
            return _plain_error(_bug(), request_id)

    async def _require_root(self, request: Request) -> None:
        if self._mode is AuthMode.OPEN:
            return
        identity, _ = await self._authenticator.identify(request, Family.REST_JSON, None)
        principal = identity.principal
        if principal.type is not PrincipalType.ROOT or principal.acts_as_root:
            raise AwsError("AccessDeniedException", "Only root's own key may use this route", status=403)


def is_api_path(path: str) -> bool:
    """An address of a user's API below this server's own name."""
    return path.startswith("/_aws/execute-api/") or (
        path.startswith("/restapis/") and "/_user_request_" in path
    )


def _bug() -> AwsError:
    """What an error that nobody meant to raise is answered with."""
    message = "The request processing has failed because of an unknown error, exception or failure."
    return AwsError("InternalFailure", message, status=500)


def _store_failed(error: StoreError, request: Request, request_id: str) -> AwsError:
    """A full disk, or a database that is away: no bug, so one line in the log, and callers may try again."""
    if isinstance(error, Conflict):  # an operation must try again by itself
        log.exception("request %s (%s %s) failed", request_id, request.method, request.path)
        return _bug()
    log.error("request %s (%s %s) failed: %s", request_id, request.method, request.path, error)
    message = f"The request has failed due to a temporary failure of the server: {error}"
    return AwsError("ServiceUnavailable", message, status=503)


def _family(routed: Routed) -> Family:
    if routed.protocol == "rest-xml":
        return Family.S3 if routed.service == "s3" else Family.QUERY
    return _FAMILIES.get(routed.protocol, Family.JSON)


def _plain_error(error: AwsError, request_id: str) -> Response:
    """An error outside every AWS protocol, in the form of rest-json."""
    response = answer({"message": error.message}, error.status)
    response.headers += [("x-amzn-requestid", request_id), ("x-amzn-errortype", error.code)]
    return response
