"""Function URLs: their configurations, who gets in, CORS. What functions see and say over the wire is in tests/recordings."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request, Response
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.services.lambda_.function_url_payloads import (
    BadAnswer,
    response_of,
    streamed_response_of,
)
from fogbank.services.lambda_.function_url_serving import FunctionUrls
from tests.services.lambda_.fakes import ARN, LambdaHouse

PAGE = "https://page.example"


class Door:
    """The mount of a house's URLs, with callers who are whom the test says."""

    def __init__(self, house: LambdaHouse) -> None:
        self.signed_by: Principal | None = None
        self.urls = FunctionUrls(house.state, self._identify)

    async def _identify(self, request: Request) -> Principal | None:
        return self.signed_by

    async def send(self, made: dict[str, Any], method: str = "GET", **headers: str) -> Response:
        host = made["FunctionUrl"].split("://")[1].rstrip("/")
        items = [("host", host)] + [(name.replace("_", "-"), value) for name, value in headers.items()]
        request = Request(method, "/", "/", "", Headers(items), b"", "192.0.2.1")
        return await self.urls.handle(request, host.split(".")[0], host.split(":")[0], "rid")


def fields(response: Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers}


async def test_configurations_belong_to_functions_and_aliases(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.settled("f", "1")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    made = await house.do("CreateFunctionUrlConfig", FunctionName="f", AuthType="NONE")
    assert "LastModifiedTime" not in made and "InvokeMode" not in made
    cors = {"AllowOrigins": ["*"], "MaxAge": 60}
    live = await house.do(
        "CreateFunctionUrlConfig", FunctionName="f", Qualifier="live", AuthType="AWS_IAM", Cors=cors
    )
    assert live["FunctionArn"] == f"{ARN}:live" and live["Cors"] == cors
    page = await house.do("ListFunctionUrlConfigs", FunctionName="f", MaxItems=1)
    rest = await house.do("ListFunctionUrlConfigs", FunctionName="f", Marker=page["NextMarker"])
    listed = [*page["FunctionUrlConfigs"], *rest["FunctionUrlConfigs"]]
    assert [each["FunctionArn"] for each in listed] == [ARN, f"{ARN}:live"]
    code, message = await house.refuses("CreateFunctionUrlConfig", FunctionName="f", AuthType="NONE")
    assert code == "ResourceConflictException" and message.endswith("exists for this Lambda function")
    code, message = await house.refuses("GetFunctionUrlConfig", FunctionName="f", Qualifier="other")
    assert (code, message) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    code, message = await house.refuses("CreateFunctionUrlConfig", FunctionName="none", AuthType="NONE")
    assert (code, message) == ("ResourceNotFoundException", "Function does not exist")
    code, _ = await house.refuses("CreateFunctionUrlConfig", FunctionName="f", Qualifier="1", AuthType="NONE")
    assert code == "ValidationException"
    await house.do("DeleteFunctionUrlConfig", FunctionName="f")
    code, _ = await house.refuses("DeleteFunctionUrlConfig", FunctionName="f")
    assert code == "ResourceNotFoundException"


async def test_a_deleted_function_takes_its_urls_along(house: LambdaHouse) -> None:
    await house.create()
    made = await house.do("CreateFunctionUrlConfig", FunctionName="f", AuthType="NONE")
    await house.do("DeleteFunction", FunctionName="f")
    await house.create()
    code, _ = await house.refuses("GetFunctionUrlConfig", FunctionName="f")
    assert code == "ResourceNotFoundException"
    assert (await Door(house).send(made)).body == b'{"Message":null}'


async def test_who_gets_in(house: LambdaHouse) -> None:
    await house.create()
    door = Door(house)
    made = await house.do("CreateFunctionUrlConfig", FunctionName="f", AuthType="AWS_IAM")
    assert (await door.send(made)).status == 403
    door.signed_by = root_of("000000000000")
    answer = await door.send(made)
    event = json.loads(bytes(answer.body))  # type: ignore[arg-type]
    assert event["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"
    door.signed_by = root_of("111111111111", open_mode=True)  # nobody is root of another account
    assert (await door.send(made)).status == 403
    grant = {"FunctionName": "f", "Action": "lambda:InvokeFunctionUrl", "Principal": "111111111111"}
    await house.do("AddPermission", StatementId="iam", FunctionUrlAuthType="AWS_IAM", **grant)
    assert (await door.send(made)).status == 200
    role = "arn:aws:iam::222222222222:role/r"
    session = "arn:aws:sts::222222222222:assumed-role/r/s"
    door.signed_by = Principal(PrincipalType.ASSUMED_ROLE, "222222222222", session, "AROA:s", issuer_arn=role)
    assert (await door.send(made)).status == 403
    await house.do(
        "AddPermission",
        StatementId="role",
        FunctionUrlAuthType="AWS_IAM",
        **grant | {"Principal": role},
    )
    assert (await door.send(made)).status == 200
    await house.do("UpdateFunctionUrlConfig", FunctionName="f", AuthType="NONE")
    assert (await door.send(made)).status == 403  # those were for AWS_IAM
    door.signed_by = None
    await house.do(
        "AddPermission", StatementId="all", FunctionUrlAuthType="NONE", **grant | {"Principal": "*"}
    )
    answer = await door.send(made)
    event = json.loads(bytes(answer.body))  # type: ignore[arg-type]
    assert event["requestContext"]["accountId"] == "anonymous"


async def test_a_throttled_function_says_so(house: LambdaHouse) -> None:
    await house.create()
    made = await house.do("CreateFunctionUrlConfig", FunctionName="f", AuthType="AWS_IAM")
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    door = Door(house)
    door.signed_by = root_of("000000000000")
    assert (await door.send(made)).status == 429


async def test_cors_is_answered_by_the_url(house: LambdaHouse) -> None:
    await house.create()
    own = {"Access-Control-Allow-Origin": "https://other.example"}
    house.pool.bodies["f"] = lambda event, _: {"statusCode": 200, "headers": own}
    cors = {
        "AllowOrigins": [PAGE],
        "AllowMethods": ["GET"],
        "AllowHeaders": ["x-a"],
        "ExposeHeaders": ["x-b"],
        "AllowCredentials": True,
        "MaxAge": 5,
    }
    made = await house.do("CreateFunctionUrlConfig", FunctionName="f", AuthType="AWS_IAM", Cors=cors)
    door = Door(house)
    asked = await door.send(made, "OPTIONS", origin=PAGE, access_control_request_method="GET")
    assert asked.status == 200 and not house.pool.invoked  # nobody signs a preflight
    assert fields(asked) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "5",
        "vary": "Origin",
        "content-type": "application/json",
        "x-amzn-requestid": "rid",
    }
    strange = await door.send(
        made, "OPTIONS", origin="https://evil.example", access_control_request_method="GET"
    )
    assert "access-control-allow-origin" not in fields(strange)
    door.signed_by = root_of("000000000000")
    answer = fields(await door.send(made, origin=PAGE))
    assert answer["access-control-allow-origin"] == PAGE
    assert answer["access-control-expose-headers"] == "x-b"
    assert "access-control-allow-origin" not in fields(await door.send(made, origin="https://evil.example"))


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ({"statusCode": 200}, 200, b""),
        ({"statusCode": "201", "body": {"a": 1}}, 201, b'{"a":1}'),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\0\xff").decode(), "isBase64Encoded": True},
            200,
            b"\0\xff",
        ),
        (None, 200, b"null"),
        ({"body": "x"}, 200, b'{"body":"x"}'),
    ],
)
def test_what_is_inferred(answer: Any, status: int, body: bytes) -> None:
    response = response_of(json.dumps(answer).encode())
    assert (response.status, response.body) == (status, body)
    assert ("Content-Type", "application/json") in response.headers


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "x"},
        {"statusCode": 99},
        {"statusCode": 200, "headers": []},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "body": "***", "isBase64Encoded": True},
    ],
)
def test_what_is_no_response(answer: Any) -> None:
    with pytest.raises(BadAnswer):
        response_of(json.dumps(answer).encode())


def test_a_streamed_answer_is_passed_as_it_is() -> None:
    assert streamed_response_of(b'{"statusCode":201}').status == 200
    whole = streamed_response_of(b'{"statusCode":201,"headers":{"x":"y"}}' + bytes(8) + b"\0binary")
    assert (whole.status, whole.body) == (201, b"\0binary") and ("x", "y") in whole.headers


async def test_another_account_needs_permission(house: LambdaHouse) -> None:
    await house.create()

    async def invoke(action: str = "Invoke") -> Any:
        return await house.call("lambda", action, {"FunctionName": ARN}, account="111111111111")

    with pytest.raises(AwsError) as refused:
        await invoke()
    assert refused.value.code == "AccessDeniedException"
    grant = {"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "111111111111"}
    await house.do("AddPermission", StatementId="s", **grant)
    assert (await invoke())["StatusCode"] == 200
    with pytest.raises(AwsError):
        await invoke("GetFunction")
    await house.do("RemovePermission", FunctionName="f", StatementId="s")
    with pytest.raises(AwsError):
        await invoke()
