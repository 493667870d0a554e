"""The state machine of an order; `workflow.asl.json` is its definition, with ARNs left out as `${Name}`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parents[1] / "workflow.asl.json"


def put_state_machine(states: Any, role: str, **arns: str) -> str:
    """Create or update it; its ARN."""
    definition = DEFINITION.read_text()
    for name, arn in arns.items():
        definition = definition.replace(f"${{{name}}}", arn)
    settings = {"definition": definition, "roleArn": role}
    try:
        made = states.create_state_machine(name="orders-workflow", type="STANDARD", **settings)
    except states.exceptions.StateMachineAlreadyExists:
        pages = states.get_paginator("list_state_machines").paginate()
        machines = [machine for page in pages for machine in page["stateMachines"]]
        [made] = [machine for machine in machines if machine["name"] == "orders-workflow"]
        states.update_state_machine(stateMachineArn=made["stateMachineArn"], **settings)
    return str(made["stateMachineArn"])
