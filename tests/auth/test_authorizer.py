"""Who may do what in enforced mode, by policies that a test gives out, and AWS's words for no."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fogbank.app.services import declared
from fogbank.auth.authorizer import OpenAuthorizer, PolicyAuthorizer
from fogbank.core.clock import VirtualClock
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.permissions import Need
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.model.service import Operation
from fogbank.policies.documents import Policy

ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/r"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/u"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
ROLE = Principal(PrincipalType.ASSUMED_ROLE, ACCOUNT, SESSION_ARN, "AROA1:s", issuer_arn=ROLE_ARN)
USER = Principal(PrincipalType.USER, ACCOUNT, USER_ARN, "AIDA1")
API = Principal(PrincipalType.SERVICE, ACCOUNT, "apigateway.amazonaws.com", "apigateway.amazonaws.com")


def document(*statements: dict[str, Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*"} | each for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


class World:
    """IAM and resources, as far as a test says."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, Any]] = {}
        self.resources: dict[str, Policy] = {}
        self.asked = 0
        self.authorizer = PolicyAuthorizer(VirtualClock())
        self.authorizer.connect(self._find, self._ask)

    def grant(self, arn: str, id_: str, *statements: dict[str, Any], boundary: str | None = None) -> None:
        policies = {"p": document(*statements)} if statements else {}
        self.entities[arn] = {"Id": id_, "Tags": {"team": "blue"}, "Policies": policies, "Boundary": boundary}
        self.authorizer.identities.forget_all()

    async def _find(self, arn: str) -> dict[str, Any] | None:
        self.asked += 1
        return self.entities.get(arn)

    async def _ask(self, service: str, internal: str, caller: Caller, resource: str) -> Any:
        if internal == "true_arn":
            return resource
        return (self.resources[resource],) if resource in self.resources else ()

    async def may(
        self, who: Principal, service: str, name: str, params: dict[str, Any], **more: Any
    ) -> AwsError | None:
        where = Caller(who.account, "eu-west-1", who, "id", **more)
        try:
            await self.authorizer.authorize(where, operation(service, name), params)
        except AwsError as error:
            return error
        return None


def operation(service: str, name: str) -> Operation:
    return declared(service).operations[name]


def why(error: AwsError | None) -> str:
    """How a refusal ends."""
    assert error is not None
    return error.message[error.message.index(" with " if " with " in error.message else " because ") + 1 :]


INVOKE = ("lambda", "Invoke", {"FunctionName": "f"})


async def test_open_mode_allows() -> None:
    for who in (ROLE, root_of(ACCOUNT, open_mode=True)):
        where = Caller(who.account, "eu-west-1", who, "id")
        await OpenAuthorizer().authorize(where, operation("iam", "DeleteUser"), {"UserName": "u"})
        assert await OpenAuthorizer().refusal(where, Need("execute-api:Invoke", "*")) is None


async def test_root_may_everything_in_its_account_and_nothing_elsewhere() -> None:
    world = World()
    assert await world.may(root_of(ACCOUNT), *INVOKE) is None
    other = {"FunctionName": FUNCTION.replace(ACCOUNT, "999999999999")}
    assert why(await world.may(root_of(ACCOUNT), "lambda", "Invoke", other)) == (
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    # A session that open mode handed out before the server was started in enforced mode.
    assert await world.may(root_of(ACCOUNT, open_mode=True), *INVOKE) is not None
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"})
    assert await world.may(replace(ROLE, acts_as_root=True), *INVOKE) is not None
    assert await world.may(Principal(PrincipalType.SERVICE, "", "fogbank", "fogbank"), *INVOKE) is not None


async def test_everyone_may_ask_who_they_are() -> None:
    assert await World().may(ROLE, "sts", "GetCallerIdentity", {}) is None


async def test_policies_of_users_and_roles_decide() -> None:
    world = World()
    world.grant(ROLE_ARN, "AROA1", {"Action": "lambda:Invoke*", "Resource": FUNCTION})
    assert await world.may(ROLE, *INVOKE) is None
    assert await world.may(ROLE, "lambda", "Invoke", {"FunctionName": "g"}) is not None
    assert await world.may(ROLE, "lambda", "GetFunction", {"FunctionName": "f"}) is not None
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"}, {"Effect": "Deny", "Action": "lambda:InvokeFunction"})
    assert why(await world.may(ROLE, *INVOKE)) == "with an explicit deny in an identity-based policy"
    world.grant(
        USER_ARN,
        "AIDA1",
        {"Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:${aws:username}-*"},
    )
    assert await world.may(USER, "lambda", "Invoke", {"FunctionName": "u-1"}) is None
    assert await world.may(USER, "lambda", "Invoke", {"FunctionName": "v-1"}) is not None


async def test_what_iam_says_is_asked_once_until_it_changes() -> None:
    world = World()
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"})
    for _ in range(3):
        assert await world.may(ROLE, *INVOKE) is None
    assert world.asked == 1
    world.grant(ROLE_ARN, "AROA1")
    assert await world.may(ROLE, *INVOKE) is not None
    assert world.asked == 2


async def test_a_change_while_iam_is_asked_is_not_missed() -> None:
    world = World()
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"})
    found = world._find

    async def changed_meanwhile(arn: str) -> dict[str, Any] | None:
        answer = await found(arn)
        world.grant(ROLE_ARN, "AROA1")
        return answer

    world.authorizer.connect(changed_meanwhile, world._ask)
    assert await world.may(ROLE, *INVOKE) is None  # decided by what was read
    assert await world.may(ROLE, *INVOKE) is not None


async def test_a_session_is_not_of_a_role_that_was_made_later_under_its_name() -> None:
    world = World()
    world.grant(ROLE_ARN, "AROA2", {"Action": "*"})
    assert await world.may(ROLE, *INVOKE) is not None
    # The platform's own sessions name the role.
    assert await world.may(replace(ROLE, user_id="AROAr:f"), *INVOKE) is None


async def test_boundaries_and_session_policies_only_narrow() -> None:
    world = World()
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"}, boundary=document({"Action": "s3:*"}))
    assert why(await world.may(ROLE, *INVOKE)) == (
        "because no permissions boundary allows the lambda:InvokeFunction action"
    )
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"})
    narrow = replace(ROLE, session_policy=document({"Action": "s3:*"}))
    assert why(await world.may(narrow, *INVOKE)) == (
        "because no session policy allows the lambda:InvokeFunction action"
    )
    world.grant(ROLE_ARN, "AROA1")
    assert "identity-based" in why(
        await world.may(narrow, *INVOKE)
    )  # of several that lack it, the first is named
    wide = replace(ROLE, session_policy=document({"Action": "*"}))
    assert why(await world.may(wide, *INVOKE)) == (
        "because no identity-based policy allows the lambda:InvokeFunction action"
    )


async def test_sessions_of_before_can_be_revoked() -> None:
    """As IAM's own AWSRevokeOlderSessions."""
    world = World()
    before = {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}
    denies = {"Effect": "Deny", "Action": "*", "Condition": before}
    world.grant(ROLE_ARN, "AROA1", {"Action": "*"}, denies)
    then_ms = 1_767_225_600_000  # that moment
    assert await world.may(replace(ROLE, issued_ms=then_ms - 1), *INVOKE) is not None
    assert await world.may(replace(ROLE, issued_ms=then_ms), *INVOKE) is None
    world.grant(USER_ARN, "AIDA1", {"Action": "*"}, denies)
    assert await world.may(USER, *INVOKE) is None  # long-term keys were never issued so


async def test_a_federated_user_may_what_user_and_policy_both_allow() -> None:
    world = World()
    world.grant(USER_ARN, "AIDA1", {"Action": "lambda:*"})
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    bob = Principal(PrincipalType.FEDERATED_USER, ACCOUNT, arn, f"{ACCOUNT}:bob", issuer_arn=USER_ARN)
    assert await world.may(bob, *INVOKE) is not None
    bob = replace(bob, session_policy=document({"Action": "lambda:InvokeFunction"}))
    assert await world.may(bob, *INVOKE) is None
    assert await world.may(bob, "lambda", "GetFunction", {"FunctionName": "f"}) is not None


async def test_sessions_of_a_user_call_iam_with_mfa_only() -> None:
    world = World()
    world.grant(USER_ARN, "AIDA1", {"Action": "*"})
    session = replace(USER, access_key_id="ASIA1")
    error = await world.may(session, "iam", "ListUsers", {})
    assert error is not None and error.code == "InvalidClientTokenId"
    assert await world.may(replace(session, mfa=True), "iam", "ListUsers", {}) is None
    assert await world.may(session, *INVOKE) is None


async def test_services_need_the_resources_policy_and_its_conditions() -> None:
    world = World()
    assert why(await world.may(API, *INVOKE)) == (
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {
            "ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:api/*/GET/*"},
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
        },
    }
    world.resources[FUNCTION] = Policy({"Statement": [statement]})
    source = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:api/prod/GET/x"
    assert await world.may(API, *INVOKE, source_arn=source) is None
    assert await world.may(API, *INVOKE, source_arn=source.replace("GET", "PUT")) is not None
    assert await world.may(replace(API, account="999999999999"), *INVOKE, source_arn=source) is not None


async def test_within_an_account_one_side_is_enough_and_between_two_it_is_not() -> None:
    world = World()

    def resource(effect: str, principal: str) -> None:
        statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "lambda:*"}
        world.resources[FUNCTION] = Policy({"Statement": statement})

    world.grant(ROLE_ARN, "AROA1")
    resource("Allow", ROLE_ARN)
    assert await world.may(ROLE, *INVOKE) is None
    resource("Allow", ACCOUNT)  # leaves it to the account's own policies
    assert await world.may(ROLE, *INVOKE) is not None
    world.grant(ROLE_ARN, "AROA1", boundary=document({"Action": "s3:*"}))
    resource("Allow", ROLE_ARN)
    assert "boundary" in why(await world.may(ROLE, *INVOKE))
    resource("Allow", SESSION_ARN)  # the session by name: not even the boundary counts
    assert await world.may(ROLE, *INVOKE) is None

    stranger_arn = "arn:aws:iam::999999999999:user/s"
    stranger = Principal(PrincipalType.USER, "999999999999", stranger_arn, "AIDA9")
    there = ("lambda", "Invoke", {"FunctionName": FUNCTION})
    resource("Allow", "999999999999")
    assert "identity-based" in why(await world.may(stranger, *there))
    world.grant(stranger_arn, "AIDA9", {"Action": "*"})
    assert await world.may(stranger, *there) is None
    resource("Allow", ACCOUNT)
    assert "resource-based" in why(await world.may(stranger, *there))


async def test_a_queues_policy_can_deny_who_may_by_its_own() -> None:
    world = World()
    queue = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
    send = ("sqs", "SendMessage", {"QueueUrl": f"http://sqs/{ACCOUNT}/q", "MessageBody": "x"})
    world.grant(ROLE_ARN, "AROA1", {"Action": "sqs:*"})
    assert await world.may(ROLE, *send) is None
    world.resources[queue] = Policy({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "SQS:*"}})
    assert why(await world.may(ROLE, *send)) == "with an explicit deny in a resource-based policy"


async def test_giving_a_role_away_needs_pass_role() -> None:
    world = World()
    create = ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE_ARN, "Code": {}})
    world.grant(USER_ARN, "AIDA1", {"Action": "lambda:*"})
    error = await world.may(USER, *create)
    assert error is not None and f"iam:PassRole on resource: {ROLE_ARN}" in error.message
    passes = {"Action": "iam:PassRole", "Resource": ROLE_ARN}
    to = {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}
    world.grant(USER_ARN, "AIDA1", {"Action": "lambda:*"}, passes | {"Condition": to})
    assert await world.may(USER, *create) is not None
    to = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    world.grant(USER_ARN, "AIDA1", {"Action": "lambda:*"}, passes | {"Condition": to})
    assert await world.may(USER, *create) is None


async def test_conditions_on_the_request() -> None:
    world = World()
    tag = ("lambda", "TagResource", {"Resource": FUNCTION, "Tags": {"team": "blue"}})
    condition = {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}
    world.grant(USER_ARN, "AIDA1", {"Action": "lambda:*", "Condition": condition})
    assert await world.may(USER, *tag) is None
    assert await world.may(USER, "lambda", "TagResource", {"Resource": FUNCTION, "Tags": {"team": "red"}})
    world.grant(
        USER_ARN,
        "AIDA1",
        {"Action": "*", "Condition": {"StringEquals": {"lambda:FunctionArn": FUNCTION}}},
    )
    assert await world.may(USER, "lambda", "CreateEventSourceMapping", {"FunctionName": "f"}) is None
    assert await world.may(USER, "lambda", "CreateEventSourceMapping", {"FunctionName": "g"})


async def test_a_condition_whose_key_is_not_known_allows_nothing_and_denies() -> None:
    world = World()
    get = ("dynamodb", "GetItem", {"TableName": "t", "Key": {}})
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["me"]}}
    world.grant(USER_ARN, "AIDA1", {"Action": "*", "Condition": keys})
    assert await world.may(USER, *get) is not None
    assert await world.may(USER, *INVOKE) is None  # at other services nobody has such a key
    denies = {"Effect": "Deny", "Action": "*", "Condition": {"StringEquals": {"aws:ResourceTag/x": "1"}}}
    world.grant(USER_ARN, "AIDA1", {"Action": "*"}, denies)
    assert await world.may(USER, *get) is not None


async def test_what_is_no_operation_is_judged_the_same_way() -> None:
    world = World()
    arn = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:api/prod/GET/x"
    where = Caller(ACCOUNT, "eu-west-1", USER, "id")
    need = Need("execute-api:Invoke", arn)
    assert await world.authorizer.refusal(where, need) == (
        "because no identity-based policy allows the execute-api:Invoke action"
    )
    world.grant(USER_ARN, "AIDA1", {"Action": "execute-api:*", "Resource": "arn:aws:execute-api:*:*:api/*"})
    assert await world.authorizer.refusal(where, need) is None


@pytest.mark.parametrize(
    ("service", "name", "params", "code", "status", "action", "resource"),
    [
        ("lambda", "ListFunctions", {}, "AccessDeniedException", 403, "lambda:ListFunctions", "*"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "AccessDeniedException", 403, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        ("logs", "PutLogEvents", {"logGroupName": "/g"}, "AccessDeniedException", 400, "logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:/g:log-stream:"),
        ("iam", "GetRole", {"RoleName": "r"}, "AccessDenied", 403, "iam:GetRole", "arn:aws:iam::123456789012:role/r"),
        ("iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/P"}, "AccessDenied", 403, "iam:GetPolicy", "arn:aws:iam::aws:policy/P"),
        ("apigateway", "GetRestApis", {}, "AccessDeniedException", 403, "apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis"),
        ("cloudwatch", "PutMetricData", {}, "AccessDenied", 403, "cloudwatch:PutMetricData", "*"),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/r"}, "AccessDenied", 403, "sts:AssumeRole", "arn:aws:iam::123456789012:role/r"),
        ("sqs", "SendMessage", {"QueueUrl": "http://x/123456789012/q"}, "AccessDenied", 403, "sqs:sendmessage", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "AccessDenied", 403, "s3:GetObject", '"arn:aws:s3:::b/k"'),
    ],
)  # fmt: skip
async def test_awss_words(
    service: str, name: str, params: dict[str, Any], code: str, status: int, action: str, resource: str
) -> None:
    error = await World().may(ROLE, service, name, params)
    assert error is not None
    assert (error.code, error.status) == (code, status)
    assert error.message == (
        f"User: {SESSION_ARN} is not authorized to perform: {action} on resource: {resource} because no identity-based "
        f"policy allows the {action} action"
    )
