"""What Lambda stores, and its codec: frozen dataclasses as JSON. A field that is new in a later fogbank has a default."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.services.lambda_.phases import Phase


@dataclass(frozen=True, slots=True)
class Logging:
    """LoggingConfig. Levels only with the JSON format."""

    log_format: str = "Text"
    application_level: str | None = None
    system_level: str | None = None
    group: str | None = None  # None: /aws/lambda/<function name>


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer version as a function refers to it."""

    arn: str
    code_sha: str
    size_bytes: int
    unzipped_bytes: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a function: `$LATEST`, which changes, or a published one, which does not."""

    version: str
    revision_id: str
    build: str  # names everything that an environment is made from; a change of that makes a new one
    phase: Phase
    runtime: str
    handler: str
    role: str
    code_sha: str  # SHA-256 of the zip in hex: the blob's name
    code_bytes: int
    unzipped_bytes: int
    modified_ms: int
    description: str = ""
    timeout_s: int = 3
    memory_mb: int = 128
    tmp_mb: int = 512
    architecture: str = "x86_64"
    environment: str | None = field(default=None, repr=False)  # sealed, base64; None: never given
    layers: tuple[LayerUse, ...] = ()
    logging: Logging = Logging()
    tracing: str = "PassThrough"
    failure: str | None = None
    failure_code: str | None = None
    dead_letter_arn: str | None = None

    @property
    def code_sha256(self) -> str:
        """CodeSha256 as AWS shows it."""
        return base64.b64encode(bytes.fromhex(self.code_sha)).decode()


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Provisioned concurrency of a version or an alias. `allocated` environments are there; while it moves, the old ones."""

    requested: int
    modified_ms: int
    status: str = "IN_PROGRESS"
    allocated: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its `$LATEST`; published versions are records of their own."""

    name: str
    uid: str  # of this function, not of a later one with the same name
    latest: Version
    published: int = 0  # the number that was given last
    reserved: int | None = None  # ReservedConcurrentExecutions
    tags: dict[str, str] = field(default_factory=dict)
    recursive_loop: str = "Terminate"
    provisioned: dict[str, Provisioned] = field(default_factory=dict)  # by version or alias

    @property
    def provisioned_sum(self) -> int:
        """What all its versions and aliases have asked for."""
        return sum(each.requested for each in self.provisioned.values())

    @property
    def share(self) -> int:
        """How much of the account's concurrency is only for this function."""
        return self.provisioned_sum if self.reserved is None else self.reserved

    @property
    def on_demand(self) -> int | None:
        """How much of its reservation is left for invocations without provisioned concurrency; None: it has none."""
        return None if self.reserved is None else max(0, self.reserved - self.provisioned_sum)


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for one version, or for two that share its invocations."""

    name: str
    version: str
    revision_id: str
    description: str = ""
    weights: dict[str, float] = field(default_factory=dict)  # of additional versions


@dataclass(frozen=True, slots=True)
class Policy:
    """The resource policy of a function, version, alias or layer version."""

    statements: tuple[dict[str, Any], ...]
    revision_id: str = ""  # of a layer's policy; a function's is the revision of what it belongs to


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """How asynchronous invocations of a function, version or alias are treated. None: AWS's default."""

    modified_ms: int
    retries_max: int | None = None
    event_age_s_max: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """The URL of a function or an alias. `cors` by its members' wire names; None: never given."""

    url_id: str
    auth_type: str
    created_ms: int
    modified_ms: int
    invoke_mode: str | None = None  # None: never given, which is BUFFERED
    cors: dict[str, Any] | None = None
    host: str = ""  # what follows the region in the URL, as the one who made it reaches this server
    scheme: str = "http"


@dataclass(frozen=True, slots=True)
class UrlOwner:
    """What a URL's id stands for."""

    account: str
    region: str
    name: str
    qualifier: str  # "" for the function


@dataclass(frozen=True, slots=True)
class Account:
    """Sums over an account's functions in one region."""

    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """The head of a layer: which version number comes next."""

    published: int = 0


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """One published version of a layer."""

    number: int
    code_sha: str
    code_bytes: int
    unzipped_bytes: int
    created_ms: int
    description: str | None = None
    license_info: str | None = None
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None

    @property
    def code_sha256(self) -> str:
        """CodeSha256 as AWS shows it."""
        return base64.b64encode(bytes.fromhex(self.code_sha)).decode()


def encode(record: Any) -> bytes:
    """Any record of this module as bytes."""
    return orjson.dumps(record)


def decode_version(raw: bytes) -> Version:
    return _version(orjson.loads(raw))


def decode_function(raw: bytes) -> Function:
    fields = orjson.loads(raw)
    fields["latest"] = _version(fields["latest"])
    provisioned = fields.get("provisioned", {})
    fields["provisioned"] = {name: Provisioned(**each) for name, each in provisioned.items()}
    return Function(**fields)


def decode_alias(raw: bytes) -> Alias:
    return Alias(**orjson.loads(raw))


def decode_policy(raw: bytes) -> Policy:
    fields = orjson.loads(raw)
    return Policy(tuple(fields["statements"]), fields["revision_id"])


def decode_event_invoke_config(raw: bytes) -> EventInvokeConfig:
    return EventInvokeConfig(**orjson.loads(raw))


def decode_url(raw: bytes) -> FunctionUrl:
    return FunctionUrl(**orjson.loads(raw))


def decode_url_owner(raw: bytes) -> UrlOwner:
    return UrlOwner(**orjson.loads(raw))


def decode_account(raw: bytes) -> Account:
    return Account(**orjson.loads(raw))


def decode_layer(raw: bytes) -> Layer:
    return Layer(**orjson.loads(raw))


def decode_layer_version(raw: bytes) -> LayerVersion:
    fields = orjson.loads(raw)
    for name in ("runtimes", "architectures"):
        if fields[name] is not None:
            fields[name] = tuple(fields[name])
    return LayerVersion(**fields)


def _version(fields: dict[str, Any]) -> Version:
    fields["phase"] = Phase(fields["phase"])
    fields["layers"] = tuple(LayerUse(**layer) for layer in fields["layers"])
    fields["logging"] = Logging(**fields["logging"])
    return Version(**fields)
