"""Who is calling: principals, and the keys that prove them. Ports that auth/ and the IAM services fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class PrincipalType(Enum):
    ROOT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `arn` is what GetCallerIdentity shows; `issuer_arn` the role behind an assumed-role session; `user_id` the unique
    id (`AIDA…`, `AROA…:session`, or the account for root).
    """

    type: PrincipalType
    account: str
    arn: str
    user_id: str
    access_key_id: str = ""
    issuer_arn: str = ""
    session_policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    mfa: bool = False
    acts_as_root: bool = False  # open mode's convenience: everything is allowed
    transitive_tags: tuple[str, ...] = ()  # keys of session tags that a session of the next role inherits
    issued_ms: int = 0  # when a session's credentials were; 0: it has none, or they are made for each use
    source_identity: str = ""  # set once, then kept through all roles assumed from there


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A key fogbank knows: what it proves and the secret it is checked with."""

    secret: str = field(repr=False)
    principal: Principal
    active: bool = True
    expires_ms: int | None = None


class KeyRing(Protocol):
    """Finds the key that a request was signed with."""

    async def find(self, access_key_id: str, session_token: str | None) -> KeyFound | None:
        """None when fogbank never gave out that key, or the session token does not open."""


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """Temporary credentials as STS hands them out."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_ms: int = 0


class SessionIssuer(Protocol):
    """Makes temporary credentials. Stateless: the token itself carries the principal, sealed."""

    def issue(self, principal: Principal, *, duration_s: int) -> SessionCredentials: ...

    def open(self, access_key_id: str, session_token: str) -> KeyFound | None:
        """What a token carries; None when it was not sealed here or belongs to another key. Expired ones still open."""


def root_of(
    account: str, partition: str = "aws", access_key_id: str = "", *, open_mode: bool = False
) -> Principal:
    """The root principal of an account."""
    return Principal(
        type=PrincipalType.ROOT,
        account=account,
        arn=f"arn:{partition}:iam::{account}:root",
        user_id=account,
        access_key_id=access_key_id,
        acts_as_root=open_mode,
    )
