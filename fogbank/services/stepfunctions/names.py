"""Names and ARNs of Step Functions' resources. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fogbank.core.arn import Arn, parse_arn, partition_of
from fogbank.services.stepfunctions.errors import invalid_arn, invalid_name

#: White space, brackets, wildcards, special characters, controls, surrogates and non-characters.
_REFUSED = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U0010ffff]")


def check_name(name: str) -> None:
    """InvalidName for a name of a state machine, activity or execution that AWS does not take."""
    if _REFUSED.search(name):
        raise invalid_name(name)


@dataclass(frozen=True, slots=True)
class MachineName:
    """A state machine as an ARN named it. `qualifier` is a version, an alias, or None.

    `label` names the Distributed Map whose child executions are meant (`stateMachine:name/label`).
    """

    account: str
    region: str
    name: str
    qualifier: str | None = None
    label: str | None = None

    @property
    def machine_arn(self) -> str:
        """Without the qualifier."""
        return arn_of(self.account, self.region, f"stateMachine:{self.name}")

    @property
    def arn(self) -> str:
        label = f"/{self.label}" if self.label else ""
        return self.machine_arn + label + (f":{self.qualifier}" if self.qualifier else "")

    @property
    def version(self) -> int | None:
        """The number, when the qualifier is a version's."""
        qualifier = self.qualifier
        return int(qualifier) if qualifier is not None and is_version(qualifier) else None

    def qualified(self, qualifier: str | int) -> MachineName:
        return replace(self, qualifier=str(qualifier), label=None)

    def bare(self) -> MachineName:
        return replace(self, qualifier=None, label=None)


def is_version(qualifier: str) -> bool:
    """Versions are numbers; an alias has something else in it as well."""
    return qualifier.isascii() and qualifier.isdigit() and len(qualifier) < 16


def arn_of(account: str, region: str, resource: str) -> str:
    return f"arn:{partition_of(region)}:states:{region}:{account}:{resource}"


def parse_states_arn(text: str) -> Arn:
    """An ARN of Step Functions; InvalidArn for what is none."""
    if not text.startswith("arn:"):
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    arn = parse_arn(text)
    if arn is None:
        raise invalid_arn(f"Invalid ARN: {text}")
    if arn.service != "states":
        raise invalid_arn(f"Invalid ARN service: {arn.service}")  # the sentence is a guess
    return arn


def parse_machine_arn(text: str) -> MachineName:
    """A state machine's ARN, with or without version or alias. Raises InvalidArn."""
    arn = parse_states_arn(text)
    kind, _, rest = arn.resource.partition(":")
    if kind != "stateMachine":
        raise wrong_type(kind)
    name, _, qualifier = rest.partition(":")
    name, _, label = name.partition("/")
    if not name or ":" in qualifier:
        raise invalid_arn(f"Invalid ARN: {text}")
    return MachineName(arn.account, arn.region, name, qualifier or None, label or None)


def parse_activity_arn(text: str) -> Arn:
    """An activity's ARN: its `resource` becomes the bare name. Raises InvalidArn."""
    arn = parse_states_arn(text)
    kind, _, name = arn.resource.partition(":")
    if kind != "activity":
        raise wrong_type(kind)
    return arn._replace(resource=name)


def wrong_type(kind: str) -> Exception:
    """An ARN of something else than the operation is about."""
    return invalid_arn(f"Resource type not valid in this context: {kind}")
