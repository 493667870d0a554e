"""Mapping expressions of parameters: `method.request.header.X`, `integration.response.body.id`, `'literal'`, `context.…`.

Checked when they are set; compiled by the data plane.
"""

from __future__ import annotations

import re

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.service import bad_request

_NAME = r"[a-zA-Z0-9._$\-]+"
METHOD_REQUEST = re.compile(rf"method\.request\.(?:(?:multivalue)?(?:header|querystring)|path)\.{_NAME}")
METHOD_RESPONSE = re.compile(rf"method\.response\.(?:multivalue)?header\.{_NAME}")
INTEGRATION_REQUEST = re.compile(
    rf"integration\.request\.(?:(?:multivalue)?(?:header|querystring)|path)\.{_NAME}"
)
_ANYWHERE = re.compile(r"'.*'|context\..+|stageVariables\..+", re.DOTALL)
_REQUEST_BODY = re.compile(
    r"method\.request\.body(?:[.\[].+)?|method\.request\.(?:multivalue.*|path|header|querystring)"
)
_INTEGRATION_RESPONSE = re.compile(
    rf"integration\.response\.(?:(?:multivalue)?header\.{_NAME}|body(?:[.\[].+)?|statuscode)"
)


def invalid_expression(expression: str, *, parameter: bool = False) -> Exception:
    kind = "parameter " if parameter else ""
    return bad_request(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        f"[Invalid mapping expression {kind}specified: {expression}]"
    )


def check_method_parameters(parameters: dict[str, bool] | None) -> None:
    """Names of a method's `requestParameters`."""
    for name in parameters or ():
        check_method_parameter(name)
    names = [name.rsplit(".", 1)[-1] for name in parameters or ()]
    if len(set(names)) != len(names):
        raise bad_request("Parameter names must be unique across querystring, header and path")


def check_method_parameter(name: str) -> None:
    if not METHOD_REQUEST.fullmatch(name):
        raise invalid_expression(name, parameter=True)


def check_method_response_parameter(name: str) -> None:
    if not METHOD_RESPONSE.fullmatch(name):
        raise invalid_expression(name, parameter=True)


def check_request_mapping(target: str, source: str, method: Wire, path: str) -> None:
    """An entry of an integration's `requestParameters`; sources must be what the method declares, or in its path."""
    if not INTEGRATION_REQUEST.fullmatch(target):
        raise invalid_expression(target, parameter=True)
    if _ANYWHERE.fullmatch(source) or _REQUEST_BODY.fullmatch(source):
        return
    if not METHOD_REQUEST.fullmatch(source):
        raise invalid_expression(source)
    declared = {name.replace("multivalue", "") for name in method.get("requestParameters") or ()}
    if source.replace("multivalue", "") in declared:
        return
    place, _, name = source.removeprefix("method.request.").partition(".")
    if place != "path" or (f"{{{name}}}" not in path and f"{{{name}+}}" not in path):
        raise invalid_expression(source, parameter=True)


def check_response_mapping(target: str, source: str, response: Wire | None) -> None:
    """An entry of an integration response's `responseParameters`; `response` is the method's of that status."""
    if not METHOD_RESPONSE.fullmatch(target):
        raise invalid_expression(target, parameter=True)
    declared = {name.replace("multivalue", "") for name in (response or {}).get("responseParameters") or ()}
    if target.replace("multivalue", "") not in declared:
        raise invalid_expression(target, parameter=True)
    if not (_ANYWHERE.fullmatch(source) or _INTEGRATION_RESPONSE.fullmatch(source)):
        raise invalid_expression(source)
