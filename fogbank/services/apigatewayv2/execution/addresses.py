"""From a request's address to an API and its stage: host names, paths, custom domain names with their API mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.http import Request
from fogbank.gateway.domain_names import DomainNames
from fogbank.gateway.mutual_tls import admits
from fogbank.gateway.records import Wire, read, scan
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.limits import MAPPINGS_PER_DOMAIN_MAX

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

PATH_PREFIX = "/_aws/execute-api/"
DOMAINS_CACHED_MAX = 10_000


def api_of_path(path: str) -> tuple[str, str] | None:
    """(API id, rest of the path) of `/_aws/execute-api/{id}/…`; the `$default` stage may be named or not."""
    if not path.startswith(PATH_PREFIX):
        return None
    api_id, slash, rest = path[len(PATH_PREFIX) :].partition("/")
    for named in ("$default", "%24default"):
        if rest == named or rest.startswith(named + "/"):
            return api_id, rest[len(named) :] or "/"
    return api_id, slash + rest or "/"


class Addresses(DomainNames):
    """Custom domain names, and what their mappings lead to."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.store, keys.domains())
        self._gateway = gateway
        self._mappings: dict[str, tuple[bool, list[Wire]]] = {}  # and whether a certificate is asked for
        self._news = 0

    def names_changed(self) -> None:
        self.mappings_changed()
        self._gateway.spawn("apigatewayv2 domains", self.load())

    def mappings_changed(self) -> None:
        self._news += 1
        self._mappings.clear()

    async def by_domain(self, name: str, request: Request) -> tuple[Wire, str, str] | None:
        """(mapping, its key with a slash in front or "", the path below): the longest key that fits. Also of a name that belongs
        to services/apigateway, which then has let the client in."""
        known = self._mappings.get(name) or await self._load_mappings(name)
        mutual, mappings = known
        if mutual and not admits(request, name):
            return None
        path = "/" + request.path.lstrip("/")
        for mapping in mappings:
            base = f"/{mapping['ApiMappingKey']}" if mapping["ApiMappingKey"] else ""
            if path == base or path.startswith(base + "/"):
                return mapping, base, path[len(base) :] or "/"
        return None

    async def _load_mappings(self, name: str) -> tuple[bool, list[Wire]]:
        store, news = self._gateway.store, self._news
        domain = await read(store, keys.domain(name))
        name_of = name
        found = await scan(store, keys.mappings(name), limit=MAPPINGS_PER_DOMAIN_MAX)
        if domain is None and not found:
            name_of = f"*.{name.partition('.')[2]}"
            domain = await read(store, keys.domain(name_of))
            found = await scan(store, keys.mappings(name_of), limit=MAPPINGS_PER_DOMAIN_MAX)
        mutual = domain is not None and "MutualTlsAuthentication" in domain.wire["domain"]
        mappings = sorted((each.wire for each in found), key=lambda each: -len(each["ApiMappingKey"]))
        if len(self._mappings) > DOMAINS_CACHED_MAX:
            self._mappings.clear()
        if news == self._news:  # else they may have changed meanwhile
            self._mappings[name] = (mutual, mappings)
        return mutual, mappings
