"""IAM's errors by their modelled names. Wordings that several nouns share are here; the others stand where they arise."""

from __future__ import annotations

from fogbank.core.errors import AwsError
from fogbank.services.iam.service import SERVICE


def no_such_entity(message: str) -> AwsError:
    return SERVICE.error("NoSuchEntityException", message)


def not_found(what: str, name: str) -> AwsError:
    """`The role with name x cannot be found.`"""
    return no_such_entity(f"The {what} with name {name} cannot be found.")


def already_exists(message: str) -> AwsError:
    return SERVICE.error("EntityAlreadyExistsException", message)


def delete_conflict(what_first: str) -> AwsError:
    """`Cannot delete entity, must …`"""
    return SERVICE.error("DeleteConflictException", f"Cannot delete entity, must {what_first}.")


def limit_exceeded(message: str) -> AwsError:
    return SERVICE.error("LimitExceededException", message)


def quota_exceeded(quota: str, maximum: int) -> AwsError:
    """`Cannot exceed quota for PoliciesPerRole: 10`"""
    return limit_exceeded(f"Cannot exceed quota for {quota}: {maximum}")


def invalid_input(message: str) -> AwsError:
    return SERVICE.error("InvalidInputException", message)


def malformed_policy(message: str) -> AwsError:
    return SERVICE.error("MalformedPolicyDocumentException", message)


def validation_error(message: str) -> AwsError:
    """What the model's constraints cannot express."""
    return AwsError("ValidationError", message)


def unmodifiable(message: str) -> AwsError:
    return SERVICE.error("UnmodifiableEntityException", message)
