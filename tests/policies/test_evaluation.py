"""How policies decide together, against an oracle that reads the documents anew for every question."""

from __future__ import annotations

import fnmatch
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Asked, Decision, Policy
from fogbank.policies.evaluation import NOBODY, ROOT, Identity, Refusal, decide
from fogbank.policies.grants import Grants

ACTIONS = ("s3:Get", "s3:Put", "sqs:Send")
RESOURCES = ("arn:a", "arn:b", "arn:ab")
CALLER = Principal(PrincipalType.ASSUMED_ROLE, "1", "session", "AROA:s", issuer_arn="role")
NAMES = ("session", "role", "1")
VALUES = ("x", "y", "10")


def patterns(*texts: str) -> st.SearchStrategy[Any]:
    one = st.sampled_from(texts)
    return st.one_of(one, st.lists(one, min_size=1, max_size=2))


CONDITIONS = st.dictionaries(
    st.sampled_from(
        [
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIfExists",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringNotEquals",
            "NumericLessThan",
            "Null",
        ]
    ),
    st.dictionaries(st.sampled_from(["k:one", "K:Two"]), patterns("x", "y", "true", "20"), max_size=2),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn, *, named: bool = False) -> dict[str, Any]:
    wire: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    wire[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(
        patterns("*", "s3:*", "S3:get", "sqs:Send", "s3:P*t")
    )
    wire[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(
        patterns("*", "arn:a", "arn:a*", "arn:?", "arn:*b")
    )
    if draw(st.booleans()):
        wire["Condition"] = draw(CONDITIONS)
    if named:
        names = patterns("session", "role", "arn:aws:iam::1:root", "other")
        wire[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(
            st.one_of(st.just("*"), st.fixed_dictionaries({"AWS": names}))
        )
    return wire


def documents(*, named: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"Version": st.just("2012-10-17"), "Statement": st.lists(statements(named=named), max_size=3)}
    )


CONTEXTS = st.dictionaries(
    st.sampled_from(["k:one", "k:two"]), st.lists(st.sampled_from(VALUES), min_size=1, max_size=2)
)


# --- the oracle --------------------------------------------------------------------------------------------------------


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _glob(pattern: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern)


def _element(wire: dict[str, Any], name: str, value: str, fold: bool) -> bool:
    def found(key: str) -> bool:
        each = [text.lower() if fold else text for text in _list(wire[key])]
        return any(_glob(text, value.lower() if fold else value) for text in each)

    return found(name) if name in wire else not found(f"Not{name}")


def _number(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def _test(operator: str, value: str, wanted: str) -> bool:
    if operator == "NumericLessThan":
        left, right = _number(value), _number(wanted)
        return left is not None and right is not None and left < right
    return value == wanted


def _condition(operator: str, values: list[str] | None, wanted: list[str]) -> bool:
    match operator:
        case "Null":
            return wanted == ["true"] if values is None else wanted != ["true"]
        case "StringNotEquals":
            return values is None or all(value not in wanted for value in values)
        case "StringEqualsIfExists":
            return values is None or any(value in wanted for value in values)
        case "ForAllValues:StringEquals":
            return all(value in wanted for value in values or [])
        case "ForAnyValue:StringNotEquals":
            return any(value not in wanted for value in values or [])
        case _:
            return any(_test(operator, value, each) for value in values or [] for each in wanted)


def _principal(wire: dict[str, Any], names: tuple[str, ...]) -> bool:
    for key in ("Principal", "NotPrincipal"):
        if key in wire:
            given_ = wire[key]
            accounts = {"arn:aws:iam::1:root": "1"}
            found = given_ == "*" or any(accounts.get(each, each) in names for each in _list(given_["AWS"]))
            return found is (key == "Principal")
    return True


def oracle(
    document: dict[str, Any], action: str, resource: str, context: dict[str, list[str]], names: Any
) -> str:
    effects = set()
    for wire in document["Statement"]:
        conditions = [
            _condition(operator, context.get(key.lower()), _list(wanted))
            for operator, keys in wire.get("Condition", {}).items()
            for key, wanted in keys.items()
        ]
        if (
            _element(wire, "Action", action, True)
            and _element(wire, "Resource", resource, False)
            and all(conditions)
            and _principal(wire, names)
        ):
            effects.add(wire["Effect"])
    return "Deny" if "Deny" in effects else "Allow" if effects else ""


SAYS = {Decision.ALLOW: "Allow", Decision.DENY: "Deny", Decision.NEITHER: ""}


@given(documents(named=True), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), CONTEXTS)
def test_a_document_says_what_the_oracle_says(
    document: dict[str, Any], action: str, resource: str, context: dict[str, list[str]]
) -> None:
    asked = Asked(action, resource, context, NAMES)
    assert SAYS[Policy(document).decide(asked)] == oracle(document, action, resource, context, NAMES)


@given(
    st.lists(documents(), max_size=3), st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(RESOURCES)), min_size=1), CONTEXTS
)  # fmt: skip
def test_several_documents_indexed_say_what_one_with_all_statements_says(
    several: list[dict[str, Any]], questions: list[tuple[str, str]], context: dict[str, list[str]]
) -> None:
    grants = Grants([Policy(each) for each in several])
    whole = {"Statement": [statement for each in several for statement in each["Statement"]]}
    for action, resource in questions:
        said = SAYS[grants.decide(Asked(action, resource, context))]
        assert said == oracle(whole, action, resource, context, ())


@given(
    identity=documents(),
    boundary=st.one_of(st.none(), documents()),
    session=st.one_of(st.none(), documents()),
    resource_policy=st.one_of(st.none(), documents(named=True)),
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    context=CONTEXTS,
    same=st.booleans(),
)
def test_kinds_of_policies_against_awss_logic(
    identity: Any,
    boundary: Any,
    session: Any,
    resource_policy: Any,
    action: str,
    resource: str,
    context: dict[str, list[str]],
    same: bool,
) -> None:
    def says(document: Any, names: tuple[str, ...] = NAMES) -> str:
        return "Allow" if document is None else oracle(document, action, resource, context, names)

    layers = [says(identity), says(boundary), says(session)]
    outer = [says(resource_policy)] if resource_policy is not None else []
    if "Deny" in [*layers, *outer]:
        expected = False
    elif not same:
        expected = layers == ["Allow"] * 3 and outer == ["Allow"]
    else:
        by_name = resource_policy is not None and says(resource_policy, ("session",)) == "Allow"
        by_role = resource_policy is not None and says(resource_policy, ("role",)) == "Allow"
        expected = layers == ["Allow"] * 3 or by_name or (by_role and layers[1:] == ["Allow", "Allow"])

    def grants(document: Any) -> Grants | None:
        return None if document is None else Grants([Policy(document)])

    refusal = decide(
        Asked(action, resource, context, NAMES),
        CALLER,
        Identity(Grants([Policy(identity)]), grants(boundary), grants(session)),
        [] if resource_policy is None else [Policy(resource_policy)],
        same_account=same,
    )
    assert (refusal is None) is expected
    if refusal is not None:
        assert refusal.explicit is ("Deny" in [*layers, *outer])


def test_root_may_everything_and_nobody_nothing() -> None:
    asked = Asked("a:B", "*", {})
    assert decide(asked, CALLER, ROOT, [], same_account=True) is None
    assert decide(asked, CALLER, NOBODY, [], same_account=True) is Refusal.IDENTITY
    assert decide(asked, CALLER, ROOT, [], same_account=False) is Refusal.RESOURCE
