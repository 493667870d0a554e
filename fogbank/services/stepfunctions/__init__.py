"""Step Functions. Importing this package declares every operation; `SERVICE` and the state class are what app.py joins."""

from fogbank.services.stepfunctions import activities as activities
from fogbank.services.stepfunctions import activity_polling as activity_polling
from fogbank.services.stepfunctions import aliases as aliases
from fogbank.services.stepfunctions import execution_lists as execution_lists
from fogbank.services.stepfunctions import executions as executions
from fogbank.services.stepfunctions import histories as histories
from fogbank.services.stepfunctions import live as live
from fogbank.services.stepfunctions import map_runs as map_runs
from fogbank.services.stepfunctions import needs as needs
from fogbank.services.stepfunctions import state_machines as state_machines
from fogbank.services.stepfunctions import tags as tags
from fogbank.services.stepfunctions import task_answers as task_answers
from fogbank.services.stepfunctions import test_state as test_state
from fogbank.services.stepfunctions import validation as validation
from fogbank.services.stepfunctions import versions as versions
from fogbank.services.stepfunctions.service import SERVICE
from fogbank.services.stepfunctions.state import StepFunctions

__all__ = ["SERVICE", "StepFunctions"]
