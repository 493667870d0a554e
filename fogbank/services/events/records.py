"""What EventBridge stores, and its codec."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.core.arn import partition_of


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection. `shown` is its authorization by wire names without what is secret; `sealed` is all of it, under the data
    directory's key; None when it was deauthorized. `state` is a `connection_states.State`."""

    account: str
    region: str
    name: str
    uid: str
    kind: str  # AuthorizationType
    state: str
    created_ms: int
    modified_ms: int
    authorized_ms: int | None = None
    reason: str | None = None
    description: str | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    sealed: str | None = None

    @property
    def arn(self) -> str:
        place = f"{self.region}:{self.account}"
        return f"arn:{partition_of(self.region)}:events:{place}:connection/{self.name}/{self.uid}"

    @property
    def secret_arn(self) -> str:
        """Where AWS would keep the secrets."""
        place = f"{self.region}:{self.account}"
        return (
            f"arn:{partition_of(self.region)}:secretsmanager:{place}:"
            f"secret:events!connection/{self.name}/{self.uid}-{self.uid[-6:]}"
        )

    @property
    def revision(self) -> str | None:
        """Names what is sealed: its nonce."""
        return None if self.sealed is None else self.sealed[:16]

    def encode(self) -> bytes:
        return orjson.dumps(self)


def decode_connection(raw: bytes) -> Connection:
    return Connection(**orjson.loads(raw))


@dataclass(frozen=True, slots=True)
class ApiDestination:
    """One API destination."""

    account: str
    region: str
    name: str
    uid: str
    connection_arn: str
    endpoint: str
    method: str
    rate: int  # invocations a second
    created_ms: int
    modified_ms: int
    description: str | None = None

    @property
    def arn(self) -> str:
        place = f"{self.region}:{self.account}"
        return f"arn:{partition_of(self.region)}:events:{place}:api-destination/{self.name}/{self.uid}"

    def encode(self) -> bytes:
        return orjson.dumps(self)


def decode_destination(raw: bytes) -> ApiDestination:
    return ApiDestination(**orjson.loads(raw))
