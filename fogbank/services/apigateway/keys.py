"""Where everything of API Gateway lies in the store. Only this file knows the layout.

Two trees. `LIVE` is what serves requests: deployments' snapshots, stages, keys, usage plans, domain names; whoever
serves watches it. `DRAFT` is what is being edited, and changes nothing for callers before it is deployed. Usage counters
lie apart, because they change with the traffic.

Everything that belongs to one API lies under its id, which is unique over accounts and regions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.core.arn import partition_of
from fogbank.model.call import Call
from fogbank.store.api import Key, Part

LIVE: Key = ("apigateway", "live")
DRAFT: Key = ("apigateway", "draft")
USAGE: Key = ("apigateway", "usage")


class Place(NamedTuple):
    """The account and region that own a resource."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    def arn(self, path: str) -> str:
        """`arn:aws:apigateway:REGION::/PATH`: API Gateway's ARNs name no account."""
        return f"arn:{self.partition}:apigateway:{self.region}::/{path}"


def place_of(ctx: Call[Any]) -> Place:
    return Place(ctx.account, ctx.region)


# --- live ------------------------------------------------------------------------------------------------------------


def api_index(api_id: str) -> Key:
    """Whose API it is."""
    return (*LIVE, "api", api_id)


def stages(api_id: str) -> Key:
    return (*LIVE, "stage", api_id)


def stage(api_id: str, name: str) -> Key:
    return (*LIVE, "stage", api_id, name)


def cache_epoch(api_id: str, name: str) -> Key:
    """Counts the flushes of a stage's caches."""
    return (*LIVE, "epoch", api_id, name)


def epochs(api_id: str) -> Key:
    return (*LIVE, "epoch", api_id)


def snapshots(api_id: str) -> Key:
    return (*LIVE, "snapshot", api_id)


def snapshot(api_id: str, deployment_id: str) -> Key:
    """The prefix of a snapshot's chunks."""
    return (*LIVE, "snapshot", api_id, deployment_id)


def owned(place: Place, noun: str, *at: Part) -> Key:
    """What belongs to an account in a region and to no API: keys, plans, links, certificates, account settings."""
    return (*LIVE, noun, *place, *at)


def domain(host: str) -> Key:
    """A custom domain name, unique over accounts and regions."""
    return (*LIVE, "domain", host)


def mappings(host: str) -> Key:
    return (*LIVE, "mapping", host)


def mapping(host: str, base_path: str) -> Key:
    return (*LIVE, "mapping", host, base_path)


def stage_users(api_id: str, *at: Part) -> Key:
    """Usage plans by the stage that they name."""
    return (*LIVE, "stage-plan", api_id, *at)


# --- draft -----------------------------------------------------------------------------------------------------------


def apis(place: Place) -> Key:
    return (*DRAFT, "api", *place)


def api(place: Place, api_id: str) -> Key:
    return (*DRAFT, "api", *place, api_id)


def part(api_id: str, noun: str, *at: Part) -> Key:
    """One of the things that make up an API."""
    return (*DRAFT, "of", api_id, noun, *at)


def parts(api_id: str) -> Key:
    return (*DRAFT, "of", api_id)


def revision(api_id: str) -> Key:
    """Written with every change of an API's draft: a deployment checks that it copied one state."""
    return (*DRAFT, "revision", api_id)


# --- usage -----------------------------------------------------------------------------------------------------------


def usage_of_plan(place: Place, plan_id: str) -> Key:
    return (*USAGE, *place, plan_id)


def usage_of_key(place: Place, plan_id: str, key_id: str) -> Key:
    return (*USAGE, *place, plan_id, key_id)


def usage(place: Place, plan_id: str, key_id: str, day: str) -> Key:
    """One day's counters; `day` is `YYYY-MM-DD` in UTC."""
    return (*USAGE, *place, plan_id, key_id, day)
