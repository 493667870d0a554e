"""What IAM keeps of each noun. Times are Unix milliseconds in whole seconds; secrets are sealed or hashed, never plain."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

Tags = dict[str, str]


class Status(Enum):
    """Whether a credential works."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    path: str
    id: str
    arn: str
    created_ms: int
    tags: Tags = field(default_factory=dict)
    boundary: str | None = None  # ARN of a managed policy
    attached: tuple[str, ...] = ()  # ARNs of managed policies
    groups: tuple[str, ...] = ()  # unique ids


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    path: str
    id: str
    arn: str
    created_ms: int
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    path: str
    id: str
    arn: str
    created_ms: int
    trust: str  # the trust policy, as text
    trusted: dict[str, str] = field(default_factory=dict)  # ARN of a user or role in `trust` → its unique id
    description: str | None = None
    max_session_s: int = 3600
    tags: Tags = field(default_factory=dict)
    boundary: str | None = None
    attached: tuple[str, ...] = ()
    linked_to: str | None = None  # the service that a service-linked role belongs to


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    name: str
    path: str
    id: str
    arn: str
    created_ms: int
    role: str | None = None  # name of a role
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy. AWS's own have a record only in accounts that use them, for the counts."""

    name: str
    path: str
    id: str
    arn: str
    created_ms: int
    updated_ms: int
    description: str | None = None
    default: int = 1  # number of the default version
    latest: int = 1  # the highest number given so far
    attachments: int = 0
    boundaries: int = 0
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    number: int
    document: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class AccessKey:
    id: str
    user_id: str
    sealed: str = field(repr=False)  # base64 of the sealed secret
    status: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class LoginProfile:
    created_ms: int
    changed_ms: int
    reset_required: bool
    salt: str = field(repr=False)
    hashes: tuple[str, ...] = field(repr=False)  # the password's first, then those it may not be again


@dataclass(frozen=True, slots=True)
class AccountAlias:
    alias: str


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    length_min: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    may_change: bool = False
    age_days_max: int | None = None
    reuse_prevention: int | None = None
    hard_expiry: bool | None = None


@dataclass(frozen=True, slots=True)
class MfaDevice:
    serial: str
    sealed_seed: str = field(repr=False)
    created_ms: int
    user_id: str | None = None
    enabled_ms: int | None = None
    step: int = 0  # the last TOTP step that was used: none is taken twice
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenIdConnectProvider:
    arn: str
    url: str  # without the scheme
    created_ms: int
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SamlProvider:
    name: str
    arn: str
    created_ms: int
    valid_until_ms: int
    metadata: str
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    name: str
    path: str
    id: str
    arn: str
    uploaded_ms: int
    expires_ms: int
    body: str
    chain: str | None
    sealed_key: str = field(repr=False)
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SshPublicKey:
    id: str
    body: str  # in OpenSSH form
    fingerprint: str
    status: str
    uploaded_ms: int


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    id: str
    body: str
    status: str
    uploaded_ms: int


@dataclass(frozen=True, slots=True)
class ServiceSpecificCredential:
    id: str
    service: str
    user_name: str  # what the service calls the user
    status: str
    created_ms: int
    hash: str = field(repr=False)
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DeletionTask:
    id: str
    status: str
    created_ms: int
