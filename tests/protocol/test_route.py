"""Which operation a request means, for every mark that clients leave, and what the ones that mean none are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request
from fogbank.core.limits import ROUTES_CACHED_MAX
from fogbank.model.service import Service
from fogbank.protocol import Routed, Router
from tests.protocol.clients import router, service

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def scoped(name: str) -> dict[str, str]:
    value = f"AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/{name}/aws4_request, SignedHeaders=host, Signature=0"
    return {"authorization": value}


def request(method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Request:
    path, _, query = target.partition("?")
    return Request(method, target, path, query, Headers(list((headers or {}).items())), body, "127.0.0.1")


def problem(routed: Routed, asked: Request) -> AwsError:
    with pytest.raises(AwsError) as caught:
        routed.parse(asked)
    return caught.value


def name_of(routed: Routed) -> str:
    assert routed.model is not None, routed.problem
    return f"{routed.service}.{routed.model.name} {routed.protocol}"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("POST", "/", {"x-amz-target": "Logs_20140328.PutLogEvents"}), "logs.PutLogEvents json"),
        (
            request("POST", "/", {"x-amz-target": "GraniteServiceVersion20100801.PutMetricData"}),
            "cloudwatch.PutMetricData json",
        ),
        (
            request(
                "POST",
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                {"smithy-protocol": "rpc-v2-cbor"},
            ),
            "cloudwatch.PutMetricData smithy-rpc-v2-cbor",
        ),
        (
            request("POST", "/", FORM, b"Action=PutMetricData&Version=2010-08-01&Namespace=N"),
            "cloudwatch.PutMetricData query",
        ),
        (request("GET", "/?Action=GetCallerIdentity&Version=2011-06-15"), "sts.GetCallerIdentity query"),
        (
            request("POST", "/", FORM, b"Version=2010-05-08&UserName=u&Action=GetUser"),
            "iam.GetUser query",
        ),
        (
            request("POST", "/", FORM | scoped("iam"), b"Action=GetUser&Version=1999-01-01"),
            "iam.GetUser query",
        ),
        (request("GET", "/2015-03-31/functions/"), "lambda.ListFunctions rest-json"),
        (request("GET", "/2015-03-31/functions"), "lambda.ListFunctions rest-json"),
        (
            request("POST", "/2015-03-31/functions/f/invocations", FORM, b"{}"),
            "lambda.Invoke rest-json",
        ),
        (request("GET", "/restapis", scoped("apigateway")), "apigateway.GetRestApis rest-json"),
        (request("GET", "/v2/apis", scoped("apigateway")), "apigatewayv2.GetApis rest-json"),
        (
            request("POST", "/restapis?mode=import", scoped("apigateway"), b"{}"),
            "apigateway.ImportRestApi rest-json",
        ),
        (request("POST", "/restapis", scoped("apigateway"), b"{}"), "apigateway.CreateRestApi rest-json"),
        (request("GET", "/b/some/key", scoped("s3")), "s3.GetObject rest-xml"),
        (request("GET", "/b/some/key"), "s3.GetObject rest-xml"),
        (request("PUT", "/b/k?partNumber=1&uploadId=u", scoped("s3")), "s3.UploadPart rest-xml"),
        (request("PUT", "/b/k", scoped("s3") | {"x-amz-copy-source": "/c/k"}), "s3.CopyObject rest-xml"),
        (request("GET", "/b?list-type=2", scoped("s3")), "s3.ListObjectsV2 rest-xml"),
        (request("GET", "/2015-03-31/functions/", scoped("s3")), "s3.GetObject rest-xml"),
        (
            request(
                "GET",
                "/2015-03-31/functions?X-Amz-Credential=AK%2F20260101%2Fus-east-1%2Flambda%2Faws4_request",
            ),
            "lambda.ListFunctions rest-json",
        ),
    ],
)
def test_the_marks_of_a_request_say_its_operation(asked: Request, expected: str) -> None:
    assert name_of(router().route(asked)) == expected


def test_labels_are_decoded_once_and_keep_encoded_slashes() -> None:
    found = router().route(request("GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3A%252Fx%2Fy/policy"))
    assert found.labels == {"FunctionName": "arn:aws:lambda:%2Fx/y"}


def test_a_greedy_label_takes_slashes_even_the_last() -> None:
    found = router().route(request("GET", "/b/a%20b//c/", scoped("s3")))
    assert found.labels == {"Bucket": "b", "Key": "a b//c/"}


def test_a_slash_after_the_bucket_is_not_a_key() -> None:
    assert name_of(router().route(request("GET", "/b/", scoped("s3")))) == "s3.ListObjects rest-xml"


def test_an_operation_that_is_not_implemented_is_named_in_its_own_protocol() -> None:
    asked = request("GET", "/2015-03-31/functions/")
    routed = router().route(asked)
    error = problem(routed, asked)
    response = routed.fail(error, "r-1")
    assert (error.code, error.status) == ("NotImplemented", 501)
    assert response.body == b'{"message":"fogbank does not support lambda ListFunctions yet"}'
    assert ("x-amzn-ErrorType", "NotImplemented") in response.headers


def test_an_implemented_operation_is_given_to_the_edge() -> None:
    own: Service[None] = Service("sts")

    @own.operation
    async def get_caller_identity(ctx: object) -> None:
        return None

    asked = request("POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15")
    routed = Router({"sts": own}).route(asked)
    assert routed.operation is own.operations["GetCallerIdentity"]
    assert routed.parse(asked) == {}


@pytest.mark.parametrize(
    ("asked", "code", "status", "says"),
    [
        (request("POST", "/", {"x-amz-target": "Logs_20140328.Nope"}), "UnknownOperationException", 400, ""),
        (request("POST", "/", {"x-amz-target": "nonsense"}), "UnknownOperationException", 400, ""),
        (
            request("POST", "/", {"x-amz-target": "AWSGlue.GetJob"} | scoped("glue")),
            "NotImplemented",
            501,
            "glue GetJob",
        ),
        (
            request("POST", "/", FORM, b"Action=Nope&Version=2010-05-08"),
            "InvalidAction",
            400,
            "Could not find operation Nope for version 2010-05-08",
        ),
        (
            request("POST", "/", FORM | scoped("elasticache"), b"Action=Do&Version=1"),
            "NotImplemented",
            501,
            "elasticache Do",
        ),
        (
            request("POST", "/service/X/operation/Y", {"smithy-protocol": "rpc-v2-cbor"}),
            "UnknownOperationException",
            404,
            "",
        ),
        (request("GET", "/x", scoped("batch")), "NotImplemented", 501, "batch GET /x"),
        (request("GET", "/2015-03-31/nothing", scoped("lambda")), "UnknownOperationException", 404, ""),
        (
            request("PATCH", "/2015-03-31/functions", scoped("lambda")),
            "MethodNotAllowedException",
            405,
            "PATCH",
        ),
        (request("GET", "/2015-03-31/functions/%FF/policy"), "SerializationException", 400, "UTF-8"),
        (request("POST", "/?Action=%FF"), "MalformedInput", 400, "UTF-8"),
    ],
)
def test_what_means_no_operation_is_refused_by_name(
    asked: Request, code: str, status: int, says: str
) -> None:
    routed = router().route(asked)
    error = problem(routed, asked)
    assert (error.code, error.status) == (code, status)
    assert says in error.message
    assert routed.fail(error, "r-1").status == status


HEADER_NAMES = ["x-amz-target", "smithy-protocol", "authorization", "content-type", "content-encoding"]
HEADER_VALUES = st.one_of(
    st.sampled_from(
        ["rpc-v2-cbor", "gzip", FORM["content-type"], "Logs_20140328.PutLogEvents", "Credential=a/b/c"]
    ),
    st.text(st.characters(codec="latin-1"), max_size=30).map(
        lambda text: f"AWS4-HMAC-SHA256 Credential={text}"
    ),
    st.text(st.characters(codec="latin-1"), max_size=30),
)
PATHS = st.lists(
    st.one_of(
        st.sampled_from(["", "2015-03-31", "functions", "%FF", "restapis", "%2F"]),
        st.text("ab%/.", max_size=4),
    ),
    max_size=6,
).map(lambda segments: "/" + "/".join(segments))
QUERIES = st.sampled_from(
    ["", "Action=%FF", "Action=GetUser", "X-Amz-Credential=%FF%2Fa%2Fb", "list-type=2&&=", "mode"]
)


@given(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "", "get"]),
    st.one_of(PATHS, st.sampled_from(["*", "", "http://x/y", "/a" * 3000])),
    QUERIES,
    st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_VALUES, max_size=3),
    st.binary(max_size=20) | st.just(b"Action=GetUser&Version=2010-05-08"),
)
def test_no_request_is_too_odd_to_be_routed_and_refused(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    asked = Request(method, f"{path}?{query}", path, query, Headers(list(headers.items())), body, "127.0.0.1")
    routed = router().route(asked)
    error = problem(routed, asked)  # nothing is implemented here
    assert routed.fail(error, "r-1").status == error.status


def test_resolved_paths_are_kept_and_bounded() -> None:
    own = Router({"lambda": service("lambda")})
    first = own.route(request("GET", "/2015-03-31/functions/f/policy"))
    assert own.route(request("GET", "/2015-03-31/functions/f/policy")) is first
    for number in range(ROUTES_CACHED_MAX + 1):
        own.route(request("GET", f"/2015-03-31/functions/f{number}/policy"))
    assert own.route(request("GET", "/2015-03-31/functions/f/policy")) is not first
