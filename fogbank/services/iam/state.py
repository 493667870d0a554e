"""What the IAM operations work with: the store's tables, the clock, identifiers and the seal for secrets.

IAM is global: its keys carry the partition and the account, never a region. Users, groups and roles own their inline
policies, access keys and memberships by unique id (`AIDA…`), so that renaming one moves a single record.
"""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.services.iam import records
from fogbank.services.iam.table import Table
from fogbank.store.api import Store
from fogbank.store.secrets import Secrets


class Iam:
    """The state of IAM; holds nothing but its dependencies."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, secrets: Secrets) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.secrets = secrets
        self.users = Table(store, "user", records.User)
        self.groups = Table(store, "group", records.Group)
        self.roles = Table(store, "role", records.Role)
        self.instance_profiles = Table(store, "instance-profile", records.InstanceProfile)
        self.policies = Table(store, "policy", records.Policy)
        self.aws_policies = Table(store, "aws-policy", records.Policy)
        self.policy_versions = Table(store, "policy-version", records.PolicyVersion)
        self.access_keys = Table(store, "access-key", records.AccessKey)
        self.login_profiles = Table(store, "login-profile", records.LoginProfile)
        self.aliases = Table(store, "alias", records.AccountAlias)
        self.password_policies = Table(store, "password-policy", records.PasswordPolicy)
        self.mfa_devices = Table(store, "mfa-device", records.MfaDevice)
        self.oidc_providers = Table(store, "oidc-provider", records.OpenIdConnectProvider)
        self.saml_providers = Table(store, "saml-provider", records.SamlProvider)
        self.server_certificates = Table(store, "server-certificate", records.ServerCertificate)
        self.ssh_public_keys = Table(store, "ssh-public-key", records.SshPublicKey)
        self.signing_certificates = Table(store, "signing-certificate", records.SigningCertificate)
        self.service_credentials = Table(store, "service-credential", records.ServiceSpecificCredential)
        self.deletion_tasks = Table(store, "deletion-task", records.DeletionTask)

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def close(self) -> None:
        """Nothing to end."""

    def now_ms(self) -> int:
        """The current time as IAM shows it: whole seconds, in Unix milliseconds."""
        return self.clock.now_ms() // 1000 * 1000
