"""The account itself: its alias and the summary of what is in it."""

from __future__ import annotations

from typing import Any

from fogbank.core import limits
from fogbank.model.call import Call
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import already_exists, no_such_entity
from fogbank.services.iam.pages import slice_of
from fogbank.services.iam.records import AccountAlias
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, retried
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]


def _taken(realm: Realm, alias: str) -> Key:
    """Aliases are unique in a partition: the key that an alias occupies, whoever has it."""
    return ("iam", "alias-owner", realm.partition, alias)


@SERVICE.operation
@retried
async def create_account_alias(ctx: Call[Iam], *, account_alias: str) -> None:
    """An account has one alias at most; a new one takes the place of the old."""
    realm = realm_of(ctx)
    taken = await ctx.state.store.get(_taken(realm, account_alias))
    if taken is not None:
        raise already_exists(f"The account alias {account_alias} already exists.")
    present = await ctx.state.aliases.get(realm)
    tx = Transaction()
    tx.put(_taken(realm, account_alias), ctx.account.encode(), expect=ABSENT)
    if present is not None:
        tx.delete(_taken(realm, present.record.alias))
    record = AccountAlias(account_alias)
    ctx.state.aliases.put(tx, realm, record=record, expect=present.version if present else ABSENT)
    await ctx.state.store.commit(tx)


@SERVICE.operation
async def list_account_aliases(
    ctx: Call[Iam], *, marker: str | None = None, max_items: int | None = None
) -> Wire:
    found = await ctx.state.aliases.get(realm_of(ctx))
    aliases = [found.record.alias] if found else []
    shown, more = slice_of(aliases, listing="aliases", marker=marker, max_items=max_items)
    return {"AccountAliases": shown, **more}


@SERVICE.operation
@retried
async def delete_account_alias(ctx: Call[Iam], *, account_alias: str) -> None:
    realm = realm_of(ctx)
    found = await ctx.state.aliases.get(realm)
    if found is None or found.record.alias != account_alias:
        raise no_such_entity(f"The account alias {account_alias} cannot be found.")
    tx = found.delete(Transaction())
    await ctx.state.store.commit(tx.delete(_taken(realm, account_alias)))


@SERVICE.operation
async def get_account_summary(ctx: Call[Iam]) -> Wire:
    state, realm = ctx.state, realm_of(ctx)
    devices_max = limits.IAM_USERS_MAX * limits.IAM_MFA_DEVICES_PER_USER_MAX
    versions_max = limits.IAM_POLICIES_MAX * limits.IAM_POLICY_VERSIONS_MAX
    providers = await state.oidc_providers.count(realm, limit=limits.IAM_OIDC_PROVIDERS_MAX)
    providers += await state.saml_providers.count(realm, limit=limits.IAM_SAML_PROVIDERS_MAX)
    summary = {
        "Users": await state.users.count(realm, limit=limits.IAM_USERS_MAX),
        "Groups": await state.groups.count(realm, limit=limits.IAM_GROUPS_MAX),
        "Roles": await state.roles.count(realm, limit=limits.IAM_ROLES_MAX),
        "Policies": await state.policies.count(realm, limit=limits.IAM_POLICIES_MAX),
        "PolicyVersionsInUse": await state.policy_versions.count(realm, limit=versions_max),
        "InstanceProfiles": await state.instance_profiles.count(
            realm, limit=limits.IAM_INSTANCE_PROFILES_MAX
        ),
        "ServerCertificates": await state.server_certificates.count(
            realm, limit=limits.IAM_SERVER_CERTIFICATES_MAX
        ),
        "Providers": providers,
        "MFADevices": await state.mfa_devices.count(realm, limit=devices_max),
        "MFADevicesInUse": await state.store.count(("iam", *realm, "mfa-of"), limit=devices_max),
        # Root has no password, keys, certificates or MFA device that IAM would manage.
        "AccountMFAEnabled": 0,
        "AccountAccessKeysPresent": 0,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
        "GlobalEndpointTokenVersion": 2,
    }
    return {"SummaryMap": summary | _quotas()}


def _quotas() -> dict[str, int]:
    return {
        "UsersQuota": limits.IAM_USERS_MAX,
        "GroupsQuota": limits.IAM_GROUPS_MAX,
        "RolesQuota": limits.IAM_ROLES_MAX,
        "PoliciesQuota": limits.IAM_POLICIES_MAX,
        "InstanceProfilesQuota": limits.IAM_INSTANCE_PROFILES_MAX,
        "ServerCertificatesQuota": limits.IAM_SERVER_CERTIFICATES_MAX,
        "UserPolicySizeQuota": limits.IAM_INLINE_CHARS_MAX["user"],
        "GroupPolicySizeQuota": limits.IAM_INLINE_CHARS_MAX["group"],
        "RolePolicySizeQuota": limits.IAM_INLINE_CHARS_MAX["role"],
        "AssumeRolePolicySizeQuota": limits.IAM_TRUST_CHARS_MAX,
        "PolicySizeQuota": limits.IAM_POLICY_CHARS_MAX,
        "PolicyVersionsInUseQuota": limits.IAM_POLICIES_MAX * limits.IAM_POLICY_VERSIONS_MAX,
        "VersionsPerPolicyQuota": limits.IAM_POLICY_VERSIONS_MAX,
        "GroupsPerUserQuota": limits.IAM_GROUPS_PER_USER_MAX,
        "AccessKeysPerUserQuota": limits.IAM_ACCESS_KEYS_PER_USER_MAX,
        "SigningCertificatesPerUserQuota": limits.IAM_SIGNING_CERTIFICATES_PER_USER_MAX,
        "AttachedPoliciesPerUserQuota": limits.IAM_ATTACHED_POLICIES_MAX,
        "AttachedPoliciesPerGroupQuota": limits.IAM_ATTACHED_POLICIES_MAX,
        "AttachedPoliciesPerRoleQuota": limits.IAM_ATTACHED_POLICIES_MAX,
    }
