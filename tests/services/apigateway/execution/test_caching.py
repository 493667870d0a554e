"""The cache of a stage: what is kept, for how long, by which key, and who may renew it."""

from __future__ import annotations

from typing import Any

from tests.support.rest_apis import Api, Gateways, invocations

COUNT = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return {'statusCode': 200, 'body': str(n)}\n"


def cached(gateways: Gateways, *settings: tuple[str, str, str], keys: list[str] | None = None) -> Api:
    """A cached method over a function of its own that counts."""
    api = gateways.api()
    parameters = dict.fromkeys(keys or [], False)
    at = api.method("/{id}", "GET", requestParameters=parameters)
    api.client.put_integration(
        **at,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocations(gateways.function(COUNT + f"# {api.id}")),
        cacheKeyParameters=keys or [],
    )
    api.deploy(cacheClusterEnabled=True, cacheClusterSize="0.5")
    api.patch_stage(("replace", "/*/*/caching/enabled", "true"), *settings)
    return api


def ask(api: Api, path: str = "/1", **request: Any) -> int:
    reply = api.call(path, **request)
    assert reply.status == 200
    return int(reply.text)


def test_answers_are_kept_for_their_ttl(gateways: Gateways) -> None:
    api = cached(gateways, ("replace", "/*/*/caching/ttlInSeconds", "60"))
    assert [ask(api), ask(api), ask(api, "/2")] == [1, 1, 1]  # the path's parameter is no part of the key
    gateways.server.app.clock.advance_ms(60_001)
    assert [ask(api), ask(api)] == [2, 2]
    first, second = api.call("/1"), api.call("/1")
    assert first.header("x-amzn-RequestId") != second.header("x-amzn-RequestId")


def test_key_parameters(gateways: Gateways) -> None:
    names = ["method.request.path.id", "method.request.querystring.q", "method.request.header.X-A"]
    api = cached(gateways, keys=names)
    assert [ask(api), ask(api, "/2"), ask(api, "/1?q=1"), ask(api, "/1", headers={"x-a": "1"})] == [
        1,
        2,
        3,
        4,
    ]
    assert [ask(api), ask(api, "/2"), ask(api, "/1?q=1&z=1"), ask(api, "/1", headers={"X-A": "1"})] == [
        1,
        2,
        3,
        4,
    ]


def test_flushing(gateways: Gateways) -> None:
    api = cached(gateways)
    assert [ask(api), ask(api)] == [1, 1]
    api.client.flush_stage_cache(restApiId=api.id, stageName="test")
    assert [ask(api), ask(api)] == [2, 2]


def test_renewing(gateways: Gateways) -> None:
    renew = {"headers": {"Cache-Control": "max-age=0"}}
    api = cached(gateways, ("replace", "/*/*/caching/requireAuthorizationForCacheControl", "false"))
    assert [ask(api), ask(api, **renew), ask(api)] == [1, 2, 2]
    guarded = cached(gateways)
    assert ask(guarded) == 1
    reply = guarded.call("/1", **renew)
    assert (reply.text, (reply.header("Warning") or "")[:4]) == ("1", "199 ")
    strict = cached(
        gateways, ("replace", "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403")
    )
    assert strict.call("/1", **renew).status == 403
    silent = cached(
        gateways,
        (
            "replace",
            "/*/*/caching/unauthorizedCacheControlHeaderStrategy",
            "SUCCEED_WITHOUT_RESPONSE_HEADER",
        ),
    )
    assert ask(silent) == 1
    assert silent.call("/1", **renew).header("Warning") is None


def test_a_method_may_go_without(gateways: Gateways) -> None:
    api = cached(gateways, ("replace", "/~1{id}/GET/caching/enabled", "false"))
    assert [ask(api), ask(api)] == [1, 2]


def test_the_size_bounds_what_is_kept() -> None:
    from fogbank.core.http import Response
    from fogbank.services.apigateway.execution.caching import OVERHEAD_BYTES, StageCache

    cache = StageCache(3 * (100 + OVERHEAD_BYTES))
    for number in range(5):
        cache.put(number, Response(200, [], b"x" * 100), 10.0)
    assert [number for number in range(5) if cache.get(number, 1.0) is not None] == [2, 3, 4]
    assert cache.get(2, 11.0) is None
    cache.put(9, Response(200, [], b"x" * 1000), 20.0)
    assert cache.get(9, 1.0) is not None
    assert cache.get(4, 1.0) is None
