"""API keys and usage plans: who calls, at what rate, and how often in a period.

A key's quota is counted here and written to the store some times a second (`usage.add_usage`); when it seems to be used up, the
store is asked before anybody is refused.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fogbank.gateway.buckets import Bucket
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.snapshot import find_api_key, plans_of_key
from fogbank.services.apigateway.usage import add_usage, day_of

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.gateway import Gateway
    from fogbank.services.apigateway.execution.stages import Stage

HEADER = "x-api-key"
KEYS_CACHED_MAX = 10_000
QUOTAS_MAX = 100_000  # ours: keys whose use of a quota is known without the store
FLUSH_S = 0.2
NO_LIMIT = -1


class Quota:
    """What a key may still do under a plan in the present day, as this node knows it."""

    __slots__ = ("day", "key_id", "lock", "pending", "place", "plan", "remaining", "writing")

    def __init__(self, place: Place, plan: dict[str, Any], key_id: str) -> None:
        self.place = place
        self.plan = plan
        self.key_id = key_id
        self.remaining: int | None = None
        self.pending = 0  # served, and not yet written
        self.writing = 0  # being written just now: `remaining` does not know of them yet
        self.day = -1
        self.lock = asyncio.Lock()

    def used_up(self) -> bool:
        return self.remaining is None or self.remaining <= self.pending + self.writing


class UsagePlans:
    """The keys and plans of one node; `forget` when something changed in the store."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._keys: dict[tuple[Place, str], tuple[dict[str, Any], list[dict[str, Any]]] | None] = {}
        self._quotas: dict[tuple[Place, str, str], Quota] = {}
        self._dirty: set[Quota] = set()

    def forget(self) -> None:
        self._keys.clear()
        for quota in self._quotas.values():
            quota.remaining = None

    async def find(self, place: Place, value: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """The key with this value, and its plans."""
        at = (place, value)
        if at in self._keys:
            return self._keys[at]
        store, news = self._gateway.store, self._gateway.news
        key = await find_api_key(store, place, value)
        found = None if key is None else (key, await plans_of_key(store, place, key["id"]))
        if len(self._keys) >= KEYS_CACHED_MAX:
            self._keys.clear()
        if len(value) <= 256 and news == self._gateway.news:
            self._keys[at] = found
        return found

    async def spend(self, place: Place, plan: dict[str, Any], key_id: str) -> bool:
        """Count one request against a quota; False when it is used up."""
        at = (place, plan["id"], key_id)
        quota = self._quotas.get(at)
        if quota is None:
            if len(self._quotas) >= QUOTAS_MAX:
                self._quotas = {key: kept for key, kept in self._quotas.items() if kept in self._dirty}
            quota = self._quotas[at] = Quota(place, plan, key_id)
        quota.plan = plan
        now_ms = self._gateway.clock.now_ms()
        day = day_of(now_ms).toordinal()
        if quota.day != day or quota.used_up():
            await self._write(quota, now_ms)
            quota.day = day
            if quota.used_up():
                return False
        quota.pending += 1
        if quota not in self._dirty:
            self._dirty.add(quota)
            self._gateway.nudge_usage()
        return True

    async def flush(self) -> None:
        """Write what was counted."""
        dirty, self._dirty = self._dirty, set()
        for quota in dirty:
            await self._write(quota, self._gateway.clock.now_ms())

    async def _write(self, quota: Quota, now_ms: int) -> None:
        async with quota.lock:  # in order: an older answer must not hide a newer one
            count, quota.pending = quota.pending, 0
            quota.writing = count
            try:
                quota.remaining = await add_usage(
                    self._gateway.store, quota.place, quota.plan, quota.key_id, now_ms, count
                )
            except BaseException:
                quota.pending += count
                raise
            finally:
                quota.writing = 0


def api_key_step(stage: Stage, method: dict[str, Any], key: str, source: str) -> Any:
    """The check of a method that requires an API key."""
    gateway = stage.gateway

    async def check(x: Exchange) -> None:
        value = x.api_key if source == "AUTHORIZER" else x.request.headers.get(HEADER)
        api_key, plans = await valid_key(gateway, stage.place, value)
        x.api_key, x.api_key_id = value, api_key["id"]
        await admit(gateway, (stage.place, stage.api_id, stage.name), plans, api_key["id"], key)

    return check


async def valid_key(
    gateway: Gateway, place: Place, value: str | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The enabled key with this value, and its plans. Raises Fault."""
    if not value:
        raise Fault("INVALID_API_KEY", detail="API Key is missing")
    found = await gateway.plans.find(place, value)
    if found is None or not found[0].get("enabled"):
        raise Fault("INVALID_API_KEY", detail="API Key is not valid or disabled")
    return found


async def admit(
    gateway: Gateway,
    at: tuple[Place, str, str],
    plans: list[dict[str, Any]],
    key_id: str,
    method_key: str,
) -> None:
    """Count a request to the stage `at` (place, API, stage) under the plan that leads the key there. Raises Fault."""
    for plan in plans:
        for of_stage in plan.get("apiStages") or []:
            if of_stage["apiId"] == at[1] and of_stage["stage"] == at[2]:
                await _pass(gateway, at, plan, of_stage, key_id, method_key)
                return
    raise Fault("INVALID_API_KEY", detail="API Key is not associated with this stage")


async def _pass(
    gateway: Gateway,
    at: tuple[Place, str, str],
    plan: dict[str, Any],
    of_stage: dict[str, Any],
    key_id: str,
    method_key: str,
) -> None:
    """The plan's rate (the method's own before that of the plan), then its quota. Raises Fault."""
    place, api_id, stage_name = at
    now_s = gateway.clock.monotonic_s()
    taken: Bucket | None = None
    limits = (of_stage.get("throttle") or {}).get(method_key)
    bucket_key: tuple[str, ...] = ("plan", plan["id"], key_id)
    if limits is not None:
        bucket_key = ("plan-method", plan["id"], key_id, api_id, stage_name, method_key)
    else:
        limits = plan.get("throttle")
    if limits:
        rate = float(limits.get("rateLimit", NO_LIMIT))
        burst = limits.get("burstLimit", NO_LIMIT)
        if rate >= 0 and burst >= 0:
            taken = gateway.buckets.get(bucket_key, rate, burst, now_s)
            if not taken.take(now_s):
                raise Fault("THROTTLED", detail="Usage plan's throttling limit was exceeded")
    if plan.get("quota") and not await gateway.plans.spend(place, plan, key_id):
        if taken is not None:
            taken.give_back()
        raise Fault("QUOTA_EXCEEDED", detail="Usage plan's quota was exceeded")
