"""X.509 certificates and keys in PEM, read and checked. Pure."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from fogbank.services.iam.service import SERVICE


def read_certificate(pem: str) -> x509.Certificate:
    """The one certificate in `pem`; MalformedCertificate when there is none."""
    try:
        return x509.load_pem_x509_certificate(pem.strip().encode())
    except ValueError:
        message = "Unable to parse certificate. Please ensure the certificate is in PEM format."
        raise SERVICE.error("MalformedCertificateException", message) from None


def check_chain(pem: str) -> None:
    """MalformedCertificate when `pem` is not a list of certificates."""
    try:
        x509.load_pem_x509_certificates(pem.strip().encode())
    except ValueError:
        message = "Unable to parse certificate chain. Please ensure the certificates are in PEM format."
        raise SERVICE.error("MalformedCertificateException", message) from None


def check_private_key(certificate: x509.Certificate, pem: str) -> None:
    """MalformedCertificate when `pem` is no unencrypted private key, KeyPairMismatch when it is another's."""
    try:
        key = serialization.load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "Unable to parse key. Please ensure the private key is in PEM format and not encrypted."
        raise SERVICE.error("MalformedCertificateException", message) from None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        message = "Private key does not match the public key of the certificate."
        raise SERVICE.error("KeyPairMismatchException", message)


def expires_ms(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp()) * 1000
