"""Virtual MFA devices. The seed is sealed and shown once; codes are checked against it, each used once."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.limits import IAM_MFA_DEVICES_PER_USER_MAX
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.entities import (
    EntityKind,
    find_by_ids,
    find_named_user_or_caller,
    find_user,
    realm_of,
)
from fogbank.services.iam.errors import already_exists, delete_conflict, no_such_entity, quota_exceeded
from fogbank.services.iam.pages import page, slice_of
from fogbank.services.iam.records import MfaDevice, User
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, Realm, retried
from fogbank.services.iam.totp import step_of, step_of_two
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]
SEAL = "iam-mfa-seed"
_SEED_CHARS = 64  # of base 32


def _devices_of(realm: Realm, user_id: str) -> Key:
    """The prefix of the index from a user to the serial numbers of its devices."""
    return ("iam", *realm, "mfa-of", user_id)


async def find_device(ctx: Call[Iam], serial: str) -> Found[MfaDevice]:
    found = await ctx.state.mfa_devices.get(realm_of(ctx), serial)
    if found is None:
        raise no_such_entity(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    return found


async def _find_of_user(ctx: Call[Iam], user: Found[User], serial: str) -> Found[MfaDevice]:
    found = await find_device(ctx, serial)
    if found.record.user_id != user.record.id:
        raise no_such_entity(f"MFA Device invalid for user {user.record.name}.")
    return found


def _seed(ctx: Call[Iam], device: MfaDevice) -> bytes:
    sealed = base64.b64decode(device.sealed_seed)
    text = ctx.state.secrets.open(SEAL, sealed, device.serial.encode())
    if text is None:  # sealed under another data directory's key: no code can be right
        raise _wrong_code()
    return base64.b32decode(text)


def _wrong_code() -> AwsError:
    return SERVICE.error("InvalidAuthenticationCodeException", "Authentication code for device is not valid.")


@SERVICE.operation
@retried
async def create_virtual_mfa_device(
    ctx: Call[Iam], *, virtual_mfa_device_name: str, path: str = "/", tags: tagging.WireTags | None = None
) -> Wire:
    realm, ids = realm_of(ctx), ctx.state.ids
    given = tagging.read(tags)
    serial = realm.arn(f"mfa{path}{virtual_mfa_device_name}")
    if await ctx.state.mfa_devices.get(realm, serial):
        raise already_exists("MFADevice entity at the same path and name already exists.")
    raw = base64.b64decode(ids.token(_SEED_CHARS * 5 // 8))
    seed = base64.b32encode(raw)
    device = MfaDevice(
        serial=serial,
        sealed_seed=base64.b64encode(ctx.state.secrets.seal(SEAL, seed, serial.encode())).decode(),
        created_ms=ctx.state.now_ms(),
        tags=given,
    )
    tx = Transaction()
    ctx.state.mfa_devices.put(tx, realm, serial, record=device, expect=ABSENT)
    await ctx.state.store.commit(tx)
    shown = {"SerialNumber": serial, "Base32StringSeed": seed}
    return {"VirtualMFADevice": shown | shapes.tags_if_any(given)}


@SERVICE.operation
@retried
async def delete_virtual_mfa_device(ctx: Call[Iam], *, serial_number: str) -> None:
    found = await find_device(ctx, serial_number)
    if found.record.user_id is not None:
        raise delete_conflict("deactivate MFA device first")
    await ctx.state.store.commit(found.delete(Transaction()))


@SERVICE.operation
@retried
async def enable_mfa_device(
    ctx: Call[Iam],
    *,
    user_name: str,
    serial_number: str,
    authentication_code1: str,
    authentication_code2: str,
) -> None:
    user = await find_user(ctx, user_name)
    found = await find_device(ctx, serial_number)
    realm, device = realm_of(ctx), found.record
    if device.user_id is not None:
        raise already_exists("MFA Device is already in use.")
    count = await ctx.state.store.count(
        _devices_of(realm, user.record.id), limit=IAM_MFA_DEVICES_PER_USER_MAX
    )
    if count >= IAM_MFA_DEVICES_PER_USER_MAX:
        raise quota_exceeded("MFADevicesPerUser", IAM_MFA_DEVICES_PER_USER_MAX)
    step = _checked_step(ctx, device, authentication_code1, authentication_code2)
    tx = Transaction()
    user.touch(tx)
    tx.put((*_devices_of(realm, user.record.id), serial_number), b"")
    enabled = replace(device, user_id=user.record.id, enabled_ms=ctx.state.now_ms(), step=step)
    await ctx.state.store.commit(found.put(tx, enabled))


def _checked_step(ctx: Call[Iam], device: MfaDevice, first: str, second: str) -> int:
    now_ms = ctx.state.clock.now_ms()
    step = step_of_two(_seed(ctx, device), first, second, now_ms, after_step=device.step)
    if step is None:
        raise _wrong_code()
    return step


@SERVICE.operation
@retried
async def resync_mfa_device(
    ctx: Call[Iam],
    *,
    user_name: str,
    serial_number: str,
    authentication_code1: str,
    authentication_code2: str,
) -> None:
    found = await _find_of_user(ctx, await find_user(ctx, user_name), serial_number)
    step = _checked_step(ctx, found.record, authentication_code1, authentication_code2)
    await ctx.state.store.commit(found.put(Transaction(), replace(found.record, step=step)))


@SERVICE.operation
@retried
async def deactivate_mfa_device(ctx: Call[Iam], *, serial_number: str, user_name: str | None = None) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find_of_user(ctx, user, serial_number)
    tx = Transaction().delete((*_devices_of(realm_of(ctx), user.record.id), serial_number))
    await ctx.state.store.commit(found.put(tx, replace(found.record, user_id=None, enabled_ms=None)))


@SERVICE.operation
async def get_mfa_device(ctx: Call[Iam], *, serial_number: str, user_name: str | None = None) -> Wire:
    if user_name is not None:
        user = await find_user(ctx, user_name)
        device = (await _find_of_user(ctx, user, serial_number)).record
        return {"UserName": user.record.name, **_shown(device)}
    device = (await find_device(ctx, serial_number)).record
    owners = await find_by_ids(
        ctx, realm_of(ctx), EntityKind.USER, [device.user_id] if device.user_id else []
    )
    return {**({"UserName": owners[0].record.name} if owners else {}), **_shown(device)}


def _shown(device: MfaDevice) -> Wire:
    shown: Wire = {"SerialNumber": device.serial}
    return shown if device.enabled_ms is None else shown | {"EnableDate": device.enabled_ms}


@SERVICE.operation
async def list_mfa_devices(
    ctx: Call[Iam], *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    realm = realm_of(ctx)
    entries = await ctx.state.store.scan(
        _devices_of(realm, user.record.id), limit=IAM_MFA_DEVICES_PER_USER_MAX
    )
    devices = await ctx.state.mfa_devices.get_many(realm, [(str(each.key[-1]),) for each in entries])
    shown = [{"UserName": user.record.name, **_shown(each.record)} for each in devices if each is not None]
    some, more = slice_of(shown, listing="mfa-devices", marker=marker, max_items=max_items)
    return {"MFADevices": some, **more}


@SERVICE.operation
async def list_virtual_mfa_devices(
    ctx: Call[Iam],
    *,
    assignment_status: str = "Any",
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    found, more = await page(
        ctx.state.mfa_devices,
        realm_of(ctx),
        listing="virtual-mfa-devices",
        marker=marker,
        max_items=max_items,
        keep=lambda device: assignment_status in ("Any", "Assigned" if device.user_id else "Unassigned"),
    )
    shown = []
    for each in found:
        ids = [each.record.user_id] if each.record.user_id else []
        owners = await find_by_ids(ctx, realm_of(ctx), EntityKind.USER, ids)
        shown.append(_shown(each.record) | ({"User": shapes.user(owners[0].record)} if owners else {}))
    return {"VirtualMFADevices": shown, **more}


@SERVICE.internal
@retried
async def verify_mfa(ctx: Call[Iam], *, user_arn: str, serial_number: str, code: str) -> bool:
    """Whether `code` is a fresh one of a device that belongs to that user; a code is taken once."""
    found = await ctx.state.mfa_devices.get(realm_of(ctx), serial_number)
    if found is None or found.record.user_id is None:
        return False
    owners = await find_by_ids(ctx, realm_of(ctx), EntityKind.USER, [found.record.user_id])
    if not owners or owners[0].record.arn != user_arn:
        return False
    step = step_of(_seed(ctx, found.record), code, ctx.state.clock.now_ms(), after_step=found.record.step)
    if step is None:
        return False
    await ctx.state.store.commit(found.put(Transaction(), replace(found.record, step=step)))
    return True
