"""The keys that fogbank knows."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from fogbank.auth.keyring import KEPT_MS, Keyring
from fogbank.auth.tokens import Sessions
from fogbank.core.clock import VirtualClock
from fogbank.core.errors import ConfigError
from fogbank.core.ids import Ids
from fogbank.model.principal import KeyFound, PrincipalType, root_of
from fogbank.store.secrets import Secrets

USER_KEY = "AKIAQAAAAAAAEXAMPLE1"


class Iam:
    """Stands for IAM's look-up."""

    def __init__(self) -> None:
        self.keys: dict[str, KeyFound] = {}
        self.asked: list[str] = []

    async def find(self, access_key_id: str) -> KeyFound | None:
        self.asked.append(access_key_id)
        return self.keys.get(access_key_id)


def keyring(folder: Path, iam: Iam, clock: VirtualClock, *, enforced: bool = False) -> Keyring:
    sessions = Sessions(Secrets.in_memory(), clock, Ids(1))
    return Keyring(sessions, folder, iam.find, clock, Ids(1), enforced=enforced)


async def test_roots_key_is_made_once_in_enforced_mode(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Iam(), VirtualClock(), enforced=True)
    await ring.start()
    content = ring.root_file.read_bytes()
    fields = json.loads(content)
    assert stat.S_IMODE(ring.root_file.stat().st_mode) == 0o600
    found = await ring.find(fields["AccessKeyId"], None)
    assert found is not None
    assert (found.secret, found.principal.type) == (fields["SecretAccessKey"], PrincipalType.ROOT)
    assert not found.principal.acts_as_root
    again = keyring(tmp_path, Iam(), VirtualClock(), enforced=False)
    await again.start()
    assert ring.root_file.read_bytes() == content
    assert await again.find(fields["AccessKeyId"], None) is not None
    assert await again.find(fields["AccessKeyId"], "token") is None


async def test_open_mode_makes_none(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Iam(), VirtualClock())
    await ring.start()
    assert not ring.root_file.exists()


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    ring = keyring(tmp_path, Iam(), VirtualClock())
    ring.root_file.parent.mkdir()
    ring.root_file.write_text("[]")
    with pytest.raises(ConfigError, match=r"root\.json"):
        await ring.start()


async def test_users_keys_are_asked_for_and_kept_a_moment(tmp_path: Path) -> None:
    iam, clock = Iam(), VirtualClock()
    ring = keyring(tmp_path, iam, clock)
    assert await ring.find(USER_KEY, None) is None
    iam.keys[USER_KEY] = KeyFound("secret", root_of("123456789012"))
    assert await ring.find(USER_KEY, None) is None
    ring.forget(USER_KEY)
    assert await ring.find(USER_KEY, None) is iam.keys[USER_KEY]
    del iam.keys[USER_KEY]
    assert await ring.find(USER_KEY, None) is not None
    await clock.advance_ms(KEPT_MS)
    assert await ring.find(USER_KEY, None) is None
    assert len(iam.asked) == 3


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIA", "ASIAQAAAAAAAEXAMPLE1", "", "é" * 20])
async def test_what_iam_never_made_is_not_asked_for(tmp_path: Path, key: str) -> None:
    iam = Iam()
    assert await keyring(tmp_path, iam, VirtualClock()).find(key, None) is None
    assert iam.asked == []
