"""Where everything of HTTP APIs and WebSocket APIs lies in the store. Only this file knows the layout.

Three trees, as in services/apigateway/keys.py. `LIVE` is what serves requests: stages, deployments' snapshots, domain names
and mappings; whoever serves watches it. `DRAFT` is what is being edited. `CONNECTIONS` says which node holds a WebSocket;
`HANDOVER` is how another node reaches it.

Everything that belongs to one API lies under its id, which is unique over accounts and regions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.core.arn import partition_of
from fogbank.model.call import Call
from fogbank.store.api import Key, Part

LIVE: Key = ("apigatewayv2", "live")
DRAFT: Key = ("apigatewayv2", "draft")
CONNECTIONS: Key = ("apigatewayv2", "connections")
HANDOVER: Key = ("apigatewayv2", "handover")


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


def epoch(api_id: str, name: str) -> Key:
    """Counts the resets of a stage's authorizers' cache."""
    return (*LIVE, "epoch", api_id, name)


def snapshots(api_id: str) -> Key:
    return (*LIVE, "snapshot", api_id)


def snapshot(api_id: str, deployment_id: str) -> Key:
    """The prefix of a snapshot's chunks."""
    return (*LIVE, "snapshot", api_id, deployment_id)


def owned(place: Place, noun: str, *at: Part) -> Key:
    """What belongs to an account in a region and to no API: VPC links, and domain names by whom they belong to."""
    return (*LIVE, noun, *place, *at)


def domain(host: str) -> Key:
    """A custom domain name, unique over accounts and regions."""
    return (*LIVE, "domain", host)


def foreign_domain(host: str) -> Key:
    """Written with every mapping of a domain name that belongs to services/apigateway."""
    return (*LIVE, "foreign-domain", host)


def domains() -> Key:
    return (*LIVE, "domain")


def mappings(host: str) -> Key:
    return (*LIVE, "mapping", host)


def mapping(host: str, mapping_id: str) -> Key:
    return (*LIVE, "mapping", host, mapping_id)


def mapping_use(api_id: str, *at: Part) -> Key:
    """Mappings by the API and stage that they lead to."""
    return (*LIVE, "mapping-use", api_id, *at)


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
    """Written with every change of an API: changes come one after another."""
    return (*DRAFT, "revision", api_id)


# --- connections -----------------------------------------------------------------------------------------------------


def orders(node: str) -> Key:
    """What other nodes ask of connections that this one holds."""
    return (*HANDOVER, "order", node)


def order(node: str, order_id: str) -> Key:
    return (*HANDOVER, "order", node, order_id)


def answers(node: str) -> Key:
    """What became of the orders that this node gave."""
    return (*HANDOVER, "answer", node)


def answer(node: str, order_id: str) -> Key:
    return (*HANDOVER, "answer", node, order_id)


def connection(connection_id: str) -> Key:
    return (*CONNECTIONS, connection_id)
