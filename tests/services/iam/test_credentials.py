"""Passwords, MFA devices, SSH keys and certificates."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from fogbank.core.errors import AwsError
from fogbank.services.iam import totp
from tests.services.iam.support import ACCOUNT, caller, user_principal
from tests.support.house import House

WHO = {"UserName": "bob"}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def certificate_of(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


async def test_password_policy_reads_back_and_is_enforced(house: House) -> None:
    error = await house.fails("iam", "GetAccountPasswordPolicy")
    assert error.message == f"The Password Policy with domain name {ACCOUNT} cannot be found."
    await house.call("iam", "CreateUser", WHO)
    error = await house.fails("iam", "CreateLoginProfile", WHO | {"Password": "short"})
    assert (error.code, error.status) == ("PasswordPolicyViolation", 400)
    await house.call(
        "iam",
        "UpdateAccountPasswordPolicy",
        {
            "MinimumPasswordLength": 12,
            "RequireSymbols": True,
            "PasswordReusePrevention": 2,
            "MaxPasswordAge": 90,
        },
    )
    policy = (await house.call("iam", "GetAccountPasswordPolicy"))["PasswordPolicy"]
    assert policy["ExpirePasswords"] is True
    assert (policy["MinimumPasswordLength"], policy["PasswordReusePrevention"]) == (12, 2)
    assert "HardExpiry" not in policy
    for wrong in ("longenoughbutplain", "sh0rt!"):
        error = await house.fails("iam", "CreateLoginProfile", WHO | {"Password": wrong})
        assert error.code == "PasswordPolicyViolation"
    await house.call("iam", "CreateLoginProfile", WHO | {"Password": "password-one!"})
    update = WHO | {"Password": "password-one!"}
    error = await house.fails("iam", "UpdateLoginProfile", update)
    assert error.code == "PasswordPolicyViolation"
    await house.call("iam", "UpdateLoginProfile", update | {"Password": "password-two!"})
    error = await house.fails("iam", "UpdateLoginProfile", update)
    assert error.code == "PasswordPolicyViolation"
    await house.call("iam", "UpdateLoginProfile", update | {"Password": "password-three!"})
    await house.call("iam", "UpdateLoginProfile", update)
    await house.call("iam", "DeleteAccountPasswordPolicy")
    error = await house.fails("iam", "DeleteAccountPasswordPolicy")
    assert error.code == "NoSuchEntity"


async def test_change_password(house: House) -> None:
    bob = caller(await user_principal(house, "bob"))
    await house.call(
        "iam", "CreateLoginProfile", WHO | {"Password": "Old-passw0rd", "PasswordResetRequired": True}
    )
    with pytest.raises(AwsError, match="AccessDenied"):
        await house.calls.call(
            "iam", "ChangePassword", {"OldPassword": "wrong", "NewPassword": "New-passw0rd"}, bob
        )
    params = {"OldPassword": "Old-passw0rd", "NewPassword": "New-passw0rd"}
    await house.calls.call("iam", "ChangePassword", params, bob)
    shown = await house.call("iam", "GetLoginProfile", WHO)
    assert shown["LoginProfile"]["PasswordResetRequired"] is False
    with pytest.raises(AwsError, match="AccessDenied"):
        await house.calls.call("iam", "ChangePassword", params, bob)
    error = await house.fails("iam", "ChangePassword", params)
    assert error.code == "InvalidUserType"


async def test_an_expired_password_with_hard_expiry_is_an_administrators_matter(house: House) -> None:
    bob = caller(await user_principal(house, "bob"))
    await house.call("iam", "UpdateAccountPasswordPolicy", {"MaxPasswordAge": 1, "HardExpiry": True})
    await house.call("iam", "CreateLoginProfile", WHO | {"Password": "password-1"})
    change = {"OldPassword": "password-1", "NewPassword": "password-2"}
    await house.clock.advance_ms(2 * 86_400_000)
    with pytest.raises(AwsError, match="AccessDenied"):
        await house.calls.call("iam", "ChangePassword", change, bob)
    await house.call("iam", "UpdateLoginProfile", WHO | {"Password": "password-1"})
    await house.calls.call("iam", "ChangePassword", change, bob)


def test_totp_is_rfc_6238s() -> None:
    seed = b"12345678901234567890"
    # Appendix B: 94287082 at 59 s, 07081804 at 1111111109 s; the last six digits.
    assert totp.code_at(seed, 59 // 30) == "287082"
    assert totp.code_at(seed, 1111111109 // 30) == "081804"
    assert totp.step_of(seed, "287082", 59_000, after_step=0) == 1
    assert totp.step_of(seed, "287082", 59_000, after_step=1) is None
    assert totp.step_of(seed, "287082", 300_000, after_step=0) is None


async def device(house: House) -> tuple[str, bytes]:
    made = (await house.call("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"}))[
        "VirtualMFADevice"
    ]
    assert made["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/phone"
    assert len(made["Base32StringSeed"]) == 64
    return made["SerialNumber"], base64.b32decode(made["Base32StringSeed"])


async def test_mfa_device(house: House) -> None:
    await house.call("iam", "CreateUser", WHO)
    serial, seed = await device(house)
    now = house.clock.now_ms() // 30_000
    codes = {
        "AuthenticationCode1": totp.code_at(seed, now - 1),
        "AuthenticationCode2": totp.code_at(seed, now),
    }
    one = WHO | {"SerialNumber": serial}
    swapped = dict(zip(codes, reversed(codes.values()), strict=True))
    error = await house.fails("iam", "EnableMFADevice", one | swapped)
    assert (error.code, error.status) == ("InvalidAuthenticationCode", 403)
    await house.call("iam", "EnableMFADevice", one | codes)
    shown = (await house.call("iam", "ListMFADevices", WHO))["MFADevices"]
    assert [each["SerialNumber"] for each in shown] == [serial]
    for status, count in (("Assigned", 1), ("Unassigned", 0), ("Any", 1)):
        found = await house.call("iam", "ListVirtualMFADevices", {"AssignmentStatus": status})
        assert len(found["VirtualMFADevices"]) == count
    error = await house.fails("iam", "DeleteUser", WHO)
    assert error.message == "Cannot delete entity, must delete MFA device first."
    error = await house.fails("iam", "DeleteVirtualMFADevice", {"SerialNumber": serial})
    assert error.code == "DeleteConflict"
    await house.call("iam", "DeactivateMFADevice", one)
    await house.call("iam", "DeleteVirtualMFADevice", {"SerialNumber": serial})
    await house.call("iam", "DeleteUser", WHO)


async def test_mfa_codes_are_taken_once(house: House) -> None:
    await house.call("iam", "CreateUser", WHO)
    serial, seed = await device(house)
    now = house.clock.now_ms() // 30_000
    codes = [totp.code_at(seed, now - 1), totp.code_at(seed, now)]
    await house.call(
        "iam",
        "EnableMFADevice",
        WHO | {"SerialNumber": serial, "AuthenticationCode1": codes[0], "AuthenticationCode2": codes[1]},
    )
    await house.clock.advance_ms(30_000)
    check = {
        "user_arn": f"arn:aws:iam::{ACCOUNT}:user/bob",
        "serial_number": serial,
        "code": totp.code_at(seed, now + 1),
    }
    assert not await house.internal("iam", "verify_mfa", **check | {"code": codes[1]})
    assert not await house.internal(
        "iam", "verify_mfa", **check | {"user_arn": f"arn:aws:iam::{ACCOUNT}:user/eve"}
    )
    assert await house.internal("iam", "verify_mfa", **check)
    assert not await house.internal("iam", "verify_mfa", **check)


async def test_server_certificate(house: House, key: rsa.RSAPrivateKey) -> None:
    body = certificate_of(key)
    params = {"ServerCertificateName": "c", "CertificateBody": body, "PrivateKey": pem_of(key)}
    made = (await house.call("iam", "UploadServerCertificate", params))["ServerCertificateMetadata"]
    assert made["Expiration"] == int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * 1000
    shown = (await house.call("iam", "GetServerCertificate", {"ServerCertificateName": "c"}))[
        "ServerCertificate"
    ]
    assert (shown["CertificateBody"], shown["Tags"]) == (body.strip(), [])
    assert shown["ServerCertificateMetadata"] == made
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    error = await house.fails("iam", "UploadServerCertificate", params | {"PrivateKey": pem_of(other)})
    assert error.code == "KeyPairMismatch"
    for wrong in ({"CertificateBody": "x"}, {"PrivateKey": "x"}, {"CertificateChain": "x"}):
        error = await house.fails("iam", "UploadServerCertificate", params | wrong)
        assert error.code == "MalformedCertificate"
    rename = {"ServerCertificateName": "c", "NewServerCertificateName": "d", "NewPath": "/x/"}
    await house.call("iam", "UpdateServerCertificate", rename)
    listed = await house.call("iam", "ListServerCertificates", {"PathPrefix": "/x/"})
    assert [each["ServerCertificateName"] for each in listed["ServerCertificateMetadataList"]] == ["d"]
    records = await house.store.scan(("iam",), limit=100)
    secret = pem_of(key).splitlines()[1].encode()
    assert not any(secret in record.value for record in records)
    await house.call("iam", "DeleteServerCertificate", {"ServerCertificateName": "d"})


async def test_ssh_public_key(house: House, key: rsa.RSAPrivateKey) -> None:
    await house.call("iam", "CreateUser", WHO)
    form = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    text = key.public_key().public_bytes(*form).decode()
    made = (await house.call("iam", "UploadSSHPublicKey", WHO | {"SSHPublicKeyBody": text}))["SSHPublicKey"]
    digest = hashlib.md5(base64.b64decode(text.split()[1])).hexdigest()
    assert made["Fingerprint"].replace(":", "") == digest
    error = await house.fails("iam", "UploadSSHPublicKey", WHO | {"SSHPublicKeyBody": text})
    assert error.code == "DuplicateSSHPublicKey"
    error = await house.fails("iam", "UploadSSHPublicKey", WHO | {"SSHPublicKeyBody": "ssh-rsa nonsense"})
    assert error.code == "InvalidPublicKey"
    one = WHO | {"SSHPublicKeyId": made["SSHPublicKeyId"]}
    pem = (await house.call("iam", "GetSSHPublicKey", one | {"Encoding": "PEM"}))["SSHPublicKey"]
    assert pem["SSHPublicKeyBody"].startswith("-----BEGIN PUBLIC KEY-----")
    await house.call("iam", "UpdateSSHPublicKey", one | {"Status": "Inactive"})
    listed = (await house.call("iam", "ListSSHPublicKeys", WHO))["SSHPublicKeys"]
    assert [each["Status"] for each in listed] == ["Inactive"]
    await house.call("iam", "DeleteSSHPublicKey", one)


async def test_signing_certificate(house: House, key: rsa.RSAPrivateKey) -> None:
    await house.call("iam", "CreateUser", WHO)
    body = certificate_of(key)
    made = (await house.call("iam", "UploadSigningCertificate", WHO | {"CertificateBody": body}))[
        "Certificate"
    ]
    error = await house.fails("iam", "UploadSigningCertificate", WHO | {"CertificateBody": body})
    assert error.code == "DuplicateCertificate"
    one = WHO | {"CertificateId": made["CertificateId"]}
    await house.call("iam", "UpdateSigningCertificate", one | {"Status": "Inactive"})
    listed = (await house.call("iam", "ListSigningCertificates", WHO))["Certificates"]
    assert [each["Status"] for each in listed] == ["Inactive"]
    error = await house.fails("iam", "DeleteUser", WHO)
    assert error.message == "Cannot delete entity, must remove referenced objects first."
    await house.call("iam", "DeleteSigningCertificate", one)
    await house.call("iam", "DeleteUser", WHO)
