"""HTTP and HTTP_PROXY: what passes, what is remapped, and backends that hang, reset or lie."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.config import Settings
from fogbank.edge.authority import open_authority
from fogbank.testing.server import Fogbank
from tests.support.backends import Backend
from tests.support.rest_apis import Api, Gateways


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with Backend() as running:
        yield running


@pytest.fixture(scope="module")
def api(gateways: Gateways, backend: Backend) -> Api:
    api = gateways.api()
    for name, kind in (("proxy", "HTTP_PROXY"), ("plain", "HTTP")):
        at = api.method(f"/{name}/{{path+}}", "ANY", requestParameters={"method.request.path.path": True})
        api.integrate(
            at,
            {
                "type": kind,
                "integrationHttpMethod": "ANY",
                "uri": f"{backend.url}/{{path}}",
                "timeoutInMillis": 300,
                "requestParameters": {"integration.request.path.path": "method.request.path.path"},
            },
            {"200": {}, "599": {"selectionPattern": "599"}},
        )
    api.deploy()
    return api


def test_a_proxy_passes_everything(api: Api, gateways: Gateways) -> None:
    headers = [
        ("X-Many", "1"),
        ("X-Many", "2"),
        ("Connection", "keep-alive"),
        ("TE", "trailers"),
        ("Cookie", "a=b"),
        ("X-Forwarded-For", "10.1.1.1"),
    ]
    reply = api.call("/proxy/tell/me%20this?a=1&a=2&b=%26", method="PATCH", body="content", headers=headers)
    told = reply.json
    assert (told["method"], told["path"], told["data"]) == ("PATCH", "/tell/me%20this", "content")
    assert told["args"] == {"a": "1,2", "b": "&"}
    seen = told["headers"]
    assert seen["cookie"] == "a=b"
    assert seen["x-forwarded-for"] == "10.1.1.1, 127.0.0.1"
    assert seen["x-amzn-apigateway-api-id"] == api.id
    assert seen["host"].startswith("127.0.0.1:")
    assert "te" not in seen
    assert seen["x-amzn-trace-id"].startswith("Root=1-")
    assert reply.header("X-Amzn-Trace-Id") == seen["x-amzn-trace-id"]


def test_answers_of_a_proxy(api: Api, backend: Backend) -> None:
    backend.answers["own"] = (
        201,
        {
            "X-Own": "o",
            "Server": "s",
            "WWW-Authenticate": "Basic",
            "Set-Cookie": "a=b",
            "Content-Type": "text/plain",
        },
        b"made",
    )
    reply = api.call("/proxy/raw/own")
    assert (reply.status, reply.text) == (201, "made")
    assert reply.header("X-Own") == "o"
    assert reply.header("Set-Cookie") == "a=b"
    assert reply.header("Content-Type") == "text/plain"
    assert reply.header("WWW-Authenticate") is None
    assert reply.header("x-amzn-Remapped-WWW-Authenticate") == "Basic"
    assert "s" in (reply.header("x-amzn-Remapped-Server") or "")
    assert reply.header("x-amzn-Remapped-Date")


def test_framings(api: Api) -> None:
    assert api.call("/proxy/until-close").text == "all of it"
    assert api.call("/proxy/chunked").text == "abcde"
    assert api.call("/proxy/status/204").status == 204
    head = api.call("/proxy/status/200", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert [api.call("/proxy/tell").status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("kind", ["proxy", "plain"])
@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("hang", 504, "Endpoint request timed out"),
        ("reset", 500, "Internal server error"),
        ("short", 500, "Internal server error"),
        ("garbage", 500, "Internal server error"),
    ],
)
def test_backends_that_fail(api: Api, kind: str, path: str, status: int, message: str) -> None:
    reply = api.call(f"/{kind}/{path}")
    assert (reply.status, reply.json) == (status, {"message": message})
    assert api.call(f"/{kind}/tell").status == 200


def test_a_backend_that_is_not_there(gateways: Gateways) -> None:
    with Backend() as gone:
        pass
    api = gateways.api()
    for path, uri in (("/gone", gone.url), ("/name", "http://no-such-host.invalid/"), ("/bad", "ftp://x/")):
        members: dict[str, Any] = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": uri}
        if path != "/bad":
            api.integrate(api.method(path), members)
    api.deploy()
    for path in ("/gone", "/name"):
        reply = api.call(path)
        assert (reply.status, reply.json) == (500, {"message": "Internal server error"})


def test_a_header_cannot_become_two(api: Api, backend: Backend) -> None:
    """What a client put into a header, a backend must not read as another request."""
    before = len(backend.seen)
    api.call("/proxy/tell?x=%0d%0aX-Evil:%201")
    assert len(backend.seen) == before + 1
    assert all(name.lower() != "x-evil" for name, _ in backend.seen[-1][2])


def test_stage_variables_choose_the_backend(gateways: Gateways, backend: Backend) -> None:
    api = gateways.api()
    at = api.method("/a")
    uri = "http://${stageVariables.host}/tell/${stageVariables.path}"
    api.integrate(at, {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": uri})
    api.deploy(variables={"host": f"127.0.0.1:{backend.port}", "path": "one"})
    assert api.call("/a").json["path"] == "/tell/one"
    api.patch_stage(("replace", "/variables/path", "two"))
    assert api.call("/a").json["path"] == "/tell/two"


def test_binary_answers_of_a_proxy(gateways: Gateways, backend: Backend) -> None:
    raw = bytes(range(256))
    backend.answers["binary"] = (200, {"Content-Type": "image/png"}, raw)
    for types, expected in ((["image/*"], raw), ([], raw.decode("utf-8", "replace").encode())):
        api = gateways.api(binaryMediaTypes=types)
        at = api.method("/a")
        uri = f"{backend.url}/raw/binary"
        api.integrate(at, {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": uri})
        api.deploy()
        assert api.call("/a").body == expected


def streaming(gateways: Gateways, url: str) -> Api:
    api = gateways.api()
    at = api.method("/a")
    members = {
        "type": "HTTP_PROXY",
        "integrationHttpMethod": "GET",
        "uri": url,
        "responseTransferMode": "STREAM",
    }
    api.integrate(at, members)
    api.deploy()
    return api


def test_a_streamed_answer_comes_piece_by_piece(gateways: Gateways) -> None:
    with Backend() as dripping:
        api = streaming(gateways, f"{dripping.url}/drip")
        connection = http.client.HTTPConnection("127.0.0.1", gateways.port, timeout=20)
        connection.request("GET", "/test/a", headers={"Host": api.host})
        response = connection.getresponse()
        assert (response.status, response.read1(100)) == (200, b"first")
        dripping.released.set()
        assert response.read() == b"second"
        connection.close()


def test_a_streamed_answer_that_is_cut_is_cut(gateways: Gateways) -> None:
    with Backend() as dripping:
        api = streaming(gateways, f"{dripping.url}/drip/cut")
        dripping.released.set()
        with pytest.raises(http.client.IncompleteRead):
            api.call("/a")


def test_vpc_links(gateways: Gateways, backend: Backend) -> None:
    client = gateways.apigateway
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/1"
    link = client.create_vpc_link(name="link", targetArns=[arn])["id"]
    api = gateways.api()
    at = api.method("/a")
    members = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"{backend.url}/tell"}
    api.integrate(at, members | {"connectionType": "VPC_LINK", "connectionId": "${stageVariables.link}"})
    api.deploy(variables={"link": link})
    assert api.call("/a").status == 200
    api.patch_stage(("replace", "/variables/link", "absent"))
    assert api.call("/a").status == 500


def test_client_certificates(tmp_path: Path) -> None:
    """A backend that wants the stage's certificate gets it; without one it refuses."""
    with Fogbank(Settings()) as server:  # whose time nobody has moved: certificates begin with it
        _check_client_certificates(Gateways(server), tmp_path)


def _check_client_certificates(gateways: Gateways, tmp_path: Path) -> None:
    client = gateways.apigateway
    made = client.generate_client_certificate(description="c")
    (tmp_path / "client.pem").write_text(made["pemEncodedCertificate"])
    authority = open_authority(tmp_path, datetime.now(UTC))
    (tmp_path / "server.pem").write_bytes(authority.issue(["127.0.0.1"], datetime.now(UTC)))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    context.load_verify_locations(tmp_path / "client.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with Backend(tls=context) as secured:
        api = gateways.api()
        at = api.method("/a")
        members = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"{secured.url}/tell"}
        api.integrate(at, members | {"tlsConfig": {"insecureSkipVerification": True}})
        strict = api.method("/strict")
        api.integrate(strict, members)
        api.deploy()
        assert api.call("/a").status == 500
        api.patch_stage(("replace", "/clientCertificateId", made["clientCertificateId"]))
        assert api.call("/a").status == 200
        assert api.call("/strict").status == 500  # nobody vouches for the backend's own certificate
