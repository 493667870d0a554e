"""The errors that several operations share, in Lambda's words. Each function makes one; the caller raises it."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.services.lambda_.service import SERVICE

_USER = "User"


def invalid_parameter(message: str) -> AwsError:
    """A setting that the model allows and Lambda does not."""
    return SERVICE.error("InvalidParameterValueException", message, Type=_USER)


def not_permitted(operation: str, service: str) -> AwsError:
    """A function's role may not do what an event source mapping is to do with it."""
    return invalid_parameter(
        f"The function execution role does not have permissions to call {operation} on {service}"
    )


def invalid_content(message: str) -> AwsError:
    """A payload or client context that is not JSON."""
    return SERVICE.error("InvalidRequestContentException", message, Type=_USER)


def validation(value: object, member: str, constraint: str) -> AwsError:
    """A violated constraint that botocore's model does not carry, in the words of those that it does."""
    message = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    return SERVICE.error("ResourceNotFoundException", message, Type=_USER)


def function_not_found(arn: str) -> AwsError:
    return not_found(f"Function not found: {arn}")


def conflict(message: str) -> AwsError:
    return SERVICE.error("ResourceConflictException", message, Type=_USER)


def stale_revision(operation: str) -> AwsError:
    """The caller's RevisionId is not the latest; `operation` is what tells it (`GetFunction/GetAlias`)."""
    message = (
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {operation} API to retrieve the latest Revision Id"
    )
    return SERVICE.error("PreconditionFailedException", message, Type=_USER)


def payload_too_large(size_bytes: int, invocation_type: str, limit_bytes: int) -> AwsError:
    message = (
        f"{size_bytes} byte payload is too large for the {invocation_type} invocation type "
        f"(limit {limit_bytes} bytes)"
    )
    return SERVICE.error("RequestTooLargeException", message, Type=_USER)


def recursive() -> AwsError:
    return SERVICE.error(
        "RecursiveInvocationException",
        "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources "
        "and stopped your function's invocation.",
        Type=_USER,
    )


def throttled(reason: str) -> AwsError:
    return SERVICE.error("TooManyRequestsException", "Rate Exceeded.", Type=_USER, Reason=reason)


def too_much_contention() -> AwsError:
    """Another writer changed the function each time we looked."""
    return conflict("The operation cannot be performed at this time. Concurrent updates are in progress.")


def access_denied(principal_arn: str, action: str, resource_arn: str) -> AwsError:
    message = (
        f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource_arn} "
        f"because no resource-based policy allows the {action} action"
    )
    return AwsError("AccessDeniedException", message, status=403)


def request_too_large(operation: str) -> AwsError:
    """A direct upload beyond what the request may hold in base64."""
    message = f"Request must be smaller than 70167211 bytes for the {operation} operation"
    return AwsError("RequestEntityTooLargeException", message, status=413)
