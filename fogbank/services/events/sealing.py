"""How connections' secrets lie in the store: sealed under the data directory's key, for the one connection."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from fogbank.core.errors import StoreError
from fogbank.services.events.limits import SECRET_BYTES_MAX
from fogbank.services.events.service import validation
from fogbank.store.secrets import Secrets

_LABEL = "events connection"


def seal(secrets: Secrets, arn: str, content: Any) -> str:
    """ValidationException for what is too large; the sentence is a guess."""
    raw = orjson.dumps(content)
    if len(raw) > SECRET_BYTES_MAX:
        raise validation(f"The authorization parameters exceed the maximum size of {SECRET_BYTES_MAX} bytes.")
    return base64.b64encode(secrets.seal(_LABEL, raw, arn.encode())).decode()


def unseal(secrets: Secrets, arn: str, sealed: str) -> Any:
    """StoreError when the data directory's key is another one."""
    opened = secrets.open(_LABEL, base64.b64decode(sealed), arn.encode())
    if opened is None:
        raise StoreError(f"the secrets of {arn} were sealed under another master key")
    return orjson.loads(opened)
