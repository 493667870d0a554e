"""The permissions that IAM's operations need. Names are without regard to case and do not say the path, so the ARN is asked of the entity
(`true_arn`)."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.model.call import Call, Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, Table, fold


def _path(caller: Caller, params: Params) -> str:
    return str(params.get("Path") or "/")


def _self(caller: Caller, params: Params) -> str:
    return caller.principal.arn


@SERVICE.internal
async def true_arn(ctx: Call[Iam], *, resource: str) -> str:
    """The ARN of the entity that `resource` names by kind and name; `resource` when there is none."""
    parts = parse_arn(resource)
    if parts is None:
        return resource
    kind, _, name = parts.resource.partition("/")
    tables: dict[str, Table[Any]] = {
        "user": ctx.state.users,
        "role": ctx.state.roles,
        "group": ctx.state.groups,
        "instance-profile": ctx.state.instance_profiles,
        "server-certificate": ctx.state.server_certificates,
    }
    table = tables.get(kind)
    if table is None:
        return resource
    found = await table.get(Realm(parts.partition, parts.account), fold(name.rpartition("/")[2]))
    return resource if found is None else str(found.record.arn)


SERVICE.needs(
    Permissions(
        "iam",
        {
            "user{Path}{UserName}": "CreateUser",
            "user/{UserName}": """
                AddUserToGroup AttachUserPolicy DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy EnableMFADevice
                GetSSHPublicKey GetUserPolicy ListAttachedUserPolicies ListGroupsForUser ListUserPolicies ListUserTags
                PutUserPermissionsBoundary PutUserPolicy ResyncMFADevice TagUser UntagUser UpdateLoginProfile UpdateSSHPublicKey UpdateUser
                UploadSSHPublicKey DeleteSSHPublicKey CreateServiceSpecificCredential""",
            "user/{UserName} | {self}": """
                ChangePassword CreateAccessKey CreateLoginProfile DeactivateMFADevice DeleteAccessKey DeleteLoginProfile
                DeleteServiceSpecificCredential DeleteSigningCertificate GetLoginProfile GetMFADevice GetUser ListAccessKeys ListMFADevices
                ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates ResetServiceSpecificCredential UpdateAccessKey
                UpdateServiceSpecificCredential UpdateSigningCertificate UploadSigningCertificate""",
            "group{Path}{GroupName}": "CreateGroup",
            "group/{GroupName}": """
                AttachGroupPolicy DeleteGroup DeleteGroupPolicy DetachGroupPolicy GetGroup GetGroupPolicy
                ListAttachedGroupPolicies ListGroupPolicies PutGroupPolicy RemoveUserFromGroup UpdateGroup""",
            "role{Path}{RoleName}": "CreateRole",
            "role/{RoleName}": """
                AttachRolePolicy DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteServiceLinkedRole DetachRolePolicy GetRole
                GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePermissionsBoundary
                PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription""",
            "role/aws-service-role/{AWSServiceName}/*": "CreateServiceLinkedRole",
            "role/{DeletionTaskId} | *": "GetServiceLinkedRoleDeletionStatus",
            "instance-profile{Path}{InstanceProfileName}": "CreateInstanceProfile",
            "instance-profile/{InstanceProfileName}": """
                AddRoleToInstanceProfile DeleteInstanceProfile GetInstanceProfile ListInstanceProfileTags RemoveRoleFromInstanceProfile
                TagInstanceProfile UntagInstanceProfile""",
            "policy{Path}{PolicyName}": "CreatePolicy",
            "{PolicyArn}": """
                CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion ListEntitiesForPolicy ListPolicyTags
                ListPolicyVersions SetDefaultPolicyVersion TagPolicy UntagPolicy""",
            "mfa/{VirtualMFADeviceName}": "CreateVirtualMFADevice",
            "{SerialNumber}": "DeleteVirtualMFADevice ListMFADeviceTags TagMFADevice UntagMFADevice",
            "oidc-provider/{Url}": "CreateOpenIDConnectProvider",
            "{OpenIDConnectProviderArn}": """
                AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider ListOpenIDConnectProviderTags
                RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider
                UpdateOpenIDConnectProviderThumbprint""",
            "saml-provider/{Name}": "CreateSAMLProvider",
            "{SAMLProviderArn}": """
                DeleteSAMLProvider GetSAMLProvider ListSAMLProviderTags TagSAMLProvider UntagSAMLProvider UpdateSAMLProvider""",
            "server-certificate{Path}{ServerCertificateName}": "UploadServerCertificate",
            "server-certificate/{ServerCertificateName}": """
                DeleteServerCertificate GetServerCertificate ListServerCertificateTags TagServerCertificate UntagServerCertificate
                UpdateServerCertificate""",
            # GetAccessKeyLastUsed is on the key's user at AWS; the request does not say whose it is.
            "*": """
                CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport GetAccessKeyLastUsed
                GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetCredentialReport ListAccountAliases
                ListGroups ListInstanceProfiles ListOpenIDConnectProviders ListPolicies ListRoles ListSAMLProviders ListServerCertificates
                ListUsers ListVirtualMFADevices SimulateCustomPolicy UpdateAccountPasswordPolicy""",
            "{PolicySourceArn}": "SimulatePrincipalPolicy",
        },
        members={"Path": _path, "self": _self},
        passes={"AddRoleToInstanceProfile": "RoleName"},
        passes_to="ec2.amazonaws.com",
        is_global=True,
        keys={
            "iam:policyarn": "PolicyArn",
            "iam:permissionsboundary": "PermissionsBoundary",
            "iam:awsservicename": "AWSServiceName",
        },
        has_true_arns=True,
        refuses_sessions=True,
    )
)
