"""What Task states do to the world: Lambda, optimized integrations, and every operation that fogbank has by `aws-sdk`."""

from __future__ import annotations

from fogbank.services.stepfunctions.tasks.port import Tasks
from fogbank.services.stepfunctions.tasks.supported import Support, pruned, support_of

__all__ = ["Support", "Tasks", "pruned", "support_of"]
