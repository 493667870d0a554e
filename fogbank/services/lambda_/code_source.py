"""Where a package comes from: the zip in the request, or an object in S3, read with the caller's own permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.limits import CODE_UNZIPPED_BYTES_MAX, CODE_ZIP_BYTES_MAX
from fogbank.model.call import Call
from fogbank.services.lambda_.errors import invalid_parameter, request_too_large
from fogbank.services.lambda_.state import Lambda

_OBJECT = ("S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode")
_NOT_ZIP = (*_OBJECT, "ImageUri")


async def zip_of(ctx: Call[Lambda], code: dict[str, Any], operation: str) -> bytes:
    """The zip that a FunctionCode or a layer's Content speaks of; refuses the other sources by name."""
    content: bytes | None = code.get("ZipFile")
    if content is not None and any(member in code for member in _NOT_ZIP):
        raise invalid_parameter(
            "Please do not provide other FunctionCode parameters when providing a ZipFile."
        )
    if code.get("SourceKMSKeyArn"):
        raise NotSupported("SourceKMSKeyArn of Lambda functions")
    if content is not None:
        if len(content) > CODE_ZIP_BYTES_MAX:
            raise request_too_large(operation)
        return content
    if "S3Bucket" not in code and "S3Key" not in code:
        raise invalid_parameter("Please provide a source for function code.")
    if "S3Bucket" not in code or "S3Key" not in code:  # AWS's words for this are not known
        raise invalid_parameter("S3Bucket and S3Key must be provided together.")
    if code.get("S3ObjectStorageMode", "COPY") != "COPY":
        raise NotSupported(f"S3ObjectStorageMode {code['S3ObjectStorageMode']} of Lambda functions")
    return await _from_s3(ctx, code)


async def _from_s3(ctx: Call[Lambda], code: dict[str, Any]) -> bytes:
    wanted = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    if "S3ObjectVersion" in code:
        wanted["VersionId"] = code["S3ObjectVersion"]
    try:
        found = await ctx.calls.call("s3", "GetObject", wanted, ctx.caller)
    except AwsError as error:
        raise _refused(error, wanted) from error
    if found["ContentLength"] > CODE_UNZIPPED_BYTES_MAX:
        raise invalid_parameter(f"Unzipped size must be smaller than {CODE_UNZIPPED_BYTES_MAX} bytes")
    body: bytes | AsyncIterator[bytes] = found["Body"]
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])


def _refused(error: AwsError, wanted: dict[str, str]) -> AwsError:
    """S3's error in Lambda's words."""
    about = f"S3 Error Code: {error.code}. S3 Error Message: {error.message}"
    if error.code == "AccessDenied":
        message = (
            "Your access has been denied by S3, please make sure your request credentials have permission to GetObject "
            f"for {wanted['Bucket']}/{wanted['Key']}. {about}"
        )
        return AwsError("AccessDeniedException", message, status=403)
    if isinstance(error, NotSupported):
        return error
    return invalid_parameter(f"Error occurred while GetObject. {about}")
