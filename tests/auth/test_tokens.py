"""Session credentials: stateless, sealed, bound to their key."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.tokens import Sessions
from fogbank.core.clock import VirtualClock
from fogbank.core.ids import Ids
from fogbank.core.key_ids import account_of_key_id
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.store.secrets import Secrets

ROLE = Principal(
    type=PrincipalType.ASSUMED_ROLE,
    account="123456789012",
    arn="arn:aws:sts::123456789012:assumed-role/r/session",
    user_id="AROAEXAMPLE:session",
    issuer_arn="arn:aws:iam::123456789012:role/r",
    session_policy='{"Version": "2012-10-17"}',
    tags=(("team", "a"), ("cost", "b")),
    mfa=True,
)


def sessions(secrets: Secrets | None = None) -> Sessions:
    return Sessions(secrets or Secrets.in_memory(), VirtualClock(), Ids(1))


@pytest.mark.parametrize("principal", [ROLE, root_of("000000000000", open_mode=True)])
def test_a_session_carries_its_principal(principal: Principal) -> None:
    issuer = sessions()
    credentials = issuer.issue(principal, duration_s=900)
    found = issuer.open(credentials.access_key_id, credentials.session_token)
    assert found is not None
    now_ms = VirtualClock().now_ms()
    carried = replace(principal, access_key_id=credentials.access_key_id, issued_ms=now_ms)
    assert found.principal == carried
    assert found.secret == credentials.secret_access_key
    assert found.expires_ms == credentials.expires_ms == VirtualClock().now_ms() + 900_000
    assert found.active
    assert len(found.secret) == 40


def test_key_ids_name_the_account() -> None:
    credentials = sessions().issue(ROLE, duration_s=900)
    assert credentials.access_key_id.startswith("ASIA")
    assert account_of_key_id(credentials.access_key_id) == "123456789012"


def test_every_issue_is_its_own() -> None:
    issuer = sessions()
    issued = [issuer.issue(ROLE, duration_s=900) for _ in range(50)]
    for field in ("access_key_id", "secret_access_key", "session_token"):
        assert len({getattr(credentials, field) for credentials in issued}) == 50


def test_another_process_with_the_same_master_key_opens_it(tmp_path: Path) -> None:
    credentials = sessions(Secrets.in_folder(tmp_path)).issue(ROLE, duration_s=900)
    found = sessions(Secrets.in_folder(tmp_path)).open(credentials.access_key_id, credentials.session_token)
    assert found is not None
    assert found.secret == credentials.secret_access_key
    assert sessions().open(credentials.access_key_id, credentials.session_token) is None


def test_a_token_belongs_to_its_key() -> None:
    issuer = sessions()
    one, other = (issuer.issue(ROLE, duration_s=900) for _ in range(2))
    assert issuer.open(one.access_key_id, other.session_token) is None


def test_no_byte_of_a_token_can_be_changed() -> None:
    issuer = sessions()
    credentials = issuer.issue(ROLE, duration_s=900)
    raw = bytearray(base64.b64decode(credentials.session_token))
    for at in range(len(raw)):
        raw[at] ^= 1
        token = base64.b64encode(raw).decode()
        assert issuer.open(credentials.access_key_id, token) is None
        raw[at] ^= 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_garbage_opens_nothing(token: str) -> None:
    assert sessions().open("ASIAQAAAAAAAEXAMPLE1", token) is None


def test_secrets_do_not_show() -> None:
    credentials = sessions().issue(ROLE, duration_s=900)
    assert credentials.secret_access_key not in repr(credentials)
    assert credentials.session_token not in repr(credentials)
