"""The local certificate authority: made once for a data directory, it signs the server's certificates.

Its key lies in `DATA/keys/ca.key` (0600) and can sign server certificates only, no further authorities.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fogbank.auth.files import write_once
from fogbank.core.errors import ConfigError

CERTIFICATE_FILE = "ca.pem"
KEY_FILE = "ca.key"
AUTHORITY_DAYS = 3650
LEAF_DAYS = 397  # clients refuse longer ones
BACKDATED = timedelta(hours=24)  # for clients whose clock is behind

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """The signer."""

    certificate: x509.Certificate
    key: Key

    def __repr__(self) -> str:
        return "Authority(…)"

    def issue(self, names: list[str], now: datetime) -> bytes:
        """A server certificate for host names, wildcards and addresses, with its key: PEM of both."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fogbank")])
        certificate = (
            _builder(subject, self.certificate.subject, key, now, LEAF_DAYS)
            .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(_key_usage(signs_certificates=False), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(Encoding.PEM) + _pem_of_key(key)

    def end_of(self, pem: bytes, names: list[str]) -> datetime | None:
        """When a certificate ends; None when it is not this authority's or does not cover `names`."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            certificate.verify_directly_issued_by(self.certificate)
            covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 - cryptography raises many kinds; whatever is wrong, it is made anew
            return None
        if any(general_name(name) not in covered for name in names):
            return None
        return certificate.not_valid_after_utc


def open_authority(folder: Path, now: datetime) -> Authority:
    """The authority of a data directory, made on first use. Raises ConfigError when its files are damaged."""
    if not (folder / CERTIFICATE_FILE).exists():
        _make(folder, now)
    path = folder / CERTIFICATE_FILE
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = load_pem_private_key((folder / KEY_FILE).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{path} and {KEY_FILE} cannot be read ({error}): delete both to make new ones"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigError(f"{path} does not belong to {KEY_FILE}: delete both to make new ones")
    return Authority(certificate, key)


def general_name(name: str) -> x509.GeneralName:
    """An address or a DNS name, as certificates hold it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _make(folder: Path, now: datetime) -> None:
    """Key first: processes that start together agree on it, and any of their certificates fits."""
    content = write_once(folder / KEY_FILE, _pem_of_key(ec.generate_private_key(ec.SECP256R1())))
    key = load_pem_private_key(content, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    common_name = f"fogbank local authority on {socket.gethostname()}"[:64]
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fogbank"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    certificate = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(_key_usage(signs_certificates=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    write_once(folder / CERTIFICATE_FILE, certificate.public_bytes(Encoding.PEM), mode=0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def main() -> None:
    """`python -m fogbank.edge.authority FOLDER NOW_MS`"""
    folder, now_ms = Path(sys.argv[1]), int(sys.argv[2])
    open_authority(folder, datetime.fromtimestamp(now_ms / 1000, UTC))


def _pem_of_key(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


if __name__ == "__main__":
    main()
