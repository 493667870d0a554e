"""Tag, untag and list tags of everything in IAM that carries tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.entities import find_role, find_user
from fogbank.services.iam.instance_profiles import find_profile
from fogbank.services.iam.managed_policies import find_policy
from fogbank.services.iam.mfa_devices import find_device
from fogbank.services.iam.oidc_providers import find_oidc_provider
from fogbank.services.iam.pages import slice_of
from fogbank.services.iam.policies import refuse_aws_owned
from fogbank.services.iam.roles import refuse_service_linked
from fogbank.services.iam.saml_providers import find_saml_provider
from fogbank.services.iam.server_certificates import find_certificate
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import Transaction

Wire = dict[str, Any]
Finder = Callable[[Call[Iam], str], Awaitable[Found[Any]]]


async def _change(ctx: Call[Iam], found: Found[Any], tags: dict[str, str]) -> None:
    changed = replace(found.record, tags=tags)
    await ctx.state.store.commit(found.put(Transaction(), changed))


async def _tag(ctx: Call[Iam], find: Finder, name: str, tags: tagging.WireTags) -> None:
    given = tagging.read(tags)
    found = await find(ctx, name)
    await _change(ctx, found, tagging.merge(found.record.tags, given))


async def _untag(ctx: Call[Iam], find: Finder, name: str, keys: list[str]) -> None:
    found = await find(ctx, name)
    await _change(ctx, found, tagging.without(found.record.tags, keys))


async def _list(ctx: Call[Iam], find: Finder, name: str, marker: str | None, max_items: int | None) -> Wire:
    found = await find(ctx, name)
    tags = tagging.wire(found.record.tags)
    shown, more = slice_of(tags, listing="tags", marker=marker, max_items=max_items)
    return {"Tags": shown, **more}


async def _role(ctx: Call[Iam], name: str) -> Found[Any]:
    found = await find_role(ctx, name)
    refuse_service_linked(found.record)
    return found


async def _policy(ctx: Call[Iam], arn: str) -> Found[Any]:
    found = await find_policy(ctx, arn)
    refuse_aws_owned(ctx, found)
    return found


@SERVICE.operation
@retried
async def tag_role(ctx: Call[Iam], *, role_name: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, _role, role_name, tags)


@SERVICE.operation
@retried
async def untag_role(ctx: Call[Iam], *, role_name: str, tag_keys: list[str]) -> None:
    await _untag(ctx, _role, role_name, tag_keys)


@SERVICE.operation
async def list_role_tags(
    ctx: Call[Iam], *, role_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_role, role_name, marker, max_items)


@SERVICE.operation
@retried
async def tag_user(ctx: Call[Iam], *, user_name: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, find_user, user_name, tags)


@SERVICE.operation
@retried
async def untag_user(ctx: Call[Iam], *, user_name: str, tag_keys: list[str]) -> None:
    await _untag(ctx, find_user, user_name, tag_keys)


@SERVICE.operation
async def list_user_tags(
    ctx: Call[Iam], *, user_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_user, user_name, marker, max_items)


@SERVICE.operation
@retried
async def tag_policy(ctx: Call[Iam], *, policy_arn: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, _policy, policy_arn, tags)


@SERVICE.operation
@retried
async def untag_policy(ctx: Call[Iam], *, policy_arn: str, tag_keys: list[str]) -> None:
    await _untag(ctx, _policy, policy_arn, tag_keys)


@SERVICE.operation
async def list_policy_tags(
    ctx: Call[Iam], *, policy_arn: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, _policy, policy_arn, marker, max_items)


@SERVICE.operation
@retried
async def tag_instance_profile(ctx: Call[Iam], *, instance_profile_name: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, find_profile, instance_profile_name, tags)


@SERVICE.operation
@retried
async def untag_instance_profile(ctx: Call[Iam], *, instance_profile_name: str, tag_keys: list[str]) -> None:
    await _untag(ctx, find_profile, instance_profile_name, tag_keys)


@SERVICE.operation
async def list_instance_profile_tags(
    ctx: Call[Iam], *, instance_profile_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_profile, instance_profile_name, marker, max_items)


@SERVICE.operation
@retried
async def tag_mfa_device(ctx: Call[Iam], *, serial_number: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, find_device, serial_number, tags)


@SERVICE.operation
@retried
async def untag_mfa_device(ctx: Call[Iam], *, serial_number: str, tag_keys: list[str]) -> None:
    await _untag(ctx, find_device, serial_number, tag_keys)


@SERVICE.operation
async def list_mfa_device_tags(
    ctx: Call[Iam], *, serial_number: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_device, serial_number, marker, max_items)


@SERVICE.operation
@retried
async def tag_open_id_connect_provider(
    ctx: Call[Iam], *, open_id_connect_provider_arn: str, tags: tagging.WireTags
) -> None:
    await _tag(ctx, find_oidc_provider, open_id_connect_provider_arn, tags)


@SERVICE.operation
@retried
async def untag_open_id_connect_provider(
    ctx: Call[Iam], *, open_id_connect_provider_arn: str, tag_keys: list[str]
) -> None:
    await _untag(ctx, find_oidc_provider, open_id_connect_provider_arn, tag_keys)


@SERVICE.operation
async def list_open_id_connect_provider_tags(
    ctx: Call[Iam],
    *,
    open_id_connect_provider_arn: str,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    return await _list(ctx, find_oidc_provider, open_id_connect_provider_arn, marker, max_items)


@SERVICE.operation
@retried
async def tag_saml_provider(ctx: Call[Iam], *, saml_provider_arn: str, tags: tagging.WireTags) -> None:
    await _tag(ctx, find_saml_provider, saml_provider_arn, tags)


@SERVICE.operation
@retried
async def untag_saml_provider(ctx: Call[Iam], *, saml_provider_arn: str, tag_keys: list[str]) -> None:
    await _untag(ctx, find_saml_provider, saml_provider_arn, tag_keys)


@SERVICE.operation
async def list_saml_provider_tags(
    ctx: Call[Iam], *, saml_provider_arn: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_saml_provider, saml_provider_arn, marker, max_items)


@SERVICE.operation
@retried
async def tag_server_certificate(
    ctx: Call[Iam], *, server_certificate_name: str, tags: tagging.WireTags
) -> None:
    await _tag(ctx, find_certificate, server_certificate_name, tags)


@SERVICE.operation
@retried
async def untag_server_certificate(
    ctx: Call[Iam], *, server_certificate_name: str, tag_keys: list[str]
) -> None:
    await _untag(ctx, find_certificate, server_certificate_name, tag_keys)


@SERVICE.operation
async def list_server_certificate_tags(
    ctx: Call[Iam], *, server_certificate_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, find_certificate, server_certificate_name, marker, max_items)
