"""The cache of a stage: answers of methods by their path and cache key parameters, for their TTL.

`Cache-Control: max-age=0` from a client that may do so answers anew and replaces what was kept. Where the setting says that
permission is needed, `execute-api:InvalidateCache` must be the caller's, else the request fails or goes on with a warning.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from fogbank.core.http import Response
from fogbank.services.apigateway.execution.access import may_invoke
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.mapping import Source, compile_source

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.methods import Integration, Method
    from fogbank.services.apigateway.execution.stages import Stage

TTL_DEFAULT_S = 300
RESPONSE_BYTES_MAX = 1_048_576  # AWS: larger responses are not cached
OVERHEAD_BYTES = 512  # ours: what an entry costs beside its body
NODE_BYTES_MAX = 256 * 1024 * 1024  # ours: all caches of a node together
GIGABYTE = 1 << 30
WARNING = (
    "Warning",
    '199 "Cache-control headers were ignored because the caller was unauthorized."',
)


class StageCache:
    """What one stage has cached on this node."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.epoch = 0
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[float, Response]] = OrderedDict()

    def get(self, key: Hashable, now_s: float) -> Response | None:
        found = self._entries.get(key)
        if found is None:
            return None
        if found[0] <= now_s:
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, response: Response, until_s: float) -> None:
        assert isinstance(response.body, bytes)
        self.drop(key)
        self._entries[key] = (until_s, response)
        self._bytes += len(response.body) + OVERHEAD_BYTES
        while self._bytes > self.bytes_max and self._entries:
            self.drop(next(iter(self._entries)))

    def drop(self, key: Hashable) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            assert isinstance(found[1].body, bytes)
            self._bytes -= len(found[1].body) + OVERHEAD_BYTES

    def flush(self, epoch: int) -> None:
        self.epoch = epoch
        self._entries.clear()
        self._bytes = 0


def cache_bytes(size: str | None) -> int:
    """Of a cacheClusterSize in GB."""
    return int(float(size or "0.5") * GIGABYTE)


class MethodCache:
    """The cache in front of one method's integration."""

    def __init__(self, stage: Stage, method: Method, settings: dict[str, Any], *, canary: bool) -> None:
        self._stage = stage
        self._method = method
        integration = method.wire.get("methodIntegration") or {}
        self._cache = stage.gateway.stage_cache(stage, canary=canary)
        self._ttl_s = settings.get("cacheTtlInSeconds", TTL_DEFAULT_S)
        self._namespace = integration.get("cacheNamespace") or method.resource_id
        self._sources: list[Source] = [
            compile_source(name) for name in integration.get("cacheKeyParameters") or []
        ]
        self._guarded = settings.get("requireAuthorizationForCacheControl", True)
        self._strategy = settings.get(
            "unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER"
        )

    async def serve(self, x: Exchange, integration: Integration) -> Response:
        """A kept answer, else a new one."""
        now_s = self._stage.gateway.clock.monotonic_s()
        key = self._key(x)
        tally = self._method.tally
        if not self._renews(x) and (kept := self._cache.get(key, now_s)) is not None:
            tally.hits += 1
            # Its headers are added to: each client gets a list of its own.
            return Response(kept.status, kept.headers.copy(), kept.body)
        tally.misses += 1
        response = await integration.run(x)
        body = response.body
        if isinstance(body, bytes) and len(body) <= RESPONSE_BYTES_MAX and self._ttl_s > 0:
            kept = Response(response.status, response.headers.copy(), body)
            self._cache.put(key, kept, now_s + self._ttl_s)
        return response

    def _key(self, x: Exchange) -> Hashable:
        parts = [self._namespace, x.request.method, self._method.resource_path]
        for source in self._sources:
            values = source(x)
            parts.append("" if values is None else "\0".join(values))
        return tuple(parts)

    def _renews(self, x: Exchange) -> bool:
        """The client asks for a new answer, and may."""
        control = x.request.headers.get("cache-control")
        if control is None or "max-age=0" not in control.replace(" ", ""):
            return False
        if not self._guarded or (x.principal is not None and may_invoke(x.principal)):
            return True
        match self._strategy:
            case "FAIL_WITH_403":
                raise Fault("ACCESS_DENIED", "Cache-control headers are not authorized")
            case "SUCCEED_WITH_RESPONSE_HEADER":
                x.response_headers.append(WARNING)
        return False
