"""Temporary credentials that need no store: the session token itself carries the session, sealed.

A token is sealed (AES-GCM) under a key derived from the data directory's master key and bound to its access key id. The
secret key is an HMAC of the token, so whoever holds the master key can check a signature, on any node, after any
restart, without having kept anything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import cached_property
from typing import Any

import orjson

from fogbank.auth.lru import Lru
from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.key_ids import TEMPORARY, make_key_id
from fogbank.core.limits import SESSIONS_CACHED_MAX
from fogbank.model.principal import KeyFound, Principal, PrincipalType, SessionCredentials
from fogbank.store.secrets import Secrets

SEAL = "session-token"
SECRET = "session-secret"
SECRET_LENGTH = 40
TOKEN_CHARACTERS_MAX = 16 * 1024  # a session policy is at most 2,048 characters, 50 tags about 20,000 packed


class Sessions:
    """Issues and opens sessions (`model.principal.SessionIssuer`)."""

    def __init__(self, secrets: Secrets, clock: Clock, ids: Ids) -> None:
        self._secrets = secrets
        self._clock = clock
        self._ids = ids
        self._opened: Lru[tuple[str, str], KeyFound] = Lru(SESSIONS_CACHED_MAX)

    def issue(self, principal: Principal, *, duration_s: int) -> SessionCredentials:
        """Credentials that act as `principal` for `duration_s` seconds."""
        access_key_id = make_key_id(TEMPORARY, principal.account, self._ids)
        issued_ms = self._clock.now_ms()
        expires_ms = issued_ms + duration_s * 1000
        content = orjson.dumps(_packed(principal, issued_ms, expires_ms))
        sealed = self._secrets.seal(SEAL, content, access_key_id.encode())
        token = base64.b64encode(sealed).decode()
        return SessionCredentials(access_key_id, self._secret_of(sealed), token, expires_ms)

    @cached_property
    def _secret_key(self) -> bytes:
        return self._secrets.derive(SECRET)

    def open(self, access_key_id: str, session_token: str) -> KeyFound | None:
        """What a token carries; None when it was not sealed here or belongs to another key. Expired ones still open."""
        place = (access_key_id, session_token)
        found = self._opened.get(place)
        if found is None:
            found = self._open(access_key_id, session_token)
            if found is not None:
                self._opened.put(place, found)
        return found

    def _open(self, access_key_id: str, session_token: str) -> KeyFound | None:
        if len(session_token) > TOKEN_CHARACTERS_MAX:
            return None
        try:
            sealed = base64.b64decode(session_token, validate=True)
        except (binascii.Error, ValueError):
            return None
        content = self._secrets.open(SEAL, sealed, access_key_id.encode())
        if content is None:
            return None
        fields = orjson.loads(content)
        return KeyFound(
            self._secret_of(sealed), _unpacked(fields, access_key_id), expires_ms=int(fields["x"])
        )

    def _secret_of(self, sealed: bytes) -> str:
        return base64.b64encode(hmac.digest(self._secret_key, sealed, "sha256")).decode()[:SECRET_LENGTH]


def _packed(principal: Principal, issued_ms: int, expires_ms: int) -> dict[str, Any]:
    """A session in short names; what is empty is left out."""
    fields: dict[str, Any] = {
        "x": expires_ms,
        "d": issued_ms,
        "t": principal.type.value,
        "a": principal.account,
        "n": principal.arn,
        "u": principal.user_id,
        "i": principal.issuer_arn,
        "p": principal.session_policy,
        "g": principal.tags,
        "m": principal.mfa,
        "r": principal.acts_as_root,
        "k": principal.transitive_tags,
        "s": principal.source_identity,
    }
    return {name: value for name, value in fields.items() if value}


def _unpacked(fields: dict[str, Any], access_key_id: str) -> Principal:
    return Principal(
        type=PrincipalType(fields["t"]),
        account=fields["a"],
        arn=fields["n"],
        user_id=fields["u"],
        access_key_id=access_key_id,
        issuer_arn=fields.get("i", ""),
        session_policy=fields.get("p", ""),
        tags=tuple((name, value) for name, value in fields.get("g", ())),
        mfa=fields.get("m", False),
        acts_as_root=fields.get("r", False),
        transitive_tags=tuple(fields.get("k", ())),
        source_identity=fields.get("s", ""),
        issued_ms=fields.get("d", 0),
    )
