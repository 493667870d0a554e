"""Errors of executions and tasks in AWS's words. Where a sentence is not from a recording, it says so."""

from __future__ import annotations

from fogbank.core.errors import AwsError


def no_execution(arn: str) -> AwsError:
    return AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def execution_exists(arn: str) -> AwsError:
    return AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")


def too_many_executions() -> AwsError:
    """The sentence is a guess."""
    return AwsError("ExecutionLimitExceeded", "The maximum number of running executions has been reached.")


def not_redrivable(reason: str) -> AwsError:
    """`reason` is as DescribeExecution's redriveStatusReason. The sentence is a guess."""
    return AwsError("ExecutionNotRedrivable", reason)


def invalid_token() -> AwsError:
    return AwsError("InvalidToken", "Invalid Token: 'Invalid token'")


def task_timed_out() -> AwsError:
    return AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
