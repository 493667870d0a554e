"""The start options that concern functions, as the sandbox takes them."""

from __future__ import annotations

from pathlib import Path

from fogbank.core.config import Settings
from fogbank.core.errors import ConfigError
from fogbank.sandbox.api import Bind, FunctionNetwork, SandboxSettings


def sandbox_settings(settings: Settings, work_dir: Path) -> SandboxSettings:
    """The start options that concern functions. Raises ConfigError."""
    default = FunctionNetwork.HOST if settings.loopback else FunctionNetwork.NONE
    network = FunctionNetwork(settings.function_network) if settings.function_network else default
    return SandboxSettings(
        work_dir=work_dir,
        network=network,
        binds=tuple(parse_bind(text) for text in settings.binds),
        idle_s=settings.environment_idle_s,
        isolation=settings.isolation,
    )


def parse_bind(text: str) -> Bind:
    """`HOST[:INSIDE[:ro]]`. Raises ConfigError."""
    host, _, rest = text.partition(":")
    inside, _, mode = rest.partition(":")
    if mode not in ("", "ro", "rw"):
        raise ConfigError(f"--bind {text}: {mode} is neither ro nor rw")
    path = Path(host).absolute()
    if not path.is_dir():
        raise ConfigError(f"--bind {text}: {path} is not a folder")
    return Bind(path, inside or str(path), mode == "ro")
