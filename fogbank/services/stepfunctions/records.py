"""Records of state machines and activities as they lie in the store. Times in Unix ms; configurations by wire names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

LOGGING_OFF: dict[str, Any] = {"level": "OFF", "includeExecutionData": False}


@dataclass(frozen=True, slots=True)
class Machine:
    """The head of a state machine.

    `revision` numbers its current revision; `revision_version` is the version that published that one, 0 for none;
    `published` the highest version ever given out. `create_options` is what of CreateStateMachine the idempotency
    check compares and the revision does not hold: (publish, versionDescription).
    """

    name: str
    type: str
    created_ms: int
    revision: int
    published: int = 0
    revision_version: int = 0
    versions: int = 0
    aliases: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    create_options: tuple[bool, str] = (False, "")

    @property
    def express(self) -> bool:
        return self.type == "EXPRESS"


@dataclass(frozen=True, slots=True)
class Revision:
    """What UpdateStateMachine changes. `id` is "" for the initial one, which AWS does not name."""

    id: str
    updated_ms: int
    definition: str
    role_arn: str
    logging: dict[str, Any] = field(default_factory=lambda: dict(LOGGING_OFF))
    tracing: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    revision: int
    created_ms: int
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """`routes` are (version, weight), weights adding up to 100."""

    name: str
    description: str | None
    routes: tuple[tuple[int, int], ...]
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Activity:
    id: str
    name: str
    created_ms: int
    tags: dict[str, str] = field(default_factory=dict)


def encode(record: Any) -> bytes:
    """Any record of this module as bytes."""
    return orjson.dumps(record)


def decode_machine(raw: bytes) -> Machine:
    fields = orjson.loads(raw)
    fields["create_options"] = tuple(fields["create_options"])
    return Machine(**fields)


def decode_revision(raw: bytes) -> Revision:
    return Revision(**orjson.loads(raw))


def decode_version(raw: bytes) -> Version:
    return Version(**orjson.loads(raw))


def decode_alias(raw: bytes) -> Alias:
    fields = orjson.loads(raw)
    fields["routes"] = tuple((version, weight) for version, weight in fields["routes"])
    return Alias(**fields)


def decode_activity(raw: bytes) -> Activity:
    return Activity(**orjson.loads(raw))
