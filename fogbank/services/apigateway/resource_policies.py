"""Resource policies of APIs: checked when they are set, evaluated by the data plane."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.limits import NESTING_MAX
from fogbank.services.apigateway.records import nests_deeper
from fogbank.services.apigateway.service import bad_request

SHORT = "execute-api:/"
POLICY_BYTES_MAX = 8192


def policy_of(document: str, place: Place, api_id: str) -> str:
    """The policy as it holds: `execute-api:/…` stands for this API. Raises BadRequestException."""
    try:
        policy = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise invalid() from None
    if not isinstance(policy, dict) or nests_deeper(policy, NESTING_MAX):
        raise invalid()
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise invalid()
    for statement in statements:
        _check(statement)
        for member in ("Resource", "NotResource"):
            if member in statement:
                statement[member] = _expanded(statement[member], place, api_id)
    text: str = orjson.dumps(policy).decode()
    if len(text) > POLICY_BYTES_MAX:
        raise bad_request(f"Resource policy size exceeds the limit of {POLICY_BYTES_MAX} bytes")
    return text


def shown(policy: str) -> str:
    """A policy in an answer: escaped once more, as AWS answers it (and Terraform expects)."""
    return orjson.dumps(policy).decode()[1:-1]


def _check(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise invalid()
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise invalid()
    if "Action" not in statement and "NotAction" not in statement:
        raise invalid()


def _expanded(resource: Any, place: Place, api_id: str) -> Any:
    if isinstance(resource, list):
        return [_expanded(each, place, api_id) for each in resource]
    if not isinstance(resource, str):
        raise invalid()
    if resource.startswith(SHORT):
        base = f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{api_id}/"
        return base + resource.removeprefix(SHORT)
    return resource


def invalid() -> Exception:
    return bad_request(
        "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    )
