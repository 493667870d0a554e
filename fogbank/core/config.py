"""How one fogbank was started."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
DEFAULT_PORT = 4566


class AuthMode(Enum):
    OPEN = "open"  # unknown keys act as root of their account
    ENFORCE = "enforce"  # signatures and permissions are checked


@dataclass(frozen=True, slots=True)
class Settings:
    """The start options, resolved."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT  # 0: any free port
    data_dir: Path | None = None  # None: everything in memory, gone at the end
    store_url: str | None = None  # postgresql://…; None: SQLite in the data directory
    auth: AuthMode | None = None  # None: open on loopback, enforced elsewhere
    binds: tuple[str, ...] = ()  # HOST[:INSIDE[:ro]]
    function_network: str | None = None  # host | none | outbound; None: host on loopback, none elsewhere
    environment_idle_s: float = 600.0
    isolation: str = "auto"  # auto | none
    dynamodb_throughput: bool = False  # whether provisioned throughput is enforced
    public_url: str | None = None  # what answers name as this server's address; None: from the request
    cognito_issuer: str | None = (
        None  # issuer of user pools' tokens, with {region} and {pool}; None: AWS's own
    )
    # Requests to all APIs of an account in a region, a second and at once. AWS begins with 10,000 and 5,000 and raises them on
    # request; whoever owns the machine need not ask, so what we begin with is above what one machine serves.
    api_rate_limit: float = 100_000.0
    api_burst_limit: int = 50_000
    node: str = "node"  # this node's name, the same after a restart: what it had leased is its own again

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK

    @property
    def auth_mode(self) -> AuthMode:
        return self.auth or (AuthMode.OPEN if self.loopback else AuthMode.ENFORCE)
