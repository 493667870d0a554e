"""Reads botocore's service models, the specification every client shares, and applies our corrections.

The files are found and parsed without importing botocore's client machinery, which keeps start-up short. `patches.json`
beside this file holds, for each service, `[{"path": [...], "value": …, "why": "…"}]`: what botocore has wrong. A service
that speaks a protocol in which its shapes have other names has those under `service/protocol`.
"""

from __future__ import annotations

import gzip
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from fogbank.core.errors import ConfigError

PATCHES = Path(__file__).with_name("patches.json")


@cache
def _data_folder() -> Path:
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("botocore is not installed: fogbank reads the AWS service models from it")
    return Path(spec.submodule_search_locations[0]) / "data"


def known_services() -> list[str]:
    """The client names of every service that botocore has a model of."""
    return sorted(path.name for path in _data_folder().iterdir() if path.is_dir())


def _read(folder: Path, name: str) -> Any:
    packed = folder / f"{name}.json.gz"
    if packed.exists():
        return orjson.loads(gzip.decompress(packed.read_bytes()))
    plain = folder / f"{name}.json"
    return orjson.loads(plain.read_bytes()) if plain.exists() else None


def has_dialect(service: str, protocol: str) -> bool:
    """Whether the shapes of `service` have names of their own in `protocol`."""
    return f"{service}/{protocol}" in _patches()


@cache
def _patches() -> dict[str, Any]:
    patches: dict[str, Any] = orjson.loads(PATCHES.read_bytes())
    return patches


def load(service: str, protocol: str | None = None) -> dict[str, Any]:
    """The newest `service-2` model of `service` (a boto3 client name), corrected; as `protocol` names things, if given."""
    root = _data_folder() / service
    versions = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not versions:
        raise ConfigError(f"botocore has no model of {service!r}")
    model: dict[str, Any] = _read(versions[-1], "service-2")
    _drop_prose(model)
    patches = _patches()
    corrections = patches.get(service, [])
    if protocol is not None:
        corrections = corrections + patches.get(f"{service}/{protocol}", [])
    for patch in corrections:
        target = model
        for step in patch["path"][:-1]:
            target = target[step]
        target[patch["path"][-1]] = patch["value"]
    return model


def _drop_prose(model: dict[str, Any]) -> None:
    """Leave out the documentation: it is half of a model, and models stay in memory."""
    for described in (*model["operations"].values(), *model["shapes"].values()):
        described.pop("documentation", None)
        for name in ("member", "key", "value"):
            if name in described:
                described[name].pop("documentation", None)
        for member in described.get("members", {}).values():
            member.pop("documentation", None)


@cache
def known_regions() -> frozenset[str]:
    """The names of every region that botocore knows of."""
    partitions = orjson.loads((_data_folder() / "partitions.json").read_bytes())["partitions"]
    return frozenset(name for each in partitions for name in each["regions"] if "global" not in name)
