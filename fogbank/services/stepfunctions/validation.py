"""ValidateStateMachineDefinition, and the same check as CreateStateMachine and UpdateStateMachine make it."""

from __future__ import annotations

from typing import Any

from fogbank.asl.definition import Diagnostic, errors_of, refusal, validate
from fogbank.asl.resources import TaskResource
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.stepfunctions.limits import DIAGNOSTICS_MAX
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions
from fogbank.services.stepfunctions.tasks import Support, Tasks


@SERVICE.operation
async def validate_state_machine_definition(
    ctx: Call[StepFunctions],
    *,
    definition: str,
    type: str = "STANDARD",
    severity: str = "ERROR",
    max_results: int | None = None,
) -> dict[str, Any]:
    """What is wrong with a definition, and with severity WARNING what is doubtful."""
    recognises = Recognises(ctx.state.tasks)
    foreign = ctx.state.tasks.sdk.foreign
    found = validate(definition, express=type == "EXPRESS", recognises=recognises, foreign=foreign)
    shown = found if severity == "WARNING" else errors_of(found)
    limit = min(max_results or DIAGNOSTICS_MAX, DIAGNOSTICS_MAX)
    return {
        "result": "FAIL" if errors_of(found) else "OK",
        "diagnostics": [_wire(each) for each in shown[:limit]],
        "truncated": len(shown) > limit,
    }


class Recognises:
    """Whether AWS has an integration. What fogbank lacks of those that were asked for is in `lacking`."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self.lacking: list[str] = []

    def __call__(self, resource: TaskResource) -> bool:
        support = self._tasks.support(resource)
        if support is Support.NOT_YET:
            self.lacking.append(resource.arn)
        return support is not Support.UNKNOWN


def check_definition(definition: str, *, express: bool, tasks: Tasks) -> None:
    """InvalidDefinition, with every error that was found; NotSupported for integrations that fogbank lacks."""
    recognises = Recognises(tasks)
    refuse(validate(definition, express=express, recognises=recognises, foreign=tasks.sdk.foreign))
    if recognises.lacking:
        raise NotSupported(f"the resource {', '.join(sorted(set(recognises.lacking)))} in state machines")


def refuse(diagnostics: list[Diagnostic]) -> None:
    """InvalidDefinition if there are errors among them."""
    if errors_of(diagnostics):
        raise SERVICE.error("InvalidDefinition", refusal(diagnostics))


def _wire(diagnostic: Diagnostic) -> dict[str, Any]:
    shown = {"severity": diagnostic.severity.value, "code": diagnostic.code, "message": diagnostic.message}
    return shown | ({"location": diagnostic.location} if diagnostic.location else {})
