"""JSON Patch as API Gateway takes it: a table for each noun of the paths that may be patched and by which operations.

    METHOD = Patches({"/operationName": Rule(("replace",), text("operationName")), …}, plain=True)
    METHOD.apply(wire, patch_operations)

`{name}` in a path stands for one step, in which `~1` is a slash and `~0` a tilde. AWS has two ways of refusing, seen in
real answers: most nouns list the paths that the operation may have; those called `plain` here do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.service import bad_request

OPERATIONS = ("add", "remove", "replace", "copy")
ADD_REMOVE: tuple[str, ...] = ("add", "remove")
REPLACE: tuple[str, ...] = ("replace",)
ADD_REMOVE_REPLACE: tuple[str, ...] = ("add", "remove", "replace")


@dataclass(frozen=True, slots=True)
class Patch:
    """One operation: `names` are the steps that stood where the rule's path has `{…}`."""

    op: str
    path: str
    value: str | None
    source: str | None  # "from"
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]


Change = Callable[[Wire, Patch], None]


@dataclass(frozen=True, slots=True)
class Rule:
    ops: Sequence[str]
    apply: Change


class Patches:
    """What may be patched of one noun."""

    def __init__(self, rules: dict[str, Rule], *, plain: bool = False) -> None:
        self._rules = {tuple(path.split("/")[1:]): rule for path, rule in rules.items()}
        self._paths = rules
        self._plain = plain

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that some operation may have."""
        return tuple(self._paths)

    def apply(self, wire: Wire, operations: list[dict[str, Any]] | None) -> None:
        """Change `wire` by every operation, in order. Raises BadRequestException; `wire` is then half changed."""
        for patch in parsed(operations):
            rule, names = self._rule_for(patch)
            rule.apply(wire, Patch(patch.op, patch.path, patch.value, patch.source, names))

    def _rule_for(self, patch: Patch) -> tuple[Rule, tuple[str, ...]]:
        found = self._match(patch.path)
        if found is not None and patch.op in found[0].ops:
            return found
        if self._plain:
            if found is None:
                raise bad_request(f"Invalid patch path {patch.path}")
            raise wrong_operation(found[0].ops)
        allowed = [path for path, rule in self._paths.items() if patch.op in rule.ops]
        raise wrong_path(patch, allowed)

    def _match(self, path: str) -> tuple[Rule, tuple[str, ...]] | None:
        steps = [unescape(step) for step in path.split("/")]
        if steps[0] != "" or len(steps) == 1:
            return None
        best: tuple[Rule, tuple[str, ...]] | None = None
        for pattern, rule in self._rules.items():
            if len(pattern) != len(steps) - 1:
                continue
            names: list[str] = []
            for wanted, step in zip(pattern, steps[1:], strict=True):
                if wanted.startswith("{"):
                    names.append(step)
                elif wanted != step:
                    break
            else:
                if best is None or len(names) < len(best[1]):
                    best = rule, tuple(names)
        return best


def parsed(operations: list[dict[str, Any]] | None) -> list[Patch]:
    """The operations of a request, in order."""
    return [
        Patch(given.get("op") or "", _path(given), given.get("value"), given.get("from"))
        for given in operations or ()
    ]


def _path(given: dict[str, Any]) -> str:
    if given.get("path") is None:
        raise bad_request("Invalid patch path null")
    return str(given["path"])


def wrong_path(patch: Patch, allowed: Sequence[str]) -> Exception:
    text = f"Invalid patch path  '{patch.path}' specified for op '{patch.op}'. "
    if not allowed:
        return bad_request(text + "Please choose supported operations")
    return bad_request(f"{text}Must be one of: [{', '.join(allowed)}]")


def wrong_operation(ops: Sequence[str]) -> Exception:
    return bad_request(f"Invalid patch operation specified. Must be one of: [{', '.join(ops)}]")


def unescape(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~1", "/").replace("~0", "~")


# --- changes that many nouns share ------------------------------------------------------------------------------------


def set_or_drop(wire: Wire, member: str, value: Any) -> None:
    """AWS shows no member that has no value."""
    if value is None:
        wire.pop(member, None)
    else:
        wire[member] = value


def text(member: str, check: Callable[[str | None], None] | None = None) -> Change:
    """Replace a string; no value, or an empty one, removes it (and so does the operation `remove`)."""

    def change(wire: Wire, patch: Patch) -> None:
        value = None if patch.op == "remove" else patch.value or None
        if check is not None:
            check(value)
        set_or_drop(wire, member, value)

    return change


def boolean(member: str) -> Change:
    def change(wire: Wire, patch: Patch) -> None:
        wire[member] = to_boolean(patch)

    return change


def to_boolean(patch: Patch) -> bool:
    match (patch.value or "").lower():
        case "true":
            return True
        case "false":
            return False
    raise bad_request(f"Invalid boolean value '{patch.value}' specified for path {patch.path}")  # ours


def to_integer(patch: Patch) -> int:
    try:
        return int(patch.value or "")
    except ValueError:
        raise bad_request(f"Invalid integer value '{patch.value}' specified for path {patch.path}") from None


def to_float(patch: Patch) -> float:
    try:
        found = float(patch.value or "")
    except ValueError:
        found = float("nan")
    if found != found or found in (float("inf"), float("-inf")):
        raise bad_request(f"Invalid number '{patch.value}' specified for path {patch.path}")
    return found


def entry(member: str, convert: Callable[[Patch], Any] | None = None) -> Change:
    """Set or remove one entry of a map; a map without entries is not shown."""

    def change(wire: Wire, patch: Patch) -> None:
        held: dict[str, Any] = wire.get(member) or {}
        if patch.op == "remove":
            if patch.name not in held:
                raise bad_request("Invalid parameter name specified")
            del held[patch.name]
        else:
            held[patch.name] = convert(patch) if convert is not None else given(patch)
        set_or_drop(wire, member, held or None)

    return change


def given(patch: Patch) -> str:
    """A value that must be there."""
    if patch.value is None:
        raise bad_request(f"Invalid null or empty value in {patch.path}")
    return patch.value


def template(patch: Patch) -> str:
    """A mapping template: one without a value is empty, as AWS takes it when a request is to pass unchanged."""
    return patch.value or ""


def whole(member: str) -> Change:
    """Remove a whole member."""

    def change(wire: Wire, patch: Patch) -> None:
        wire.pop(member, None)

    return change


def items(member: str) -> Change:
    """Add or remove `value` of a list."""

    def change(wire: Wire, patch: Patch) -> None:
        held: list[str] = list(wire.get(member) or ())
        value = given(patch)
        if patch.op == "remove":
            held = [each for each in held if each != value]
        elif patch.op == "replace":
            held = [value]
        elif value not in held:
            held.append(value)
        set_or_drop(wire, member, held or None)

    return change
