"""The permissions that EventBridge's operations need, and buses' policies as those who decide ask for them. ARNs of connections and API destinations
end in an id that a request does not say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.model.call import Call, Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions, pass_role
from fogbank.policies.documents import Policy
from fogbank.services.events import keys
from fogbank.services.events.bus_records import BusPlace, decode_bus
from fogbank.services.events.lookup_buses import place_of
from fogbank.services.events.service import SERVICE
from fogbank.services.events.state import Events

_PRINCIPAL = "events.amazonaws.com"


def _bus(caller: Caller, params: Params, member: str) -> BusPlace:
    name = params.get(member)
    return place_of(caller.account, caller.region, name if isinstance(name, str) else None)


def _rule(caller: Caller, params: Params) -> str | None:
    name = params.get("Name", params.get("Rule"))
    return _bus(caller, params, "EventBusName").rule_arn(name) if isinstance(name, str) else None


def _named_bus(caller: Caller, params: Params) -> str:
    return _bus(caller, params, "EventBusName").arn


def _with_roles(action: str) -> Needs:
    """On a rule, with the roles that it or its targets are given."""

    def needs(caller: Caller, params: Params) -> Iterable[Need]:
        yield Need(action, _rule(caller, params) or "*")
        for holder in [params, *_list(params.get("Targets"))]:
            if isinstance(role := holder.get("RoleArn"), str):
                yield pass_role(role, _PRINCIPAL)

    return needs


def _put_events(caller: Caller, params: Params) -> Iterable[Need]:
    """Each bus that gets events, once."""
    entries = _list(params.get("Entries")) or [{}]
    for arn in dict.fromkeys(_bus(caller, each, "EventBusName").arn for each in entries):
        yield Need("events:PutEvents", arn)


def _list(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@SERVICE.internal
async def resource_policies(ctx: Call[Events], *, resource: str) -> tuple[Policy, ...]:
    """The policy of the bus with that ARN."""
    arn = parse_arn(resource)
    if arn is None or not arn.resource.startswith("event-bus/"):
        return ()
    record = await ctx.state.store.get(
        keys.bus(arn.account, arn.region, arn.resource.removeprefix("event-bus/"))
    )
    policy = None if record is None else decode_bus(record.value).policy
    return () if policy is None else (Policy(policy),)


SERVICE.needs(
    Permissions(
        "events",
        {
            "connection/{Name}": "CreateConnection DeauthorizeConnection DeleteConnection DescribeConnection UpdateConnection",
            "api-destination/{Name}": "CreateApiDestination DeleteApiDestination DescribeApiDestination UpdateApiDestination",
            "event-bus/{Name} | {bus}": "CreateEventBus DeleteEventBus DescribeEventBus UpdateEventBus",
            "{bus}": "ListRules PutPermission RemovePermission",
            "{rule}": "DeleteRule DescribeRule DisableRule EnableRule ListTargetsByRule RemoveTargets",
            "{ResourceARN}": "ListTagsForResource TagResource UntagResource",
            "*": """
                ListApiDestinations ListConnections ListEventBuses ListRuleNamesByTarget TestEventPattern""",
        },
        members={"rule": _rule, "bus": _named_bus},
        special={
            "PutEvents": _put_events,
            "PutRule": _with_roles("events:PutRule"),
            "PutTargets": _with_roles("events:PutTargets"),
        },
        has_policies=True,
    )
)
