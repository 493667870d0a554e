"""EndpointConfiguration of APIs: the type (EDGE, REGIONAL, PRIVATE), IP address type and VPC endpoints."""

from __future__ import annotations

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.patching import Patch, given
from fogbank.services.apigateway.service import bad_request

TYPES = ("EDGE", "REGIONAL", "PRIVATE")


def endpoint_of(asked: Wire | None) -> Wire:
    """What an API has when that is asked for: EDGE by default, IPv4 by default (dual stack for private ones)."""
    asked = asked or {}
    types = asked.get("types") or ["EDGE"]
    if len(types) > 1:
        raise bad_request("Cannot create an api with multiple Endpoint Types.")
    found: Wire = {
        "types": list(types),
        "ipAddressType": asked.get("ipAddressType") or default_ip_type(types[0]),
    }
    if ids := asked.get("vpcEndpointIds"):
        found["vpcEndpointIds"] = list(ids)
    check_endpoint(found)
    return found


def default_ip_type(endpoint_type: str) -> str:
    return "dualstack" if endpoint_type == "PRIVATE" else "ipv4"


def check_endpoint(endpoint: Wire) -> None:
    """Refuse what AWS does not combine."""
    kind = endpoint["types"][0]
    if kind not in TYPES:
        raise bad_request(f"Invalid endpoint type specified: {kind}. Must be one of: [{', '.join(TYPES)}]")
    if endpoint.get("vpcEndpointIds") and kind != "PRIVATE":
        raise bad_request("VPCEndpoints can only be specified with PRIVATE apis.")
    if kind == "PRIVATE" and endpoint["ipAddressType"] != "dualstack":
        raise bad_request("Only dualstack ipAddressType is supported for Private APIs.")


def replace_type(wire: Wire, patch: Patch) -> None:
    """`/endpointConfiguration/types/EDGE` (or its index) to another type."""
    endpoint = wire["endpointConfiguration"]
    if patch.name not in (*endpoint["types"], "0"):
        raise bad_request(f"Invalid endpoint type specified in path {patch.path}")
    kind = given(patch)
    if kind == "PRIVATE" or endpoint["types"][0] == "PRIVATE":
        endpoint["ipAddressType"] = default_ip_type(kind)
    endpoint["types"] = [kind]
    if kind != "PRIVATE":
        endpoint.pop("vpcEndpointIds", None)
    check_endpoint(endpoint)


def replace_ip_type(wire: Wire, patch: Patch) -> None:
    if given(patch) not in ("ipv4", "dualstack"):
        raise bad_request("ipAddressType must be either ipv4 or dualstack.")
    wire["endpointConfiguration"]["ipAddressType"] = patch.value
    check_endpoint(wire["endpointConfiguration"])


def change_vpc_endpoints(wire: Wire, patch: Patch) -> None:
    """Add or remove one VPC endpoint id; several may be given with commas."""
    endpoint = wire["endpointConfiguration"]
    held: list[str] = list(endpoint.get("vpcEndpointIds") or ())
    for one in given(patch).split(","):
        if patch.op == "remove":
            held = [each for each in held if each != one]
        elif one not in held:
            held.append(one)
    endpoint["vpcEndpointIds"] = held
    if not held:
        del endpoint["vpcEndpointIds"]
    check_endpoint(endpoint)
