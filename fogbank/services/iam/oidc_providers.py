"""OpenID Connect identity providers. They are kept and named in trust policies; their tokens are not verified here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fogbank.core.errors import NotSupported
from fogbank.core.limits import (
    IAM_OIDC_CLIENT_IDS_MAX,
    IAM_OIDC_PROVIDERS_MAX,
    IAM_OIDC_THUMBPRINTS_MAX,
)
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import (
    already_exists,
    invalid_input,
    no_such_entity,
    quota_exceeded,
    validation_error,
)
from fogbank.services.iam.records import OpenIdConnectProvider
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]


async def find_oidc_provider(ctx: Call[Iam], arn: str) -> Found[OpenIdConnectProvider]:
    found = await ctx.state.oidc_providers.get(realm_of(ctx), arn)
    if found is None:
        raise no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")
    return found


def host_and_path(url: str) -> str:
    """A provider's URL as IAM names it: without the scheme. ValidationError for what cannot be a provider."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise validation_error("Invalid Open ID Connect Provider URL")
    return (parts.netloc + parts.path).rstrip("/")


def _check_thumbprints(thumbprints: list[str]) -> tuple[str, ...]:
    if len(thumbprints) > IAM_OIDC_THUMBPRINTS_MAX:
        raise invalid_input("Thumbprint list must contain fewer than 5 entries.")
    return tuple(dict.fromkeys(each.lower() for each in thumbprints))


def _check_client_ids(client_ids: list[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(client_ids))
    if len(unique) > IAM_OIDC_CLIENT_IDS_MAX:
        raise quota_exceeded("ClientIdsPerOpenIdConnectProvider", IAM_OIDC_CLIENT_IDS_MAX)
    return unique


@SERVICE.operation(refuses={"ContextProvider", "IdentityCenterInstanceArn"})
@retried
async def create_open_id_connect_provider(
    ctx: Call[Iam],
    *,
    url: str,
    client_id_list: list[str] | None = None,
    thumbprint_list: list[str] | None = None,
    tags: tagging.WireTags | None = None,
) -> Wire:
    realm, table = realm_of(ctx), ctx.state.oidc_providers
    given = tagging.read(tags)
    name = host_and_path(url)
    if not thumbprint_list:
        # AWS would connect to the provider and take the thumbprint of its certificate authority.
        raise NotSupported("CreateOpenIDConnectProvider without a ThumbprintList")
    thumbprints, client_ids = _check_thumbprints(thumbprint_list), _check_client_ids(client_id_list or [])
    arn = realm.arn(f"oidc-provider/{name}")
    if await table.get(realm, arn):
        raise already_exists(f"Provider with url {url} already exists.")
    if await table.count(realm, limit=IAM_OIDC_PROVIDERS_MAX) >= IAM_OIDC_PROVIDERS_MAX:
        raise quota_exceeded("OpenIdConnectProvidersPerAccount", IAM_OIDC_PROVIDERS_MAX)
    provider = OpenIdConnectProvider(arn, name, ctx.state.now_ms(), client_ids, thumbprints, given)
    await ctx.state.store.commit(table.put(Transaction(), realm, arn, record=provider, expect=ABSENT))
    return {"OpenIDConnectProviderArn": arn} | shapes.tags_if_any(given)


@SERVICE.operation
async def get_open_id_connect_provider(ctx: Call[Iam], *, open_id_connect_provider_arn: str) -> Wire:
    provider = (await find_oidc_provider(ctx, open_id_connect_provider_arn)).record
    return {
        "Url": provider.url,
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created_ms,
        "Tags": tagging.wire(provider.tags),
    }


@SERVICE.operation
async def list_open_id_connect_providers(ctx: Call[Iam]) -> Wire:
    found = await ctx.state.oidc_providers.scan(realm_of(ctx), limit=IAM_OIDC_PROVIDERS_MAX)
    return {"OpenIDConnectProviderList": [{"Arn": each.record.arn} for each in found]}


async def _change(
    ctx: Call[Iam], found: Found[OpenIdConnectProvider], changed: OpenIdConnectProvider
) -> None:
    await ctx.state.store.commit(found.put(Transaction(), changed))


@SERVICE.operation
@retried
async def add_client_id_to_open_id_connect_provider(
    ctx: Call[Iam], *, open_id_connect_provider_arn: str, client_id: str
) -> None:
    """Adding one that is there has no effect, as in AWS."""
    found = await find_oidc_provider(ctx, open_id_connect_provider_arn)
    client_ids = _check_client_ids([*found.record.client_ids, client_id])
    await _change(ctx, found, replace(found.record, client_ids=client_ids))


@SERVICE.operation
@retried
async def remove_client_id_from_open_id_connect_provider(
    ctx: Call[Iam], *, open_id_connect_provider_arn: str, client_id: str
) -> None:
    found = await find_oidc_provider(ctx, open_id_connect_provider_arn)
    client_ids = tuple(each for each in found.record.client_ids if each != client_id)
    await _change(ctx, found, replace(found.record, client_ids=client_ids))


@SERVICE.operation
@retried
async def update_open_id_connect_provider_thumbprint(
    ctx: Call[Iam], *, open_id_connect_provider_arn: str, thumbprint_list: list[str]
) -> None:
    found = await find_oidc_provider(ctx, open_id_connect_provider_arn)
    await _change(ctx, found, replace(found.record, thumbprints=_check_thumbprints(thumbprint_list)))


@SERVICE.operation
async def delete_open_id_connect_provider(ctx: Call[Iam], *, open_id_connect_provider_arn: str) -> None:
    """Deleting one that is not there is no error, as in AWS."""
    key = ctx.state.oidc_providers.key(realm_of(ctx), open_id_connect_provider_arn)
    await ctx.state.store.commit(Transaction().delete(key))
