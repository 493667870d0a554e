"""Throttles of stages and methods. Usage plans' are in api_keys.py.

An account's own default (10,000 a second, bursts of 5,000) is AWS's to raise, and stands for a fleet; here the machine is the
limit. So a method's setting counts where it is another one than that default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.methods import Step
from fogbank.services.apigateway.limits import BURST_LIMIT_DEFAULT, RATE_LIMIT_DEFAULT

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage


def throttle_step(stage: Stage, key: str, settings: dict[str, Any]) -> Step | None:
    """The throttle of one method; None when it has none of its own."""
    rate = settings.get("throttlingRateLimit")
    burst = settings.get("throttlingBurstLimit")
    if rate is None and burst is None:
        return None
    rate = RATE_LIMIT_DEFAULT if rate is None else float(rate)
    burst = BURST_LIMIT_DEFAULT if burst is None else burst
    if rate < 0 or burst < 0 or (rate >= RATE_LIMIT_DEFAULT and burst >= BURST_LIMIT_DEFAULT):
        return None
    gateway = stage.gateway
    bucket = gateway.buckets.get(
        ("method", stage.api_id, stage.name, key), rate, burst, gateway.clock.monotonic_s()
    )
    now_s = gateway.clock.monotonic_s

    def check(x: Exchange) -> None:
        if not bucket.take(now_s()):
            raise Fault("THROTTLED", detail="Method's throttling limit was exceeded")

    return check
