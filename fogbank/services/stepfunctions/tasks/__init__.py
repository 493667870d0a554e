"""What Task states do to the world: Lambda, optimized integrations, and every operation that fogbank has by `aws-sdk`."""

from __future__ import annotations

from fogbank.services.stepfunctions.tasks.port import Tasks
from fogbank.services.stepfunctions.tasks.supported import Support, parameters_of, pruned, support_of

__all__ = ["Support", "Tasks", "parameters_of", "pruned", "support_of"]
