"""Who may put events on a bus: its resource policy, evaluated for callers of other accounts."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.policies.documents import Asked, Decision, Policy
from fogbank.policies.names import principals_of
from fogbank.services.events.bus_records import Bus, BusPlace

ACTION = "events:PutEvents"


def check_may_put(caller: Caller, bus: Bus | None, place: BusPlace) -> None:
    """AccessDeniedException for a bus of another account whose policy does not let the caller. In every mode."""
    if place.account == caller.account:
        return
    principal = caller.principal
    names = (*principals_of(principal), caller.account)
    if bus is not None and bus.policy is not None:
        asked = Asked(ACTION, place.arn, {"aws:principalaccount": [caller.account]}, names)
        if Policy(bus.policy).decide(asked) is Decision.ALLOW:
            return
    raise AwsError(
        "AccessDeniedException",
        f"User: {principal.arn} is not authorized to perform: {ACTION} on resource: {place.arn} "
        f"because no resource-based policy allows the {ACTION} action",
    )
