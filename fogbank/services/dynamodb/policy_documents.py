"""Documents of resource policies: what AWS refuses of one, and the form that it keeps. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.policies.conditions import is_operator
from fogbank.policies.documents import (
    DOCUMENT_MEMBERS,
    PRINCIPAL_KINDS,
    STATEMENT_MEMBERS,
    UNDATED,
    VERSIONS,
    Policy,
    PolicyError,
)
from fogbank.services.dynamodb.service import bad_value, invalid

POLICY_BYTES_MAX = 20_480
_NEEDED = (
    ("Effect", "Effect"),
    ("Principal", "NotPrincipal"),
    ("Action", "NotAction"),
    ("Resource", "NotResource"),
)
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_PRINCIPAL = re.compile(
    r"arn:[a-z-]+:(iam::[0-9]{12}:(root|(user|role|federated-user)/.+)|sts::[0-9]{12}:(assumed-role|federated-user)/.+)\Z"
)
_ACTION = re.compile(r"(\*|dynamodb:[A-Za-z*?]+)\Z", re.IGNORECASE)


def canonical(text: str) -> tuple[str, bool]:
    """(the document as AWS shows it, whether it said its Version). Raises ValidationException."""
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_BYTES_MAX:
        raise bad_value(f"Maximum policy size of {POLICY_BYTES_MAX} bytes exceeded")
    document = _parsed(text)
    given = document["Statement"]
    statements = [_statement(each, text) for each in (given if isinstance(given, list) else [given])]
    sids = [each["Sid"] for each in statements if "Sid" in each]
    if len(set(sids)) != len(sids):
        raise _malformed("The Statement Ids in the policy are not unique")
    head = {"Version": document.get("Version", UNDATED)} | (
        {"Id": document["Id"]} if "Id" in document else {}
    )
    shown = head | {"Statement": statements}
    try:
        Policy(shown)
    except PolicyError as error:
        raise _malformed(str(error)) from None
    return orjson.dumps(shown).decode(), "Version" in document


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _malformed("This policy contains invalid Json") from None
    if document is None:
        raise _malformed("This text appears not to be a policy")
    if not isinstance(document, dict):
        raise _malformed("This policy contains invalid Json")
    if not isinstance(document.get("Statement"), dict | list):
        raise _syntax(text, len(text))
    if not document["Statement"]:
        raise _malformed("Could not parse the policy: Statement is empty!")
    _check_known(document, DOCUMENT_MEMBERS)
    if document.get("Version", UNDATED) not in VERSIONS or not isinstance(document.get("Id", ""), str):
        raise _syntax(text, len(text))
    return document


def _check_known(given: dict[str, Any], members: Collection[str]) -> None:
    """The wording is a guess."""
    for name in given:
        if name not in members:
            raise _malformed(f"Unknown field {name}")


def _statement(given: Any, text: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _syntax(text, len(text))
    for name, other in _NEEDED:
        if name not in given and other not in given:
            raise _malformed(f"Missing required field {name}")
    _check_known(given, STATEMENT_MEMBERS)
    texts = [given[name] for name in ("Action", "NotAction", "Resource", "NotResource") if name in given]
    if not isinstance(given.get("Sid", ""), str) or not all(map(_are_texts, texts)):
        raise _syntax(text, len(text))
    if "Condition" in given:
        _check_condition(given["Condition"], text)
    shown: dict[str, Any] = {name: given[name] for name in STATEMENT_MEMBERS if name in given}
    shown["Effect"] = str(given["Effect"]).capitalize()
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in shown:
            shown[name] = _short(shown[name])
    bad = [
        each
        for name in ("Action", "NotAction")
        for each in _texts(given.get(name, []))
        if not _ACTION.match(each)
    ]
    if bad:
        raise _malformed(f"The following action names are invalid: {', '.join(bad)}")
    for name in ("Principal", "NotPrincipal"):
        if name in shown:
            shown[name] = _principal(shown[name], text)
    if shown["Effect"] == "Allow" and not shown.get("Condition") and _is_everybody(shown.get("Principal")):
        raise invalid(
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
            "least-privilege form of access"
        )
    return shown


def _principal(given: Any, text: str) -> Any:
    if given == "*":
        return given
    if not isinstance(given, dict):
        raise _syntax(text, text.find(str(given)))
    if not given or not all(map(_are_texts, given.values())):
        raise _syntax(text, len(text))
    _check_known(given, PRINCIPAL_KINDS)
    shown = {}
    for kind, names in given.items():
        named = [_root(name) if kind == "AWS" else name for name in _texts(names)]
        shown[kind] = _short(list(dict.fromkeys(named)))
    return shown


def _check_condition(given: Any, text: str) -> None:
    """The wordings are guesses."""
    if not isinstance(given, dict):
        raise _syntax(text, len(text))
    for name, keys in given.items():
        if not is_operator(name):
            raise _malformed(f"Invalid Condition type : {name}")
        if not isinstance(keys, dict) or not all(
            _are_texts(each, str | int | float) for each in keys.values()
        ):
            raise _syntax(text, len(text))


def _are_texts(given: Any, kind: Any = str) -> bool:
    """Whether it is one or several of a kind."""
    several = given if isinstance(given, list) else [given]
    return bool(several) and all(isinstance(each, kind) for each in several)


def _root(name: str) -> str:
    """One of AWS's principals: accounts are kept as their roots."""
    if _ACCOUNT.match(name):
        return f"arn:aws:iam::{name}:root"
    if name != "*" and not _PRINCIPAL.match(name):
        raise bad_value("Invalid principal in policy document.")
    return name


def _is_everybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, dict) and "*" in _texts(principal.get("AWS", [])))


def _texts(given: Any) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else [str(given)]


def _short(given: Any) -> Any:
    return given[0] if isinstance(given, list) and len(given) == 1 else given


def _syntax(text: str, at: int) -> AwsError:
    """The parser's position: the line, and the column behind what it could not use."""
    line = text.count("\n", 0, at) + 1
    return _malformed(f"Syntax error at position ({line},{at - text.rfind(chr(10), 0, at)})")


def _malformed(why: str) -> AwsError:
    return bad_value(f"Invalid policy document: {why}")
