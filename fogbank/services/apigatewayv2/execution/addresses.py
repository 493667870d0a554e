"""From a request's address to an API and its stage: host names, paths, custom domain names with their API mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.http import Request
from fogbank.gateway.mutual_tls import admits
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.limits import MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigatewayv2.records import Wire, held, read, scan

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

PATH_PREFIX = "/_aws/execute-api/"
DOMAINS_MAX = 100_000  # ours: names held in memory, so that a Host is known without the store
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


class Addresses:
    """Custom domain names: which there are, and what their mappings lead to."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._names: frozenset[str] = frozenset()
        self.trusts: dict[str, str] = {}  # truststores (PEM) of the names with mutual TLS
        self._mappings: dict[str, tuple[bool, list[Wire]]] = {}  # and whether a certificate is asked for
        self._news = 0
        self.version = 1  # another one after every change of the names

    def names_changed(self) -> None:
        self.mappings_changed()
        self._gateway.spawn("apigatewayv2 domains", self.load())

    def mappings_changed(self) -> None:
        self._news += 1
        self._mappings.clear()

    async def load(self) -> None:
        """Read the names anew."""
        records = await self._gateway.store.scan(keys.domains(), limit=DOMAINS_MAX)
        names = frozenset(str(record.key[-1]) for record in records)
        self.trusts = {
            str(record.key[-1]): held(record).wire["truststore"]
            for record in records
            if b'"truststore":' in record.value
        }
        if names != self._names:
            self._names = names
            self.version += 1

    def owns(self, name: str) -> bool:
        """A host name (no port, lower case) is a custom domain name, or under a wildcard one."""
        names = self._names
        return bool(names) and (name in names or f"*.{name.partition('.')[2]}" in names)

    def trust(self, name: str) -> str | None:
        """The truststore (PEM) of a name that asks its clients for certificates."""
        return self.trusts.get(name if name in self._names else f"*.{name.partition('.')[2]}")

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
