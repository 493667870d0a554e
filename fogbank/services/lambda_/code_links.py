"""Links to code packages, as GetFunction gives them: good for ten minutes, for whoever has them."""

from __future__ import annotations

import base64
import binascii

import orjson

from fogbank.core.clock import Clock
from fogbank.core.config import Settings
from fogbank.model.call import Caller
from fogbank.store.secrets import Secrets

PATH = "/_aws/lambda/code/"
_LABEL = "lambda code link"
_GOOD_FOR_MS = 600_000


class CodeLinks:
    """Makes and opens links. Stateless: the link itself says what it is for, sealed."""

    def __init__(self, secrets: Secrets, clock: Clock, settings: Settings) -> None:
        self._secrets = secrets
        self._clock = clock
        self._settings = settings

    def make(self, caller: Caller, sha: str) -> str:
        """A URL that downloads the package `sha`, on the host that the caller used."""
        expires_ms = self._clock.now_ms() + _GOOD_FOR_MS
        sealed = self._secrets.seal(_LABEL, orjson.dumps([sha, expires_ms]))
        return self._base(caller) + PATH + base64.urlsafe_b64encode(sealed).decode()

    def open(self, token: str) -> str | None:
        """The package that the last part of a link names; None when it is forged or has expired."""
        try:
            sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        content = self._secrets.open(_LABEL, sealed)
        if content is None:
            return None
        sha, expires_ms = orjson.loads(content)
        return str(sha) if self._clock.now_ms() < expires_ms else None

    def _base(self, caller: Caller) -> str:
        if self._settings.public_url is not None:
            return self._settings.public_url.rstrip("/")
        host = caller.host or f"{self._settings.host}:{self._settings.port}"
        return f"{'https' if caller.secure else 'http'}://{host}"
