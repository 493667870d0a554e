"""The credential report: one CSV row for root and for each user. Made when asked for, kept for four hours."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from fogbank.core.clock import iso8601
from fogbank.core.limits import IAM_ACCESS_KEYS_PER_USER_MAX, IAM_SCAN_CHUNK
from fogbank.model.call import Call
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.password_policy import policy_of
from fogbank.services.iam.records import PasswordPolicy, Status, User
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.usage import last_used
from fogbank.store.api import Key, Transaction

Wire = dict[str, Any]
_KEPT_MS = 4 * 3_600_000
_DAY_MS = 86_400_000
_CERTIFICATES = 2
_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(
        f"access_key_{number}_{what}"
        for number in (1, 2)
        for what in (
            "active",
            "last_rotated",
            "last_used_date",
            "last_used_region",
            "last_used_service",
        )
    ),
    *(f"cert_{number}_{what}" for number in (1, 2) for what in ("active", "last_rotated")),
)


def _key(ctx: Call[Iam]) -> Key:
    return ("iam", *realm_of(ctx), "credential-report")


def _date(when_ms: int | None) -> str:
    if when_ms is None:
        return "N/A"
    text = iso8601(when_ms)
    return f"{text[:19]}+00:00"


def _truth(value: bool) -> str:
    return str(value).lower()


async def _row(ctx: Call[Iam], user: User, policy: PasswordPolicy | None) -> list[str]:
    state, realm = ctx.state, realm_of(ctx)
    profile = await state.login_profiles.get(realm, user.id)
    password = ["false", "N/A", "N/A", "N/A"]
    if profile is not None:
        changed_ms = profile.record.changed_ms
        days = policy.age_days_max if policy else None
        due_ms = None if days is None else changed_ms + days * _DAY_MS
        password = ["true", "no_information", _date(changed_ms), _date(due_ms)]
    mfa = await state.store.count(("iam", *realm, "mfa-of", user.id), limit=1)
    row = [user.name, user.arn, _date(user.created_ms), *password, _truth(mfa > 0)]
    keys = await state.access_keys.scan(realm, user.id, limit=IAM_ACCESS_KEYS_PER_USER_MAX)
    for each in keys:
        used = await last_used(ctx, each.record.id) or {}
        active = _truth(each.record.status == Status.ACTIVE.value)
        row += [active, _date(each.record.created_ms), _date(used.get("LastUsedDate"))]
        row += [used.get("Region", "N/A"), used.get("ServiceName", "N/A")]
    row += ["false", "N/A", "N/A", "N/A", "N/A"] * (IAM_ACCESS_KEYS_PER_USER_MAX - len(keys))
    certificates = await state.signing_certificates.scan(realm, user.id, limit=_CERTIFICATES)
    for certificate in certificates:
        active = _truth(certificate.record.status == Status.ACTIVE.value)
        row += [active, _date(certificate.record.uploaded_ms)]
    return row + ["false", "N/A"] * (_CERTIFICATES - len(certificates))


def _root_row(ctx: Call[Iam]) -> list[str]:
    """Root's credentials are not IAM's here: nothing is known of them."""
    row = ["<root_account>", realm_of(ctx).arn("root"), "not_supported", *["not_supported"] * 4, "false"]
    row += ["false", "N/A", "N/A", "N/A", "N/A"] * IAM_ACCESS_KEYS_PER_USER_MAX
    return row + ["false", "N/A"] * _CERTIFICATES


async def _content(ctx: Call[Iam]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerow(_root_row(ctx))
    policy = await policy_of(ctx)
    after = None
    while True:
        users = await ctx.state.users.scan(realm_of(ctx), after=after, limit=IAM_SCAN_CHUNK)
        for user in users:
            writer.writerow(await _row(ctx, user.record, policy))
        if len(users) < IAM_SCAN_CHUNK:
            return text.getvalue().rstrip("\n")
        after = users[-1].position


@SERVICE.operation
async def generate_credential_report(ctx: Call[Iam]) -> Wire:
    """STARTED when there was none (it is there when this returns), COMPLETE for one that is not four hours old."""
    now_ms = ctx.state.now_ms()
    found = await ctx.state.store.get(_key(ctx))
    if found is not None and now_ms - orjson.loads(found.value)["generated_ms"] < _KEPT_MS:
        return {"State": "COMPLETE"}
    report = {"generated_ms": now_ms, "content": await _content(ctx)}
    await ctx.state.store.commit(Transaction().put(_key(ctx), orjson.dumps(report)))
    return {
        "State": "STARTED",
        "Description": "No report exists. Starting a new report generation task",
    }


@SERVICE.operation
async def get_credential_report(ctx: Call[Iam]) -> Wire:
    found = await ctx.state.store.get(_key(ctx))
    if found is None:
        raise SERVICE.error("CredentialReportNotPresentException", "The credential report is not present.")
    report = orjson.loads(found.value)
    if ctx.state.now_ms() - report["generated_ms"] >= _KEPT_MS:
        raise SERVICE.error("CredentialReportExpiredException", "The credential report has expired.")
    return {
        "Content": report["content"].encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": report["generated_ms"],
    }
