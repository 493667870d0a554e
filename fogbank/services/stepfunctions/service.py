"""The Step Functions service object that every noun module of this folder declares its operations on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.model.service import Service

if TYPE_CHECKING:
    from fogbank.services.stepfunctions.state import StepFunctions

SERVICE: Service[StepFunctions] = Service("stepfunctions")
