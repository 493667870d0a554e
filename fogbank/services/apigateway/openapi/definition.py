"""What a definition says, in wire shapes but with names where an API has ids. `importing.py` fills it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fogbank.gateway.records import Wire

METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
ANY = "x-amazon-apigateway-any-method"


@dataclass(slots=True)
class Definition:
    """`methods` by path and HTTP method: `authorizerId` and `requestValidatorId` hold names. `api` holds the members that the
    definition sets."""

    api: Wire
    methods: dict[str, dict[str, Wire]] = field(default_factory=dict)
    models: dict[str, Wire] = field(default_factory=dict)
    validators: dict[str, Wire] = field(default_factory=dict)
    authorizers: dict[str, Wire] = field(default_factory=dict)
    gateway_responses: dict[str, Wire] = field(default_factory=dict)
    documentation: list[Wire] = field(default_factory=list)
    documentation_version: str | None = None
    warnings: list[str] = field(default_factory=list)
