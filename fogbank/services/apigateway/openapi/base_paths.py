"""A definition's base path, and what an import makes of it: `ignore` it, `prepend` it to every path, or `split` its first
step off (which is the stage's) and prepend the rest."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.services.apigateway.service import bad_request

MODES = ("ignore", "prepend", "split")


def base_path_of(document: dict[str, Any]) -> str:
    """`basePath` of Swagger 2; of OpenAPI 3 the path of the first server, its variables by their defaults."""
    if "swagger" in document:
        return str(document.get("basePath") or "/")
    servers = document.get("servers") or [{}]
    server = servers[0] if isinstance(servers, list) and isinstance(servers[0], dict) else {}
    url = str(server.get("url") or "/")
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str((variable or {}).get("default", "")))
    return urlsplit(url).path or "/"


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
