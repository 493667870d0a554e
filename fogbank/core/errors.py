"""Every error fogbank raises on purpose.

    FogbankError
    ├── AwsError            an answer that AWS defines: code, message, HTTP status; the caller sees it
    │   └── NotSupported    501: something AWS has and fogbank does not have yet, named
    ├── StoreError
    │   ├── Conflict        a condition of a transaction did not hold; nothing was written
    │   ├── StoreClosed     the store is shutting down
    │   └── StoreFull       no space left on the device; nothing was written
    ├── SandboxError
    │   ├── RuntimeUnavailable   no interpreter on this machine can run that runtime
    │   └── PoolExhausted        no environment can be made: memory, processes or descriptors are used up
    └── ConfigError         fogbank was started with something it cannot work with

Anything else that escapes an operation is a bug: the pipeline answers 500 `InternalFailure` with the request id and
logs the traceback; the client never sees it.
"""

from __future__ import annotations

from typing import Any


class FogbankError(Exception):
    """The root of the tree."""


class AwsError(FogbankError):
    """An error answer that AWS defines.

    `code` is the wire code (`ResourceNotFoundException`), `message` AWS's wording, `status` the HTTP status, `fields`
    further members of the modelled error shape (`{"Type": "User"}`), by wire name.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, fields: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or {}


class NotSupported(AwsError):
    """501 `NotImplemented`: AWS has it, fogbank does not yet. Raised with what is missing, never ignored instead."""

    def __init__(self, what: str) -> None:
        super().__init__("NotImplemented", f"fogbank does not support {what} yet", status=501)


class StoreError(FogbankError):
    """The store could not do what was asked; the transaction had no effect."""


class Conflict(StoreError):
    """A condition did not hold. `index` is the position, in the transaction, of the operation that failed."""

    def __init__(self, index: int, key: tuple[Any, ...]) -> None:
        super().__init__(f"condition {index} failed on {key!r}")
        self.index = index
        self.key = key


class StoreClosed(StoreError):
    """The store is closed or closing."""


class StoreFull(StoreError):
    """The disk is full: nothing was written, and reads still work."""


class SandboxError(FogbankError):
    """The sandbox could not run a function for a reason that is not the function's."""


class RuntimeUnavailable(SandboxError):
    """No interpreter on this machine can run that runtime; the message says what to install."""


class PoolExhausted(SandboxError):
    """The machine has no room for one more environment."""


class InitFailed(SandboxError):
    """An environment that was to be ready beforehand is not: the function's own init failed."""


class ConfigError(FogbankError):
    """A start option, file or folder that fogbank cannot work with; the message says which and why."""
