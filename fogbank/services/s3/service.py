"""The s3 service as the registry knows it, and its errors in S3's words. Operations are in the noun modules beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError
from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.s3.state import S3

SERVICE: Service[S3] = Service("s3")


def failure(code: str, message: str, status: int = 400, **fields: Any) -> AwsError:
    """An S3 error. Most are in no model; `fields` become elements beside its message."""
    return AwsError(code, message, status=status, fields=fields)


def invalid_argument(message: str, name: str, value: Any = None) -> AwsError:
    fields = {"ArgumentName": name} if value is None else {"ArgumentName": name, "ArgumentValue": value}
    return failure("InvalidArgument", message, **fields)


def invalid_request(message: str) -> AwsError:
    return failure("InvalidRequest", message)


def malformed_xml() -> AwsError:
    return failure(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def no_bucket(name: str) -> AwsError:
    return failure("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def no_key(key: str) -> AwsError:
    return failure("NoSuchKey", "The specified key does not exist.", 404, Key=key)


def no_version(key: str, version_id: str) -> AwsError:
    return failure(
        "NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version_id
    )


def no_upload(upload_id: str) -> AwsError:
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )
    return failure("NoSuchUpload", message, 404, UploadId=upload_id)


def access_denied() -> AwsError:
    return failure("AccessDenied", "Access Denied", 403)


def precondition_failed(condition: str) -> AwsError:
    return failure(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        Condition=condition,
    )


def conflicting() -> AwsError:
    """After the bounded attempts of a conflicting write."""
    return failure(
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
        409,
    )
