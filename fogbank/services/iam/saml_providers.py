"""SAML identity providers: their metadata documents. Assertions are not verified here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from fogbank.core.limits import IAM_SAML_PROVIDERS_MAX
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import already_exists, invalid_input, no_such_entity, quota_exceeded
from fogbank.services.iam.records import SamlProvider
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]
_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_VALID_YEARS_DEFAULT = 100
_YEAR_MS = 365 * 86_400_000


async def find_saml_provider(ctx: Call[Iam], arn: str) -> Found[SamlProvider]:
    found = await ctx.state.saml_providers.get(realm_of(ctx), arn)
    if found is None:
        raise no_such_entity(f"Manifest not found for arn {arn}")
    return found


def _valid_until_ms(metadata: str, now_ms: int) -> int:
    """When a metadata document ends to be valid. InvalidInput when it is not one."""
    if "<!DOCTYPE" in metadata or "<!ENTITY" in metadata:
        raise invalid_input("Could not parse metadata")
    try:
        root = ElementTree.fromstring(metadata)
    except ElementTree.ParseError:
        raise invalid_input("Could not parse metadata") from None
    if root.tag != f"{_METADATA}EntityDescriptor" or root.find(f"{_METADATA}IDPSSODescriptor") is None:
        raise invalid_input("Could not parse metadata")
    valid_until = root.get("validUntil")
    if valid_until is None:
        return now_ms + _VALID_YEARS_DEFAULT * _YEAR_MS
    try:
        return int(datetime.fromisoformat(valid_until).timestamp()) * 1000
    except ValueError:
        raise invalid_input("Could not parse metadata") from None


@SERVICE.operation(
    refuses={"AddPrivateKey", "AssertionEncryptionMode", "ContextProvider", "IdentityCenterInstanceArn"}
)
@retried
async def create_saml_provider(
    ctx: Call[Iam], *, saml_metadata_document: str, name: str, tags: tagging.WireTags | None = None
) -> Wire:
    realm, table = realm_of(ctx), ctx.state.saml_providers
    given = tagging.read(tags)
    now_ms = ctx.state.now_ms()
    valid_until_ms = _valid_until_ms(saml_metadata_document, now_ms)
    arn = realm.arn(f"saml-provider/{name}")
    if await table.get(realm, arn):
        raise already_exists(f"SAMLProvider {name} already exists.")
    if await table.count(realm, limit=IAM_SAML_PROVIDERS_MAX) >= IAM_SAML_PROVIDERS_MAX:
        raise quota_exceeded("SAMLProvidersPerAccount", IAM_SAML_PROVIDERS_MAX)
    provider = SamlProvider(name, arn, now_ms, valid_until_ms, saml_metadata_document, given)
    await ctx.state.store.commit(table.put(Transaction(), realm, arn, record=provider, expect=ABSENT))
    return {"SAMLProviderArn": arn} | shapes.tags_if_any(given)


@SERVICE.operation
async def get_saml_provider(ctx: Call[Iam], *, saml_provider_arn: str) -> Wire:
    provider = (await find_saml_provider(ctx, saml_provider_arn)).record
    return {
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created_ms,
        "ValidUntil": provider.valid_until_ms,
        "Tags": tagging.wire(provider.tags),
    }


@SERVICE.operation
async def list_saml_providers(ctx: Call[Iam]) -> Wire:
    found = await ctx.state.saml_providers.scan(realm_of(ctx), limit=IAM_SAML_PROVIDERS_MAX)
    entries = [
        {
            "Arn": each.record.arn,
            "ValidUntil": each.record.valid_until_ms,
            "CreateDate": each.record.created_ms,
        }
        for each in found
    ]
    return {"SAMLProviderList": entries}


@SERVICE.operation(
    refuses={
        "AddPrivateKey",
        "AssertionEncryptionMode",
        "ContextProvider",
        "IdentityCenterInstanceArn",
        "RemoveContextProvider",
        "RemoveIdentityCenterInstance",
        "RemovePrivateKey",
    }
)
@retried
async def update_saml_provider(
    ctx: Call[Iam], *, saml_provider_arn: str, saml_metadata_document: str | None = None
) -> Wire:
    found = await find_saml_provider(ctx, saml_provider_arn)
    if saml_metadata_document is not None:
        valid_until_ms = _valid_until_ms(saml_metadata_document, ctx.state.now_ms())
        changed = replace(found.record, metadata=saml_metadata_document, valid_until_ms=valid_until_ms)
        await ctx.state.store.commit(found.put(Transaction(), changed))
    return {"SAMLProviderArn": saml_provider_arn}


@SERVICE.operation
@retried
async def delete_saml_provider(ctx: Call[Iam], *, saml_provider_arn: str) -> None:
    found = await find_saml_provider(ctx, saml_provider_arn)
    await ctx.state.store.commit(found.delete(Transaction()))
