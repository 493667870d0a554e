"""How a state fails: an error name that Retry and Catch can match, and a cause for people.

The cause does not yet say in which state it happened ("An error occurred while executing the state …"); the step knows.
"""

from __future__ import annotations

from fogbank.core.errors import FogbankError

RUNTIME = "States.Runtime"


class StatesError(FogbankError):
    """`error` is the name that `ErrorEquals` compares (`States.ParameterPathFailure`), `cause` AWS's sentence."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class QueryEvaluationError(StatesError):
    """A JSONata expression failed, or what it answered is not what its field takes."""

    def __init__(self, cause: str) -> None:
        super().__init__("States.QueryEvaluationError", cause)


def runtime_error(cause: str) -> StatesError:
    """`States.Runtime`: an error that no Retry handles, and a Catch only by this very name, not by `States.ALL`."""
    return StatesError(RUNTIME, cause)
