"""What many nouns are checked by: selection expressions, maps of templates and parameters, tags, stage variables."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.limits import (
    STAGE_VARIABLE_CHARS_MAX,
    STAGE_VARIABLE_NAME_CHARS_MAX,
    TAGS_MAX,
    TEMPLATE_BYTES_MAX,
)
from fogbank.services.apigatewayv2.service import bad_request

VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]+")
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]*")


def check_tags(tags: dict[str, str] | None) -> None:
    """Refuse tags that AWS does not take."""
    for key, value in (tags or {}).items():
        if key.lower().startswith("aws:"):
            raise bad_request(f"Tag keys starting with 'aws:' are reserved: {key}")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise bad_request("Tag keys have 1 to 128 characters, tag values at most 256")
    if len(tags or {}) > TAGS_MAX:
        raise bad_request(f"A resource can have at most {TAGS_MAX} tags")


def check_variables(variables: dict[str, str] | None) -> None:
    for name, value in (variables or {}).items():
        if not VARIABLE_NAME.fullmatch(name) or len(name) > STAGE_VARIABLE_NAME_CHARS_MAX:
            raise bad_request(f"Invalid stage variable name: {name}")
        if not VARIABLE_VALUE.fullmatch(value) or len(value) > STAGE_VARIABLE_CHARS_MAX:
            raise bad_request(
                f"Invalid stage variable value: {value}. Please use values with alphanumeric characters and the "
                "symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )


def check_templates(templates: dict[str, str] | None) -> None:
    for name, template in (templates or {}).items():
        if len(template.encode()) > TEMPLATE_BYTES_MAX:
            raise bad_request(f"The template for {name} is longer than {TEMPLATE_BYTES_MAX} bytes")


def http_only(api: Wire, **members: Any) -> None:
    """Members that only HTTP APIs have."""
    _only(api, "HTTP", "WEBSOCKET", members)


def websocket_only(api: Wire, **members: Any) -> None:
    """Members that only WebSocket APIs have."""
    _only(api, "WEBSOCKET", "HTTP", members)


def _only(api: Wire, wanted: str, other: str, members: dict[str, Any]) -> None:
    if api["ProtocolType"] == wanted:
        return
    for name, value in members.items():
        if value:
            raise bad_request(f"{name} is not currently supported for APIs of protocol type {other}")  # ours
