"""Mutual TLS of custom domain names, over the wire: who is let in, and what APIs are told."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fogbank.core.config import Settings
from fogbank.edge.tls import ca_pem
from fogbank.testing.server import Fogbank
from tests.support.rest_apis import Gateways, Reply
from tests.support.waiting import until_blocking

ACM = "arn:aws:acm:us-east-1:000000000000:certificate/1"
REGIONAL = {"types": ["REGIONAL"]}
WHO = "$context.identity.clientCert.subjectDN"


@dataclass(frozen=True)
class Party:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def file(self, folder: Path) -> Path:
        path = folder / f"{self.certificate.serial_number}.pem"
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path.write_text(self.pem + key)
        return path


def make(name: str, issuer: Party | None = None, *, ca: bool = False, days: int = 30) -> Party:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .sign(key if issuer is None else issuer.key, hashes.SHA256())
    )
    return Party(certificate, key)


class Place:
    """A fogbank with a bucket of truststores, a REST API and an HTTP API."""

    def __init__(self, server: Fogbank, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.gateways = Gateways(server)
        self.v1, self.v2 = server.client("apigateway"), server.client("apigatewayv2")
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket="trust")
        self.root, self.other = make("root", ca=True), make("other root", ca=True)
        self.client = make("client", self.root)
        self.uri = self.store("root.pem", self.root.pem)
        self.rest = self.gateways.api(endpointConfiguration=REGIONAL)
        self.rest.mock("/a", f'{{"who": "{WHO}"}}')
        self.rest.deploy()
        self.names = 0

    def store(self, key: str, text: str) -> str:
        self.s3.put_object(Bucket="trust", Key=key, Body=text.encode())
        return f"s3://trust/{key}"

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}.example.com"

    def domain(self, uri: str | None = None, name: str | None = None, **more: Any) -> str:
        """A name of the first generation that leads to the REST API."""
        name = name or self.name()
        self.v1.create_domain_name(
            domainName=name,
            regionalCertificateArn=ACM,
            endpointConfiguration=REGIONAL,
            mutualTlsAuthentication={"truststoreUri": uri or self.uri} | more,
        )
        self.v1.create_base_path_mapping(domainName=name, restApiId=self.rest.id, stage="test")
        return self.known(name)

    def known(self, name: str) -> str:
        apis = self.server.app.house.apis
        until_blocking(lambda: apis.trust(name) is not None)
        return name

    def call(
        self, name: str, path: str = "/a", who: Party | None = None, *, host: str | None = None
    ) -> Reply:
        context = ssl.create_default_context(cadata=ca_pem(self.folder))
        if who is not None:
            context.load_cert_chain(who.file(self.folder))
        raw = socket.create_connection(("127.0.0.1", self.gateways.port), timeout=60)
        with context.wrap_socket(raw, server_hostname=name) as tls:
            connection = http.client.HTTPConnection(name)
            connection.sock = tls
            connection.request("GET", path, headers={"Host": host or name})
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("data")
    with Fogbank(Settings(data_dir=folder)) as server:
        yield Place(server, folder)


def test_a_trusted_client_is_let_in_and_named(place: Place) -> None:
    name = place.domain()
    reply = place.call(name, who=place.client)
    assert (reply.status, reply.json) == (200, {"who": "CN=client,O=Org"})


def test_without_a_certificate_it_is_forbidden(place: Place) -> None:
    name = place.domain()
    reply = place.call(name)
    assert (reply.status, reply.json) == (403, {"message": "Forbidden"})
    assert place.gateways.call("/a", host=name).status == 403  # plain HTTP shows none either


def test_a_stranger_s_certificate_ends_the_handshake(place: Place) -> None:
    name = place.domain()
    for stranger in (make("stranger", place.other), make("itself"), make("late", place.root, days=-1)):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            place.call(name, who=stranger)


def test_intermediates_are_to_be_in_the_truststore(place: Place) -> None:
    between = make("between", place.root, ca=True)
    client = make("below", between)
    both = place.store("both.pem", place.root.pem + between.pem)
    assert place.call(place.domain(both), who=client).json == {"who": "CN=below,O=Org"}


def test_a_certificate_in_the_truststore_that_signed_itself_is_refused(place: Place) -> None:
    own = make("own", ca=True)
    name = place.domain(place.store("own.pem", own.pem))
    assert place.call(name, who=own).status == 403


def test_what_is_proven_to_one_name_is_not_to_another(place: Place) -> None:
    trusting = place.domain()
    other = place.domain(place.store("other.pem", place.other.pem))
    assert place.call(trusting, who=place.client, host=other).status == 403
    assert place.call("localhost", who=place.client, host=trusting).status == 403


def test_a_plain_name_beside_a_wildcard_one_asks_for_nothing(place: Place) -> None:
    place.v1.create_domain_name(
        domainName="*.wild.example.com",
        regionalCertificateArn=ACM,
        endpointConfiguration=REGIONAL,
        mutualTlsAuthentication={"truststoreUri": place.uri},
    )
    place.v1.create_base_path_mapping(domainName="*.wild.example.com", restApiId=place.rest.id, stage="test")
    place.known("x.wild.example.com")
    assert place.call("x.wild.example.com", who=place.client).status == 200
    assert place.call("x.wild.example.com").status == 403
    plain = "plain.wild.example.com"
    place.v1.create_domain_name(domainName=plain, regionalCertificateArn=ACM, endpointConfiguration=REGIONAL)
    place.v1.create_base_path_mapping(domainName=plain, restApiId=place.rest.id, stage="test")
    until_blocking(lambda: place.gateways.call("/a", host=plain).status == 200)


def test_settings_of_the_first_generation(place: Place) -> None:
    name = place.domain()
    shown = place.v1.get_domain_name(domainName=name)["mutualTlsAuthentication"]
    assert shown == {"truststoreUri": place.uri}
    assert place.call(name, who=place.client).status == 200

    def update(member: str, value: str) -> dict[str, Any]:
        operation = {"op": "replace", "path": f"/mutualTlsAuthentication/{member}", "value": value}
        made: dict[str, Any] = place.v1.update_domain_name(domainName=name, patchOperations=[operation])
        return made

    with pytest.raises(ClientError, match="BadRequestException"):
        update("truststoreVersion", "no-such-version")
    uri = place.store("others.pem", place.other.pem)
    assert update("truststoreUri", uri)["mutualTlsAuthentication"] == {"truststoreUri": uri}
    insider = make("insider", place.other)

    def let_in() -> bool:
        try:
            return place.call(name, who=insider).status == 200
        except (ssl.SSLError, ConnectionError):
            return False  # by the truststore from before

    until_blocking(let_in)
    assert "mutualTlsAuthentication" not in update("truststoreUri", "")
    until_blocking(lambda: place.gateways.call("/a", host=name).status == 200)


def test_warnings_and_refusals(place: Place) -> None:
    late = make("late", ca=True, days=-1)
    made = place.v1.create_domain_name(
        domainName=place.name(),
        regionalCertificateArn=ACM,
        endpointConfiguration=REGIONAL,
        mutualTlsAuthentication={"truststoreUri": place.store("late.pem", late.pem)},
    )
    (warning,) = made["mutualTlsAuthentication"]["truststoreWarnings"]
    assert "CN=late,O=Org" in warning
    for uri in ("s3://trust/missing", "https://x/y", place.store("no.pem", "no certificate")):
        with pytest.raises(ClientError, match="BadRequestException"):
            place.domain(uri)
        with pytest.raises(ClientError, match="BadRequestException"):
            place.v2.create_domain_name(
                DomainName=place.name(),
                DomainNameConfigurations=[{"CertificateArn": ACM}],
                MutualTlsAuthentication={"TruststoreUri": uri},
            )
    with pytest.raises(ClientError, match="regional"):
        place.v1.create_domain_name(
            domainName=place.name(),
            certificateArn=ACM,
            mutualTlsAuthentication={"truststoreUri": place.uri},
        )


def http_api(place: Place, name: str) -> str:
    """An HTTP API under a name with mutual TLS, at `http`."""
    code = "def handler(event, context):\n    return event\n"
    api = place.v2.create_api(Name="a", ProtocolType="HTTP", DisableExecuteApiEndpoint=True)["ApiId"]
    integration = place.v2.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=place.gateways.function(code),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    place.v2.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    place.v2.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    made = place.v2.create_domain_name(
        DomainName=name,
        DomainNameConfigurations=[{"CertificateArn": ACM}],
        MutualTlsAuthentication={"TruststoreUri": place.uri},
    )
    assert made["MutualTlsAuthentication"] == {"TruststoreUri": place.uri}
    place.v2.create_api_mapping(DomainName=name, ApiId=api, Stage="$default", ApiMappingKey="http")
    place.known(name)
    return str(api)


def test_http_apis_and_rest_apis_under_one_name_of_the_second_generation(place: Place) -> None:
    name = place.name()
    api = http_api(place, name)
    place.v2.create_api_mapping(
        DomainName=name, ApiId=place.rest.id, Stage="test", ApiMappingKey="rest/v1/deep"
    )
    event = place.call(name, "/http/x", place.client).json
    shown = event["requestContext"]["authentication"]["clientCert"]
    assert (shown["subjectDN"], shown["issuerDN"]) == ("CN=client,O=Org", "CN=root,O=Org")
    assert shown["clientCertPem"] == place.client.pem
    serial = place.client.certificate.serial_number
    assert int(shown["serialNumber"].replace(":", ""), 16) == serial
    assert (
        shown["validity"].keys() == {"notBefore", "notAfter"} and shown["validity"]["notAfter"][-3:] == "GMT"
    )
    reply = place.call(name, "/rest/v1/deep/a", place.client)
    assert reply.json == {"who": "CN=client,O=Org"}
    assert place.call(name, "/rest/v1/deep/a").status == 403
    assert place.call(name, "/http/x").status == 403
    assert place.call(name, "/rest/v1/a", place.client).status == 403  # no mapping
    # Neither is reached around the name: the HTTP API has disabled its own address.
    assert place.gateways.call("/", host=f"{api}.execute-api.us-east-1.localhost").status == 404
    for call in (
        lambda: place.v1.delete_stage(restApiId=place.rest.id, stageName="test"),
        lambda: place.v1.delete_rest_api(restApiId=place.rest.id),
    ):
        with pytest.raises(ClientError, match="base path mappings"):
            call()


def test_mappings_name_what_is_there(place: Place) -> None:
    name = place.name()
    place.v2.create_domain_name(DomainName=name, DomainNameConfigurations=[{"CertificateArn": ACM}])
    for api, stage in ((place.rest.id, "none"), ("none", "test")):
        with pytest.raises(ClientError, match="NotFoundException"):
            place.v2.create_api_mapping(DomainName=name, ApiId=api, Stage=stage)


def test_functions_of_rest_apis_see_the_certificate(place: Place) -> None:
    code = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
    api = place.gateways.api(endpointConfiguration=REGIONAL)
    api.proxy("/f", place.gateways.function(code))
    api.deploy()
    name = place.domain()
    place.v1.create_base_path_mapping(domainName=name, restApiId=api.id, stage="test", basePath="f")
    until_blocking(lambda: place.call(name, "/f/f", place.client).status == 200)
    event = json.loads(place.call(name, "/f/f", place.client).body)
    assert event["requestContext"]["identity"]["clientCert"]["clientCertPem"] == place.client.pem
