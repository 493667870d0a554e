"""X.509 certificates and public keys in PEM and OpenSSH form, read and checked. Pure.

`cryptography`'s X.509 and key formats are imported by those who need them: that costs 60 ms, which no start should pay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.services.iam.service import SERVICE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 16_384


def read_certificate(pem: str) -> Certificate:
    """The one certificate in `pem`; MalformedCertificate when there is none."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.strip().encode())
    except ValueError:
        message = "Unable to parse certificate. Please ensure the certificate is in PEM format."
        raise SERVICE.error("MalformedCertificateException", message) from None


def check_chain(pem: str) -> None:
    """MalformedCertificate when `pem` is not a list of certificates."""
    from cryptography import x509

    try:
        x509.load_pem_x509_certificates(pem.strip().encode())
    except ValueError:
        message = "Unable to parse certificate chain. Please ensure the certificates are in PEM format."
        raise SERVICE.error("MalformedCertificateException", message) from None


def check_private_key(certificate: Certificate, pem: str) -> None:
    """MalformedCertificate when `pem` is no unencrypted private key, KeyPairMismatch when it is another's."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "Unable to parse key. Please ensure the private key is in PEM format and not encrypted."
        raise SERVICE.error("MalformedCertificateException", message) from None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        message = "Private key does not match the public key of the certificate."
        raise SERVICE.error("KeyPairMismatchException", message)


def expires_ms(certificate: Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp()) * 1000


def openssh_key(text: str) -> str:
    """An RSA public key given in OpenSSH or PEM form, as AWS takes them, in OpenSSH form. InvalidPublicKey otherwise."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    raw = text.strip().encode()
    read = (
        serialization.load_pem_public_key if raw.startswith(b"-----") else serialization.load_ssh_public_key
    )
    try:
        key: object = read(raw)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise SERVICE.error("InvalidPublicKeyException", "Invalid SSH public key.")
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def pem_of_openssh(text: str) -> str:
    """A key in OpenSSH form as PEM."""
    from cryptography.hazmat.primitives import serialization

    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return serialization.load_ssh_public_key(text.encode()).public_bytes(*form).decode()
