"""IAM: users, groups, roles, policies and the keys and providers that belong to them. Global, without regions.

Permissions are kept and shown here; what they allow is decided in `fogbank.auth`.
"""

# Imported for their operations, which declare themselves.
from fogbank.services.iam import access_keys as access_keys
from fogbank.services.iam import account as account
from fogbank.services.iam import attachments as attachments
from fogbank.services.iam import authorization_details as authorization_details
from fogbank.services.iam import credential_report as credential_report
from fogbank.services.iam import effective as effective
from fogbank.services.iam import groups as groups
from fogbank.services.iam import inline_policies as inline_policies
from fogbank.services.iam import instance_profiles as instance_profiles
from fogbank.services.iam import login_profiles as login_profiles
from fogbank.services.iam import mfa_devices as mfa_devices
from fogbank.services.iam import needs as needs
from fogbank.services.iam import oidc_providers as oidc_providers
from fogbank.services.iam import password_policy as password_policy
from fogbank.services.iam import policies as policies
from fogbank.services.iam import policy_entities as policy_entities
from fogbank.services.iam import policy_versions as policy_versions
from fogbank.services.iam import resolve as resolve
from fogbank.services.iam import resource_tags as resource_tags
from fogbank.services.iam import roles as roles
from fogbank.services.iam import saml_providers as saml_providers
from fogbank.services.iam import server_certificates as server_certificates
from fogbank.services.iam import service_credentials as service_credentials
from fogbank.services.iam import service_linked_roles as service_linked_roles
from fogbank.services.iam import signing_certificates as signing_certificates
from fogbank.services.iam import simulation as simulation
from fogbank.services.iam import ssh_public_keys as ssh_public_keys
from fogbank.services.iam import usage as usage
from fogbank.services.iam import users as users
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam

__all__ = ["SERVICE", "Iam"]
