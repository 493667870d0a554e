"""Every key that fogbank gave out: root's own, those of IAM users, and sessions.

Root's key is made on the first start in enforced mode and lies in `DATA/keys/root.json` (0600): with it an operator signs
in and makes users. Users' keys belong to IAM, which app.py joins by a callback; an answer is kept for a moment only, so
that a key that was switched off stops working at once on its own node (`forget`) and within a second on others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from fogbank.auth.files import write_once
from fogbank.auth.lru import Lru
from fogbank.core.clock import Clock
from fogbank.core.config import DEFAULT_ACCOUNT
from fogbank.core.errors import ConfigError
from fogbank.core.ids import Ids
from fogbank.core.key_ids import LONG_TERM, TEMPORARY, make_key_id
from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.model.principal import KeyFound, SessionIssuer, root_of

ROOT_FILE = "root.json"
KEY_ID_LENGTH = 20
KEPT_MS = 1000

FindUserKey = Callable[[str], Awaitable[KeyFound | None]]


class Keyring:
    """Finds keys (`model.principal.KeyRing`). `start` before use."""

    def __init__(
        self,
        sessions: SessionIssuer,
        data_dir: Path,
        find_user_key: FindUserKey,
        clock: Clock,
        ids: Ids,
        *,
        enforced: bool,
    ) -> None:
        self._sessions = sessions
        self._find_user_key = find_user_key
        self._clock = clock
        self._ids = ids
        self._enforced = enforced
        self._roots: dict[str, KeyFound] = {}
        self._users: Lru[str, tuple[int, KeyFound | None]] = Lru(METADATA_CACHED_MAX)
        self.root_file = data_dir / "keys" / ROOT_FILE

    async def start(self) -> None:
        """Read root's key; in enforced mode make one when there is none. Raises ConfigError."""
        if self.root_file.exists():
            self._add_root(self.root_file.read_bytes())
        elif self._enforced:
            self._add_root(self._make_root())

    async def find(self, access_key_id: str, session_token: str | None) -> KeyFound | None:
        """See `model.principal.KeyRing`."""
        kind = access_key_id[:4]
        if session_token is not None:  # a long-term key has none
            return self._sessions.open(access_key_id, session_token) if kind == TEMPORARY else None
        root = self._roots.get(access_key_id)
        if root is not None:
            return root
        if kind != LONG_TERM or len(access_key_id) != KEY_ID_LENGTH:
            return None  # nothing that IAM would have made
        now_ms = self._clock.now_ms()
        kept = self._users.get(access_key_id)
        if kept is not None and now_ms < kept[0]:
            return kept[1]
        found = await self._find_user_key(access_key_id)
        self._users.put(access_key_id, (now_ms + KEPT_MS, found))
        return found

    def forget(self, access_key_id: str) -> None:
        """Ask anew at the next request: the key was changed."""
        self._users.drop(access_key_id)

    def forget_all(self) -> None:
        """IAM changed something: ask anew for every user's key."""
        self._users.clear()

    def _add_root(self, content: bytes) -> None:
        try:
            fields = orjson.loads(content)
            key, secret, account = fields["AccessKeyId"], fields["SecretAccessKey"], fields["Account"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{self.root_file} is not a root key file: it must hold AccessKeyId, SecretAccessKey and Account"
            ) from error
        self._roots[key] = KeyFound(secret, root_of(account, access_key_id=key))

    def _make_root(self) -> bytes:
        content = orjson.dumps(
            {
                "AccessKeyId": make_key_id(LONG_TERM, DEFAULT_ACCOUNT, self._ids),
                "SecretAccessKey": self._ids.secret(),
                "Account": DEFAULT_ACCOUNT,
            },
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )
        return write_once(self.root_file, content)
