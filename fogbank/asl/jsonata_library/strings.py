"""Functions over strings, positions counted in code points."""

from __future__ import annotations

import re
from typing import Any

from fogbank.asl.jsonata_runtime.functions import invoke
from fogbank.asl.jsonata_runtime.patterns import Match, Pattern
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.text import text_of
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Sequence, is_number, whole
from fogbank.asl.jsonata_syntax.errors import JsonataError

_BLANKS = re.compile(r"[ \t\n\r]+")


def string(run: Run, value: Any, prettify: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    text = text_of(value, prettify is True)
    run.hold_text(len(text))
    if type(value) is not str:
        run.spend(len(text) >> 3)
    return text


def substring(run: Run, text: Any, start: Any, length: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    begin = 0 if start is UNDEFINED or len(text) + start < 0 else whole(start)
    if length is UNDEFINED:
        return text[begin:]
    if length <= 0:
        return ""
    length = whole(length)
    end = begin + length if begin >= 0 else len(text) + begin + length
    return text[begin:end]


def substring_before(run: Run, text: Any, chars: Any) -> Any:
    if text is UNDEFINED or chars is UNDEFINED:
        return text
    at = text.find(chars)
    return text if at < 0 else text[:at]


def substring_after(run: Run, text: Any, chars: Any) -> Any:
    if text is UNDEFINED or chars is UNDEFINED:
        return text
    at = text.find(chars)
    return text if at < 0 else text[at + len(chars) :]


def lowercase(run: Run, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else text.lower()


def uppercase(run: Run, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else text.upper()


def length_of(run: Run, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else len(text)


def trim(run: Run, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _BLANKS.sub(" ", text).strip(" ")


def pad(run: Run, text: Any, width: Any, char: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    filling = " " if char is UNDEFINED or char == "" else char
    missing = whole(abs(width)) - len(text)
    if missing <= 0:
        return text
    run.hold_text(len(text) + missing)
    padding = (filling * (missing // len(filling) + 1))[:missing]
    return text + padding if width > 0 else padding + text


def contains(run: Run, text: Any, token: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if type(token) is str:
        return token in text
    return next(_matches(token, text, run, "contains"), None) is not None


def match(run: Run, text: Any, pattern: Any, limit: Any) -> Any:
    """`$match`: objects with match, index and groups."""
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3040", value=limit)
    found = Sequence()
    if limit is not UNDEFINED and limit == 0:
        return found
    for hit in _matches(pattern, text, run, "match"):
        found.append({"match": hit.text, "index": hit.start, "groups": hit.groups})
        if limit is not UNDEFINED and len(found) >= limit:
            break
    return found


def _matches(matcher: Any, text: str, run: Run, name: str) -> Any:
    """The matches of a regular expression, or of a function that behaves like one."""
    if isinstance(matcher, Pattern):
        at = 0
        while at <= len(text) and (hit := matcher.find(text, at, run)) is not None:
            yield hit
            at = hit.end
        return
    if matcher is UNDEFINED:
        return
    answer = invoke(matcher, [text], UNDEFINED, run)
    while answer is not UNDEFINED:
        if not isinstance(answer, dict) or not (
            is_number(answer.get("start"))
            and is_number(answer.get("end"))
            and isinstance(answer.get("groups"), list)
            and "next" in answer
        ):
            raise JsonataError("T1010", token=name)
        yield Match(str(answer.get("match", "")), answer["start"], answer["end"], answer["groups"])
        answer = invoke(answer["next"], [], UNDEFINED, run)


def replace(run: Run, text: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    """`$replace`. Raises D3010, D3011, D3012."""
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataError("D3010", value=pattern)
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3011", value=limit)
    most = -1 if limit is UNDEFINED else whole(limit)
    if most == 0 or pattern is UNDEFINED:
        return text
    if type(pattern) is str:
        if type(replacement) is not str:
            raise JsonataError("D3012", value=text_of(replacement))
        count = text.count(pattern)
        run.hold_text(len(text) + len(replacement) * (count if most < 0 else min(count, most)))
        return text.replace(pattern, replacement, most)
    return _replace_matches(run, text, pattern, replacement, most)


def _replace_matches(run: Run, text: str, pattern: Any, replacement: Any, most: int) -> str:
    parts: list[str] = []
    held = at = 0
    for count, hit in enumerate(_matches(pattern, text, run, "replace")):
        if count == most:
            break
        if type(replacement) is str:
            substitute = _substituted(replacement, hit)
        else:
            shown = {"match": hit.text, "start": hit.start, "end": hit.end, "groups": hit.groups}
            substitute = invoke(replacement, [shown], UNDEFINED, run)
            if type(substitute) is not str:
                raise JsonataError("D3012", value=text_of(substitute))
        parts.append(text[at : hit.start])
        parts.append(substitute)
        held += len(substitute) + hit.start - at
        run.hold_text(held)
        at = hit.end
    parts.append(text[at:])
    return "".join(parts)


def _substituted(replacement: str, hit: Match) -> str:
    """`replacement` with `$0`, `$1`… and `$$` filled in. `$12` is group 12 if there are that many, else `$1` and 2."""
    parts = replacement.split("$")
    result, index = parts[0], 1
    width = len(str(len(hit.groups))) if hit.groups else 1
    while index < len(parts):
        part = parts[index]
        if part == "" and index + 1 < len(parts):
            result += "$" + parts[index + 1]
            index += 2
            continue
        digits = re.match(f"[0-9]{{1,{width}}}", part)
        if digits is None:
            result += "$" + part
        elif part[0] == "0":
            result += hit.text + part[1:]
        else:
            number = digits[0]
            if len(number) > 1 and int(number) > len(hit.groups):
                number = number[:-1]
            group = hit.groups[int(number) - 1] if int(number) <= len(hit.groups) else UNDEFINED
            result += ("" if group is UNDEFINED else str(group)) + part[len(number) :]
        index += 1
    return result


def split(run: Run, text: Any, separator: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3020", value=limit)
    most = None if limit is UNDEFINED else whole(limit)
    if type(separator) is str:
        parts = text.split(separator) if separator else list(text)
        run.hold(len(parts))
        return parts[:most]
    found: list[str] = []
    at = 0
    for hit in _matches(separator, text, run, "split"):
        if most is not None and len(found) >= most:
            return found
        found.append(text[at : hit.start])
        at = hit.end
    if most is None or len(found) < most:
        found.append(text[at:])
    return found


def join(run: Run, texts: Any, separator: Any) -> Any:
    if texts is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    run.hold_text(sum(len(text) for text in texts) + len(between) * len(texts))
    return between.join(texts)
