"""Who may do what, as long as policies are not evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.auth.authorizer import ModeAuthorizer
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError
from fogbank.model.call import Call, Caller
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.model.service import Operation, Service

ROLE_ARN = "arn:aws:sts::123456789012:assumed-role/r/s"


def operation(service: str, name: str, **members: Any) -> Operation:
    """An operation that is declared for nothing but its model."""
    declared: Service[None] = Service(service)
    model = declared.model.operations[name]
    wire = tuple((member, member) for member in (model.input.members if model.input else {}))
    return Operation(declared, model, _nothing, wire, frozenset(), frozenset())


async def _nothing(ctx: Call[None]) -> None:
    return None


def caller(principal: Principal) -> Caller:
    return Caller(principal.account, "eu-west-1", principal, "id")


ROLE = caller(Principal(PrincipalType.ASSUMED_ROLE, "123456789012", ROLE_ARN, "AROA:s"))


async def denial(subject: Caller, what: Operation, params: dict[str, Any] | None = None) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await ModeAuthorizer(AuthMode.ENFORCE).authorize(subject, what, params or {})
    return caught.value


async def test_open_mode_allows() -> None:
    for who in (ROLE, caller(root_of("123456789012", open_mode=True))):
        await ModeAuthorizer(AuthMode.OPEN).authorize(who, operation("iam", "DeleteUser"), {"UserName": "u"})


async def test_enforced_mode_allows_root_only() -> None:
    what = operation("lambda", "ListFunctions")
    await ModeAuthorizer(AuthMode.ENFORCE).authorize(caller(root_of("123456789012")), what, {})
    await denial(ROLE, what)
    # A session that open mode handed out before the server was started in enforced mode.
    await denial(caller(root_of("123456789012", open_mode=True)), what)
    await denial(caller(Principal(PrincipalType.SERVICE, "", "fogbank", "fogbank")), what)


async def test_everyone_may_ask_who_they_are() -> None:
    await ModeAuthorizer(AuthMode.ENFORCE).authorize(ROLE, operation("sts", "GetCallerIdentity"), {})


@pytest.mark.parametrize(
    ("service", "name", "params", "code", "status", "action", "resource"),
    [
        ("lambda", "ListFunctions", {}, "AccessDeniedException", 403, "lambda:ListFunctions", "*"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "AccessDeniedException", 403, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        ("logs", "PutLogEvents", {"logGroupName": "/g"}, "AccessDeniedException", 400, "logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:/g:log-stream:"),
        ("iam", "GetRole", {"RoleName": "r"}, "AccessDenied", 403, "iam:GetRole", "arn:aws:iam::123456789012:role/r"),
        ("iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/P"}, "AccessDenied", 403, "iam:GetPolicy", "arn:aws:iam::aws:policy/P"),
        ("apigateway", "GetRestApis", {}, "AccessDeniedException", 403, "apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis"),
        ("apigateway", "PutMethod", {"restApiId": "a", "resourceId": "r", "httpMethod": "GET"}, "AccessDeniedException", 403, "apigateway:PUT", "arn:aws:apigateway:eu-west-1::/restapis/a/resources/r/methods/GET"),
        ("cloudwatch", "PutMetricData", {}, "AccessDenied", 403, "cloudwatch:PutMetricData", "*"),
        ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/r"}, "AccessDenied", 403, "sts:AssumeRole", "arn:aws:iam::123456789012:role/r"),
    ],
)  # fmt: skip
async def test_awss_words(
    service: str, name: str, params: dict[str, Any], code: str, status: int, action: str, resource: str
) -> None:
    error = await denial(ROLE, operation(service, name), params)
    assert (error.code, error.status) == (code, status)
    assert error.message == (
        f"User: {ROLE_ARN} is not authorized to perform: {action} on resource: {resource} because no identity-based "
        f"policy allows the {action} action"
    )
