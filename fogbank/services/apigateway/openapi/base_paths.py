"""A definition's base path, and what an import makes of it: `ignore` it, `prepend` it to every path, or `split` its first
step off (which is the stage's) and prepend the rest."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.services.apigateway.openapi.typed import mapping, sequence, text
from fogbank.services.apigateway.service import bad_request

MODES = ("ignore", "prepend", "split")


def base_path_of(document: dict[str, Any]) -> str:
    """`basePath` of Swagger 2; of OpenAPI 3 the path of the first server, its variables by their defaults."""
    if "swagger" in document:
        return text(document.get("basePath"), "basePath") or "/"
    servers = sequence(document.get("servers"), "servers")
    server = mapping(servers[0], "servers") if servers else {}
    url = text(server.get("url"), "servers.url") or "/"
    for name, variable in mapping(server.get("variables"), "servers.variables").items():
        default = mapping(variable, "servers.variables").get("default")
        url = url.replace(f"{{{name}}}", text(default, "servers.variables.default") or "")
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        raise bad_request(f"Invalid OpenAPI input. servers.url {url} is no URL") from None


def rebased(path: str, base: str, mode: str) -> str:
    """The path of the resource."""
    if mode not in MODES:
        raise bad_request(f"Invalid basepath mode specified: {mode}. Must be one of: [{', '.join(MODES)}]")
    steps = [step for step in base.split("/") if step]
    if mode == "ignore":
        steps = []
    elif mode == "split":
        steps = steps[1:]
    return "/" + "/".join([*steps, *(step for step in path.split("/") if step)])
