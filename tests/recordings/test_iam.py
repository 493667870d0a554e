"""Replays of what AWS's IAM answered, through boto3. The calls are inferred from the recordings."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.recordings import ROOT, Matcher, error_of, recorded
from tests.support.wire import Wire

FILE = "iam/test_iam.snapshot.json"
PROVIDERS = "iam/resource_providers/test_iam.snapshot.json"


def trust(service: Any = "ec2.amazonaws.com", action: Any = "sts:AssumeRole", **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(action: Any = "s3:PutObject", resource: Any = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def client(wire: Wire, account: str) -> Any:
    """A client in an account of the test's own."""
    return wire.client("iam", account)


@pytest.fixture
def same(account: str) -> Matcher:
    return Matcher(account)


def test_update_assume_role_policy(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMIntegrations::test_update_assume_role_policy")
    document = trust(["ec2.amazonaws.com"], ["sts:AssumeRole"])
    same.matches(
        was["created_role"], client.create_role(RoleName="role-1", AssumeRolePolicyDocument=document)
    )
    answer = client.update_assume_role_policy(RoleName="role-1", PolicyDocument=document)
    same.matches(was["updated_policy"], answer)


def test_malformed_trust_policy(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMExtensions::test_create_role_with_malformed_assume_role_policy_document")
    same.matches(
        was["invalid-json"],
        error_of(client.create_role, RoleName="r", AssumeRolePolicyDocument='[{"Version": "2012-10-17"}]'),
    )


def test_list_roles_with_permission_boundary(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMIntegrations::test_list_roles_with_permission_boundary")
    boundary = client.create_policy(PolicyName="boundary", PolicyDocument=policy())["Policy"]["Arn"]
    created = client.create_role(
        RoleName="role-1",
        Path="/prefix/",
        AssumeRolePolicyDocument=trust(),
        PermissionsBoundary=boundary,
    )
    same.matches(was["created_role"], created)
    same.matches(was["list_roles_result"], client.list_roles(PathPrefix="/prefix/"))


def test_create_describe_role(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMIntegrations::test_create_describe_role")
    created = client.create_role(RoleName="role-1", Path="/prefix/", AssumeRolePolicyDocument=trust())
    same.matches(was["create_role_result"], created)
    same.matches(was["get_role_result"], client.get_role(RoleName="role-1"))
    same.matches(was["list_roles_result"], client.list_roles(PathPrefix="/prefix/"))


@pytest.mark.parametrize("kind", ["role", "user"])
def test_attach_policy(client: Any, same: Matcher, kind: str) -> None:
    was = recorded(FILE, f"TestIAMIntegrations::test_{kind}_attach_policy")
    if kind == "role":
        client.create_role(RoleName="entity", AssumeRolePolicyDocument=trust())
    else:
        client.create_user(UserName="entity")
    attach = getattr(client, f"attach_{kind}_policy")
    entity = {f"{kind.title()}Name": "entity"}
    created = client.create_policy(PolicyName="test-policy-name-1", PolicyDocument=policy())
    same.matches(was["create_policy_response"], created)
    arn = created["Policy"]["Arn"]
    wrong = "longpolicynamebutnoarn-policy-name"
    same.matches(was["non_existent_malformed_policy_arn"], error_of(attach, **entity, PolicyArn=wrong))
    same.matches(
        was["existing_policy_name_provided"], error_of(attach, **entity, PolicyArn="test-policy-name-long-1")
    )
    same.matches(was["valid_arn_not_existent"], error_of(attach, **entity, PolicyArn=arn + "123"))
    same.matches(was["valid_policy_arn"], attach(**entity, PolicyArn=arn))


def test_role_with_path_lifecycle(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMExtensions::test_role_with_path_lifecycle")
    same.bound["path"] = "/path1/path2/"
    document = trust("lambda.amazonaws.com")
    created = client.create_role(RoleName="role-1", Path="/path1/path2/", AssumeRolePolicyDocument=document)
    same.matches(was["create-role-response"], created)
    same.matches(was["get-role-response"], client.get_role(RoleName="role-1"))
    same.matches(was["delete-role-response"], client.delete_role(RoleName="role-1"))


ENCODED = (
    "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"
)


@pytest.mark.parametrize("kind", ["user", "group"])
def test_policy_encoding(client: Any, kind: str) -> None:
    same = Matcher()
    was = recorded(FILE, f"TestIAMPolicyEncoding::test_put_{kind}_policy_encoding")
    name = {f"{kind.title()}Name": "entity"}
    getattr(client, f"create_{kind}")(**name)
    document = policy(["apigatway:PUT"], [ENCODED])
    put, get = getattr(client, f"put_{kind}_policy"), getattr(client, f"get_{kind}_policy")
    put(**name, PolicyName="policy-1", PolicyDocument=document)
    same.matches(was["get-policy-response"], get(**name, PolicyName="policy-1"))


def test_role_policy_encoding(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMPolicyEncoding::test_put_role_policy_encoding")
    same.bound["path:1"] = "/path/"
    source = "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"
    document = trust("lambda.amazonaws.com", Condition={"StringEquals": {"aws:SourceArn": source}})
    created = client.create_role(RoleName="role-1", Path="/path/", AssumeRolePolicyDocument=document)
    same.matches(was["create-role-response"], created)
    client.put_role_policy(
        RoleName="role-1", PolicyName="policy-1", PolicyDocument=policy(["apigatway:PUT"], [ENCODED])
    )
    same.matches(was["get-policy-response"], client.get_role_policy(RoleName="role-1", PolicyName="policy-1"))
    same.matches(was["get-role-response"], client.get_role(RoleName="role-1"))
    same.matches(was["list-roles-response"], client.list_roles(PathPrefix="/path/"))


def test_delete_non_existent_policy(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMIntegrations::test_delete_non_existent_policy_returns_no_such_entity")
    arn = f"arn:aws:iam::{same.account}:policy/non-existent-policy"
    same.matches(was["delete-non-existent-policy-exc"], error_of(client.delete_policy, PolicyArn=arn))


def test_role_with_tags(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestRoles::test_role_with_tags")
    created = client.create_role(
        RoleName="role-1",
        Path="/role-with-tags/",
        AssumeRolePolicyDocument=trust(),
        Tags=[{"Key": "test", "Value": "value"}],
    )
    same.matches(was["create-role-response"], created)
    same.matches(was["get-role-response"], client.get_role(RoleName="role-1"))
    same.matches(was["list-role-response"], client.list_roles(PathPrefix="/role-with-tags/"))


# --- service-specific credentials -------------------------------------------------------------------------------------

CREDENTIALS = "TestIAMServiceSpecificCredentials"


def created(
    client: Any, was: dict[str, Any], same: Matcher, service: str = "codecommit.amazonaws.com"
) -> str:
    """Create the user and the credential that these scenarios begin with; the credential's id."""
    same.matches(was["create-user-response"], client.create_user(UserName="user-1"))
    answer = client.create_service_specific_credential(UserName="user-1", ServiceName=service)
    same.matches(was["create-service-specific-credential-response"], answer)
    return str(answer["ServiceSpecificCredential"]["ServiceSpecificCredentialId"])


@pytest.mark.parametrize("service", ["codecommit.amazonaws.com", "cassandra.amazonaws.com"])
def test_service_specific_credential_lifecycle(client: Any, same: Matcher, service: str) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_service_specific_credential_lifecycle[{service}]")
    credential = created(client, was, same, service)
    one = {"UserName": "user-1", "ServiceSpecificCredentialId": credential}
    listed = client.list_service_specific_credentials
    same.matches(was["list-service-specific-credentials-response-before-update"], listed(UserName="user-1"))
    updated = client.update_service_specific_credential(**one, Status="Inactive")
    same.matches(was["update-service-specific-credential-response"], updated)
    same.matches(was["list-service-specific-credentials-response-after-update"], listed(UserName="user-1"))
    reset = client.reset_service_specific_credential(**one)
    same.matches(was["reset-service-specific-credential-response"], reset)
    deleted = client.delete_service_specific_credential(**one)
    same.matches(was["delete-service-specific-credentials-response"], deleted)


def test_service_specific_credential_of_nobody(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_create_service_specific_credential_invalid_user")
    create = client.create_service_specific_credential
    nobody = "non-existent-user"
    known = error_of(create, UserName=nobody, ServiceName="codecommit.amazonaws.com")
    same.matches(was["invalid-user-name-exception"], known)
    unknown = error_of(create, UserName=nobody, ServiceName="nonexistentservice.amazonaws.com")
    same.matches(was["invalid-user-and-service-exception"], unknown)


def test_service_specific_credential_of_unknown_services(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_create_service_specific_credential_invalid_service")
    same.matches(was["create-user-response"], client.create_user(UserName="user-1"))
    for key, service in (
        ("invalid-service-exception", "nonexistentservice.amazonaws.com"),
        ("invalid-service-completely-malformed-exception", "o3on3n3onosneo"),
        ("invalid-service-existing-but-unsupported-exception", "lambda.amazonaws.com"),
    ):
        create = client.create_service_specific_credential
        same.matches(was[key], error_of(create, UserName="user-1", ServiceName=service))


def test_list_service_specific_credentials_of_another_service(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_list_service_specific_credential_different_service")
    created(client, was, same)
    listed = client.list_service_specific_credentials
    unknown = error_of(listed, UserName="user-1", ServiceName="nonexistentservice.amazonaws.com")
    same.matches(was["list-service-specific-credentials-invalid-service"], unknown)
    other = listed(UserName="user-1", ServiceName="cassandra.amazonaws.com")
    same.matches(was["list-service-specific-credentials-response-wrong-service"], other)


def test_delete_user_with_service_credential(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_delete_user_after_service_credential_created")
    created(client, was, same)
    same.matches(
        was["delete-user-existing-credential"],
        error_of(client.delete_user, UserName="user-1"),
        ignore={"message"},
    )


@pytest.mark.parametrize(
    "wrong", ["totally-wrong-credential-id-with-hyphens", "satisfiesregexbutstillinvalid"]
)
def test_credential_id_mismatch(client: Any, same: Matcher, wrong: str) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_user_match_id_mismatch[{wrong}]")
    created(client, was, same)
    check_wrong(client, was, same, "id", UserName="user-1", ServiceSpecificCredentialId=wrong)


def test_credential_user_mismatch(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_id_match_user_mismatch")
    credential = created(client, was, same)
    who = {"UserName": "wrong-user-name", "ServiceSpecificCredentialId": credential}
    check_wrong(client, was, same, "user-name", **who)


def check_wrong(client: Any, was: dict[str, Any], same: Matcher, what: str, **of: str) -> None:
    update = client.update_service_specific_credential
    same.matches(was[f"update-wrong-{what}"], error_of(update, **of, Status="Inactive"))
    same.matches(was[f"reset-wrong-{what}"], error_of(client.reset_service_specific_credential, **of))
    same.matches(was[f"delete-wrong-{what}"], error_of(client.delete_service_specific_credential, **of))


def test_invalid_credential_status(client: Any, same: Matcher) -> None:
    was = recorded(FILE, f"{CREDENTIALS}::test_invalid_update_parameters")
    credential = created(client, was, same)
    wrong = error_of(
        client.update_service_specific_credential,
        UserName="user-1",
        ServiceSpecificCredentialId=credential,
        Status="Invalid",
    )
    same.matches(was["update-invalid-status"], wrong)


# --- service-linked roles ---------------------------------------------------------------------------------------------


def linked_services(test: str) -> list[str]:
    path = ROOT / FILE
    if not path.exists():
        return []
    names = json.loads(path.read_text())
    found = (re.search(rf"::{test}\[(.*)]$", name) for name in names)
    return sorted(match[1] for match in found if match)


@pytest.mark.parametrize("service", linked_services("test_service_role_lifecycle"))
def test_service_linked_role(client: Any, same: Matcher, service: str) -> None:
    was = recorded(FILE, f"TestIAMServiceRoles::test_service_role_lifecycle[{service}]")
    name = client.create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]
    check_linked_role(client, was, same, name)


@pytest.mark.parametrize("service", linked_services("test_service_role_lifecycle_custom_suffix"))
def test_service_linked_role_with_suffix(client: Any, same: Matcher, service: str) -> None:
    was = recorded(FILE, f"TestIAMServiceRoles::test_service_role_lifecycle_custom_suffix[{service}]")
    role = client.create_service_linked_role(AWSServiceName=service, CustomSuffix="suffix-1")["Role"]
    check_linked_role(client, was, same, role["RoleName"])


def check_linked_role(client: Any, was: dict[str, Any], same: Matcher, name: str) -> None:
    # Some of these roles were in the recorded account before, and in use: only those show when.
    same.matches(was["describe-response"], client.get_role(RoleName=name), ignore={"RoleLastUsed"})
    same.matches(was["inline-role-policies"], client.list_role_policies(RoleName=name))
    same.matches(was["attached-role-policies"], client.list_attached_role_policies(RoleName=name))


@pytest.mark.parametrize("service", linked_services("test_service_role_lifecycle_custom_suffix_not_allowed"))
def test_suffix_not_allowed(client: Any, same: Matcher, service: str) -> None:
    test = f"TestIAMServiceRoles::test_service_role_lifecycle_custom_suffix_not_allowed[{service}]"
    was = recorded(FILE, test)
    create = client.create_service_linked_role
    same.matches(
        was["custom-suffix-not-allowed"], error_of(create, AWSServiceName=service, CustomSuffix="suffix-1")
    )


def test_service_linked_role_exists_and_is_deleted(client: Any, same: Matcher) -> None:
    was = recorded(FILE, "TestIAMServiceRoles::test_service_role_already_exists")
    create = client.create_service_linked_role
    create(AWSServiceName="batch.amazonaws.com")
    same.matches(was["role-already-exists-error"], error_of(create, AWSServiceName="batch.amazonaws.com"))
    was = recorded(FILE, "TestIAMServiceRoles::test_service_role_deletion")
    answer = client.delete_service_linked_role(RoleName="AWSServiceRoleForBatch")
    same.matches(was["service-linked-role-deletion-response"], answer)
    status = client.get_service_linked_role_deletion_status(DeletionTaskId=answer["DeletionTaskId"])
    same.matches(was["service-linked-role-deletion-status-response"], status)


# --- what CloudFormation's resource providers read back ---------------------------------------------------------------


def test_user_read_back(client: Any, same: Matcher) -> None:
    client.create_user(UserName="user-1")
    was = recorded(PROVIDERS, "test_iam_username_defaultname")
    same.matches(was["get_iam_user"], client.get_user(UserName="user-1"))


def test_policy_read_back(client: Any, same: Matcher) -> None:
    arn = client.create_policy(PolicyName="policy-1", PolicyDocument=policy())["Policy"]["Arn"]
    was = recorded(PROVIDERS, "test_managed_policy_with_empty_resource")
    same.matches(was["managed_policy"], client.get_policy(PolicyArn=arn))


def test_access_key_read_back(client: Any, same: Matcher) -> None:
    was = recorded(PROVIDERS, "test_iam_user_access_key")
    client.create_user(UserName="user-1")
    client.create_access_key(UserName="user-1")
    same.matches(was["access_key"], client.list_access_keys(UserName="user-1")["AccessKeyMetadata"][0])


def test_inline_policies_read_back(client: Any, same: Matcher) -> None:
    was = recorded(PROVIDERS, "test_update_inline_policy")
    client.create_user(UserName="user-1")
    client.create_role(RoleName="role-1", AssumeRolePolicyDocument=trust())
    for key, put, get, who, actions in (
        ("user_inline_policy", client.put_user_policy, client.get_user_policy, {"UserName": "user-1"}, "Put"),
        ("role_inline_policy", client.put_role_policy, client.get_role_policy, {"RoleName": "role-1"}, "Get"),
    ):
        document = policy([f"s3:{actions}Object", "s3:ListBucket"])
        put(**who, PolicyName="policy-1", PolicyDocument=document)
        same.matches(was[key], get(**who, PolicyName="policy-1"))
    client.put_user_policy(UserName="user-1", PolicyName="policy-1", PolicyDocument=policy(["s3:PutObject"]))
    updated = client.get_user_policy(UserName="user-1", PolicyName="policy-1")
    same.matches(was["user_updated_inline_policy"], updated)


def test_server_certificate_not_found(client: Any, same: Matcher) -> None:
    was = recorded(PROVIDERS, "test_server_certificate")
    wrong = error_of(client.get_server_certificate, ServerCertificateName="nothing-here")
    same.matches(was["get_server_certificate_error"], wrong)


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_simulate_principal_policy(client: Any, same: Matcher, kind: str) -> None:
    was = recorded(FILE, f"TestIAMIntegrations::test_simulate_principle_policy[{kind}]")
    more = {"AssumeRolePolicyDocument": trust()} if kind == "role" else {}
    name = {f"{kind.capitalize()}Name": "simulated"}
    entity = getattr(client, f"create_{kind}")(**name, **more)[kind.capitalize()]
    document = policy(["s3:PutObject**"], ["arn:*"])  # as long as the one that was recorded
    managed = client.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    getattr(client, f"attach_{kind}_policy")(**name, PolicyArn=managed)
    answer = client.simulate_principal_policy(
        PolicySourceArn=entity["Arn"],
        ActionNames=["s3:PutObject", "s3:GetObjectVersion"],
        ResourceArns=["arn:aws:s3:::bucket"],
    )
    same.matches(was["response"], answer)
