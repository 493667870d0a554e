"""Throttles of stages and methods, and the account's. Usage plans' are in api_keys.py.

What an account may do in a region bounds all of its APIs together, and comes last. A method's own setting counts where it is another
one than AWS's default for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.gateway.buckets import Bucket
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.methods import Step
from fogbank.services.apigateway.limits import BURST_LIMIT_DEFAULT, RATE_LIMIT_DEFAULT

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage


def throttle_step(stage: Stage, key: str, settings: dict[str, Any], *, first: bool) -> Step:
    """The throttles of one method: its own, if it has one, then the account's. `first`: nothing waits before them, so that the
    time at which a request came is the time."""
    now_s = stage.gateway.clock.monotonic_s
    account = stage.gateway.throttles.of(stage.place.account, stage.place.region, now_s())
    own = _own_bucket(stage, key, settings)

    def check_account(x: Exchange) -> None:
        if not account.take(now_s()):
            raise Fault("THROTTLED", detail="Account's throttling limit was exceeded")

    def check_account_at_once(x: Exchange) -> None:
        if not account.take(x.started_s):
            raise Fault("THROTTLED", detail="Account's throttling limit was exceeded")

    if own is None:
        return check_account_at_once if first else check_account

    def check(x: Exchange) -> None:
        now = now_s()
        if not own.take(now):
            raise Fault("THROTTLED", detail="Method's throttling limit was exceeded")
        if not account.take(now):
            own.give_back()
            raise Fault("THROTTLED", detail="Account's throttling limit was exceeded")

    return check


def _own_bucket(stage: Stage, key: str, settings: dict[str, Any]) -> Bucket | None:
    rate = settings.get("throttlingRateLimit")
    burst = settings.get("throttlingBurstLimit")
    if rate is None and burst is None:
        return None
    rate = RATE_LIMIT_DEFAULT if rate is None else float(rate)
    burst = BURST_LIMIT_DEFAULT if burst is None else burst
    if rate < 0 or burst < 0 or (rate >= RATE_LIMIT_DEFAULT and burst >= BURST_LIMIT_DEFAULT):
        return None
    gateway = stage.gateway
    return gateway.buckets.get(
        ("method", stage.api_id, stage.name, key), rate, burst, gateway.clock.monotonic_s()
    )
