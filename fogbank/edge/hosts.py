"""What a Host header says a request is for, and whether that host is one of ours.

`<id>.execute-api.…` is an API Gateway stage, `<id>.lambda-url.…` a function URL, whatever suffix follows; anything else is
AWS's own API. On loopback, a name that does not look like ours is refused: a web page can make its own host name resolve
to 127.0.0.1 (DNS rebinding) and would then count as the same origin.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from fogbank.core.limits import HOSTS_CACHED_MAX

# Suffixes that no stranger can make resolve to this machine without owning it or the network.
OWN_SUFFIXES = (
    "localhost",
    "localhost.localstack.cloud",
    "localstack.cloud",
    "amazonaws.com",
    "amazonaws.com.cn",
    "docker.internal",
)


class HostKind(Enum):
    """What kind of endpoint a host is."""

    AWS = "AWS's API"
    EXECUTE_API = "an API Gateway stage"
    LAMBDA_URL = "a function URL"
    CUSTOM = "a custom domain name of an API"
    STRANGE = "not one of ours"


@dataclass(frozen=True, slots=True)
class Host:
    """A Host header, understood. `label` is the first label: an API's or a URL's id."""

    kind: HostKind
    name: str
    label: str


class CustomNames(Protocol):
    """The custom domain names of users' APIs: as much ours as any name of AWS's."""

    @property
    def version(self) -> int:
        """Another number whenever `owns` may answer anew."""

    def owns(self, name: str) -> bool: ...


class Hosts:
    """Classifies Host headers; remembers a bounded number of them. `guarded`: strange names are refused."""

    def __init__(
        self, own_names: tuple[str, ...], *, guarded: bool, custom: CustomNames | None = None
    ) -> None:
        self._custom = custom
        self._custom_version = 0
        self._own_names = frozenset(name.lower().strip("[]") for name in own_names)
        self._guarded = guarded
        self._known: dict[str, Host] = {}

    def look_up(self, header: str) -> Host:
        """The host that a header (with or without port) names."""
        if self._custom is not None and self._custom.version != self._custom_version:
            self._custom_version = self._custom.version
            self._known.clear()
        host = self._known.get(header)
        if host is None:
            host = self._classify(header)
            if len(self._known) < HOSTS_CACHED_MAX and len(header) <= 256:
                self._known[header] = host
        return host

    def is_own(self, name: str) -> bool:
        """A host name or address (lower case, no port) that belongs to this machine or to AWS's name space."""
        if name in self._own_names or _is_address(name):
            return True
        return any(name == suffix or name.endswith("." + suffix) for suffix in OWN_SUFFIXES) or (
            _is_function_url(name)
        )

    def _classify(self, header: str) -> Host:
        name = host_name(header)
        label, _, rest = name.partition(".")
        if self._custom is not None and self._custom.owns(name):
            return Host(HostKind.CUSTOM, name, label)
        if self._guarded and not self.is_own(name):
            return Host(HostKind.STRANGE, name, label)
        if rest.startswith("execute-api."):
            return Host(HostKind.EXECUTE_API, name, label)
        if rest.startswith("lambda-url."):
            return Host(HostKind.LAMBDA_URL, name, label)
        return Host(HostKind.AWS, name, label)


def host_name(header: str) -> str:
    """The name or address in a Host header or an origin's authority: no port, no brackets, lower case."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_function_url(name: str) -> bool:
    """`<id>.lambda-url.<region>.on.aws`, AWS's own form."""
    return ".lambda-url." in name and name.endswith(".on.aws")
