"""Errors of STS that its model does not list, in AWS's wording."""

from __future__ import annotations

from fogbank.core.errors import AwsError


def access_denied(message: str) -> AwsError:
    return AwsError("AccessDenied", message, status=403)


def not_authorized(caller_arn: str, action: str, resource: str) -> AwsError:
    return access_denied(f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}")


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def missing_token() -> AwsError:
    return AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
