"""The app's functions and the layer with the prices: each function has an alias `live` that leads to its newest version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from deploy.packages import pack

APP = Path(__file__).parents[1]
TOKEN = "let-the-shop-in"  # a secret, were this not an example
RUNTIME = f"python3.{sys.version_info[1]}"


def put_functions(client: Any, role: str, queues: dict[str, str], connections: str) -> dict[str, str]:
    """Create or update all of them; alias ARNs by name. `connections`: the address of the feed."""
    layer = client.publish_layer_version(
        LayerName="orders-pricing", Content={"ZipFile": pack(APP / "layer")}, CompatibleRuntimes=[RUNTIME]
    )["LayerVersionArn"]
    fulfil = "orders-fulfil"
    environments: dict[str, dict[str, str]] = {
        fulfil: {},
        "orders-place": {"FULFIL": f"{fulfil}:live"},
        "orders-catalogue": {},
        "orders-stock": {"STOCK": "orders-stock"},
        "orders-pack": {},
        "orders-view": {"VIEW": "orders-by-customer", "NOTIFICATIONS": queues["orders-notifications.fifo"]},
        "orders-notify": {"FEED": "orders-feed", "CONNECTIONS": connections},
        "orders-feed": {"FEED": "orders-feed"},
        "orders-read": {"VIEW": "orders-by-customer"},
        "orders-authorize": {"TOKEN": TOKEN},
    }
    names = list(environments)
    there = [name for name in names if not _create(client, name, role, layer, environments[name])]
    _wait(client, "function_active_v2", names)
    # What was there already is brought up to date; AWS takes one change of a function at a time.
    for name in there:
        client.update_function_code(FunctionName=name, ZipFile=_code(name))
    _wait(client, "function_updated_v2", there)
    for name in there:
        client.update_function_configuration(
            FunctionName=name, **_configuration(name, layer, environments[name])
        )
    _wait(client, "function_updated_v2", there)
    return {name: _publish(client, name) for name in names}


def _create(client: Any, name: str, role: str, layer: str, environment: dict[str, str]) -> bool:
    """False when it is there already."""
    try:
        client.create_function(
            FunctionName=name,
            Role=role,
            Code={"ZipFile": _code(name)},
            **_configuration(name, layer, environment),
        )
    except client.exceptions.ResourceConflictException:
        return False
    return True


def _code(name: str) -> bytes:
    return pack(APP / "functions", f"{name.removeprefix('orders-')}.py")


def _configuration(name: str, layer: str, environment: dict[str, str]) -> dict[str, Any]:
    return {
        "Runtime": RUNTIME,
        "Handler": f"{name.removeprefix('orders-')}.handler",
        "Layers": [layer],
        "Timeout": 10,
        "MemorySize": 256,
        "Environment": {"Variables": environment},
    }


def _wait(client: Any, waiter: str, names: list[str]) -> None:
    for name in names:
        client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 1})


def _publish(client: Any, name: str) -> str:
    """Publish a version, if anything changed, and point `live` at it; the alias ARN."""
    version = client.publish_version(FunctionName=name)["Version"]
    try:
        alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    except client.exceptions.ResourceConflictException:
        alias = client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return str(alias["AliasArn"])
