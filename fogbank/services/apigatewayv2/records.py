"""Records of HTTP and WebSocket APIs: the wire shape of their noun as JSON, times in Unix milliseconds."""

from __future__ import annotations

from typing import Any

from fogbank.core.conflicts import retrying
from fogbank.core.errors import AwsError
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.limits import CONFLICT_RETRIES_MAX
from fogbank.services.apigatewayv2.service import bad_request, conflict

#: What every noun that has it needs: an empty text does not take it away.
NEVER_EMPTY = frozenset(
    {
        "ApiKeySelectionExpression", "AuthorizationType", "AuthorizerType", "ConnectionType", "ContentType",
        "IntegrationResponseKey", "IntegrationType", "IpAddressType", "Name", "PayloadFormatVersion", "RouteKey",
        "RouteResponseKey", "RouteSelectionExpression", "Schema",
    }
)  # fmt: skip


def given(arguments: dict[str, Any], *without: str) -> Wire:
    """The members that a caller sent, by wire name, from an operation's own `locals()`."""
    return {
        wire_name(name): value
        for name, value in arguments.items()
        if value is not None and name != "ctx" and name not in without
    }


def wire_name(name: str) -> str:
    """`timeout_in_millis` to `TimeoutInMillis`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def merged(old: Wire, new: Wire) -> Wire:
    """`old` with the members of `new`; an empty text or map takes a member away, as AWS's PATCH does."""
    for name in NEVER_EMPTY & new.keys():
        if new[name] == "":
            raise bad_request(f"{name[0].lower()}{name[1:]} must not be empty")  # ours
    both = old | new
    return {name: value for name, value in both.items() if value != "" and value != {}}


def merged_map(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any] | None:
    """A map of texts after PATCH: keys are added or replaced, an empty value takes its key away."""
    if new is None:
        return old
    both = (old or {}) | new
    return {name: value for name, value in both.items() if value != "" and value != {}}


def _contended() -> AwsError:
    return conflict("Unable to complete operation due to concurrent modification. Please try again later.")


retried = retrying(CONFLICT_RETRIES_MAX, _contended)
