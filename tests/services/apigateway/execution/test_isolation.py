"""Many clients at once: everyone gets the answer to its own request; and what stands between APIs and strangers."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from fogbank.app.execute_api import ExecuteApi
from fogbank.auth.authorizer import OpenAuthorizer
from fogbank.core.http import Headers, Request
from fogbank.core.ids import Ids
from fogbank.edge.hosts import Host, HostKind
from fogbank.model.calls import Calls
from tests.services.apigateway.execution.test_access import AUTHORIZER
from tests.support.backends import Backend
from tests.support.rest_apis import Api, Gateways, invocations

SHOW = """
import json
def handler(event, context):
    seen = {name: event["requestContext"][name] for name in ("requestId", "extendedRequestId")}
    seen |= {"body": event["body"], "query": event["queryStringParameters"], "header": event["headers"].get("X-Own"),
             "who": event["requestContext"]["authorizer"]["principalId"], "path": event["pathParameters"]["id"]}
    return {"statusCode": 200, "headers": {"X-Echo": event["headers"].get("X-Own")}, "body": json.dumps(seen)}
"""


def test_nothing_leaks_between_requests(gateways: Gateways) -> None:
    api = gateways.api()
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="a",
        type="TOKEN",
        authorizerUri=invocations(gateways.function(AUTHORIZER)),
        identitySource="method.request.header.X-Auth",
    )
    api.proxy("/function/{id}", gateways.function(SHOW), authorizationType="CUSTOM", authorizerId=made["id"])
    api.mock("/mock/{id}", "$input.params('id') $input.params('q')", "POST")
    with Backend() as backend:
        at = api.method("/http/{id}", "POST")
        api.integrate(
            at, {"type": "HTTP_PROXY", "integrationHttpMethod": "POST", "uri": f"{backend.url}/echo"}
        )
        api.deploy()
        api.call("/function/0?q=0", method="POST", headers={"X-Auth": "user-0"}, body="{}")  # warm

        def one(number: int) -> None:
            who, body = f"user-{number % 7}", json.dumps({"n": number})
            headers = {"X-Auth": who, "X-Own": str(number), "Content-Type": "application/json"}
            query = f"?q={number}"
            seen = api.call(f"/function/{number}{query}", method="POST", headers=headers, body=body)
            answer = seen.json
            assert answer["body"] == body
            assert answer["query"] == {"q": str(number)}
            assert answer["who"] == f"user-{who}"
            assert (answer["header"], answer["path"], seen.header("X-Echo")) == (str(number),) * 3
            assert answer["requestId"] == seen.header("x-amzn-RequestId")
            assert answer["extendedRequestId"] == seen.header("x-amz-apigw-id")
            mocked = api.call(f"/mock/{number}{query}", method="POST", headers=headers, body=body)
            assert mocked.text == f"{number} {number}"
            assert api.call(f"/http/{number}", method="POST", headers=headers, body=body).text == body

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(one, range(120)))


def test_two_apis_with_equal_paths_are_two(gateways: Gateways) -> None:
    apis: list[Api] = []
    for name in ("one", "two"):
        api = gateways.api()
        api.mock("/a", name)
        api.deploy()
        apis.append(api)
    assert [api.call("/a").text for api in apis] == ["one", "two"]


async def test_beyond_loopback_an_api_speaks_https_alone() -> None:
    apis = ExecuteApi(Calls(OpenAuthorizer()), Ids(1), https_only=True)
    request = Request("GET", "/s/a", "/s/a", "", Headers([("host", "x.execute-api.y")]), b"", "10.0.0.1")
    response = await asyncio.wait_for(apis.handle(request, Host(HostKind.EXECUTE_API, "x", "x"), "r1"), 5)
    assert (response.status, response.body) == (403, b'{"message":"Forbidden"}')
