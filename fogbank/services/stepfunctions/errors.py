"""Step Functions' errors in AWS's words. Where a sentence is not from a recording, it says so."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.services.stepfunctions.service import SERVICE


def validation(message: str, reason: str | None = None) -> AwsError:
    """ValidationException; `reason` is one of AWS's codes (API_DOES_NOT_SUPPORT_LABELED_ARNS…)."""
    return SERVICE.error("ValidationException", message, **({"reason": reason} if reason else {}))


def invalid_arn(problem: str) -> AwsError:
    return SERVICE.error("InvalidArn", f"Invalid Arn: '{problem}'")


def invalid_name(name: str) -> AwsError:
    return SERVICE.error("InvalidName", f"Invalid Name: '{name}'")


def invalid_token() -> AwsError:
    """A page token that was not given out for that list. The sentence is a guess, after that for task tokens."""
    return SERVICE.error("InvalidToken", "Invalid Token: 'Invalid token'")


def no_machine(arn: str) -> AwsError:
    return SERVICE.error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def machine_exists(arn: str) -> AwsError:
    return SERVICE.error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def no_activity(arn: str) -> AwsError:
    return SERVICE.error("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")


def no_resource(arn: str) -> AwsError:
    """Of tags."""
    return SERVICE.error("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)


def no_reference(arn: str) -> AwsError:
    """Of aliases, and of versions named by them."""
    message = "Request references a resource that does not exist."
    return SERVICE.error("ResourceNotFound", message, resourceName=arn)


def conflict(message: str) -> AwsError:
    return SERVICE.error("ConflictException", message)


def too_many_tags(arn: str) -> AwsError:
    """The sentence is a guess."""
    return SERVICE.error("TooManyTags", f"Too many tags for the resource: '{arn}'", resourceName=arn)


def quota_exceeded(message: str) -> AwsError:
    return SERVICE.error("ServiceQuotaExceededException", message)


def too_much_contention() -> AwsError:
    """After the bounded retries of a conflicting update."""
    return conflict("The resource is being changed by other requests. Try again.")
