"""Who may put events on a bus: its resource policy, evaluated for callers of other accounts."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.gateway.policies import Asked, Decision, Policy
from fogbank.model.call import Caller
from fogbank.model.principal import PrincipalType
from fogbank.services.events.bus_records import Bus, BusPlace

ACTION = "events:PutEvents"


def check_may_put(caller: Caller, bus: Bus | None, place: BusPlace) -> None:
    """AccessDeniedException for a bus of another account whose policy does not let the caller. In every mode."""
    if place.account == caller.account:
        return
    principal = caller.principal
    role = (principal.issuer_arn,) if principal.issuer_arn else ()
    names: tuple[str, ...] = (principal.arn, *role, caller.account)
    if principal.type is PrincipalType.SERVICE:
        names = (principal.arn, caller.account)
    if bus is not None and bus.policy is not None:
        asked = Asked(ACTION, place.arn, {"aws:principalaccount": [caller.account]}, names)
        if Policy(bus.policy).decide(asked) is Decision.ALLOW:
            return
    raise AwsError(
        "AccessDeniedException",
        f"User: {principal.arn} is not authorized to perform: {ACTION} on resource: {place.arn} "
        f"because no resource-based policy allows the {ACTION} action",
    )
