"""From a request's address to an API and its stage: host names, paths, custom domain names with their base paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.http import Request
from fogbank.gateway.domain_names import DomainNames
from fogbank.gateway.mutual_tls import admits
from fogbank.gateway.records import Wire
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.execution.exchange import Arrival
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.snapshot import find_domain, load_mappings

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.gateway import Gateway

PATH_PREFIX = "/_aws/execute-api/"
USER_REQUEST = "/_user_request_"
API_HEADER = "x-apigw-api-id"
ROOT_BASE_PATH = "(none)"


class Target:
    """An API's stage, and how the request came to it."""

    __slots__ = ("api_id", "arrival", "stage")

    def __init__(self, api_id: str, stage: str, arrival: Arrival) -> None:
        self.api_id = api_id
        self.stage = stage
        self.arrival = arrival


def by_host(label: str, host: str, request: Request) -> Target | None:
    """`{id}.execute-api…`, `{id}-{vpce}.execute-api…`, or an endpoint's own name with `x-apigw-api-id`."""
    api_id, vpce_id = label, None
    if "vpce-" in label:
        before, _, after = label.partition("vpce-")
        vpce_id = "vpce-" + after.partition("-")[0]
        api_id = before.rstrip("-") or request.headers.get(API_HEADER) or ""
    path = "/" + request.path.lstrip("/")
    return _staged(api_id, path[1:], path, host, vpce_id)


def by_path(request: Request) -> Target | None:
    """`/_aws/execute-api/{id}/{stage}/…` and `/restapis/{id}/{stage}/_user_request_/…`."""
    path = request.path
    host = request.headers.get("host") or ""
    if path.startswith(PATH_PREFIX):
        api_id, _, rest = path[len(PATH_PREFIX) :].partition("/")
        return _staged(api_id, rest, "/" + rest, host, None)
    before, _, rest = path[len("/restapis/") :].partition(USER_REQUEST)
    api_id, _, stage = before.partition("/")
    if not api_id or not stage or "/" in stage:
        return None
    rest = rest or "/"
    return Target(api_id, stage, Arrival(rest, f"/{stage}{rest}", host, api_id))


def _staged(api_id: str, rest: str, full_path: str, host: str, vpce_id: str | None) -> Target | None:
    """`rest` begins with the stage."""
    stage, slash, path = rest.partition("/")
    if not api_id or not stage:
        return None
    return Target(api_id, stage, Arrival(slash + path or "/", full_path, host, api_id, vpce_id=vpce_id))


def _longest_first(mapping: Wire) -> int:
    base = mapping["basePath"]
    return 0 if base == ROOT_BASE_PATH else -len(base)


class Addresses(DomainNames):
    """Custom domain names, and what their base paths lead to."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.store, keys.domain("")[:-1])
        self._gateway = gateway
        self._mappings: dict[str, tuple[Place, Wire, list[Wire]] | None] = {}
        self._changes = 0

    def news(self) -> None:
        self._changes += 1
        self._mappings.clear()
        self._gateway.spawn("apigateway domains", self.load())

    async def _known(self, name: str) -> tuple[Place, Wire, list[Wire]] | None:
        """Whose a custom domain name is, the name, its mappings."""
        if name in self._mappings:
            return self._mappings[name]
        news = self._changes
        store = self._gateway.store
        domain = await find_domain(store, name)
        found = None
        if domain is not None:
            mappings = await load_mappings(store, domain[1]["domainName"])
            found = (*domain, sorted(mappings, key=_longest_first))
        if len(self._mappings) > 10_000:
            self._mappings.clear()
        if news == self._changes:
            self._mappings[name] = found
        return found

    async def admits(self, name: str, request: Request) -> bool:
        """A custom domain name of ours, which asks for no certificate or was shown one that it trusts."""
        known = await self._known(name)
        return known is not None and ("mutualTlsAuthentication" not in known[1] or admits(request, name))

    async def by_domain(self, name: str, request: Request) -> Target | None:
        """What a custom domain name's base path mapping leads to; `admits` has let the client in."""
        known = await self._known(name)
        if known is None:
            return None
        path = "/" + request.path.lstrip("/")
        for mapping in known[2]:
            base = "" if mapping["basePath"] == ROOT_BASE_PATH else f"/{mapping['basePath']}"
            if path != base and not path.startswith(base + "/"):
                continue
            rest = path[len(base) :] or "/"
            stage = mapping.get("stage")
            if not stage:
                stage, slash, below = rest[1:].partition("/")
                rest = slash + below or "/"
            host = request.headers.get("host") or name
            arrival = Arrival(rest, path, host, name.partition(".")[0], base_path=base or "/")
            return Target(mapping["restApiId"], stage, arrival)
        return None
