"""Integers as English words, cardinal and ordinal, both ways."""

from __future__ import annotations

import math
import re
from typing import Final

_SMALL: Final = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
]
_SMALL_ORDINALS: Final = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
]
_TENS: Final = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"]
_MAGNITUDES: Final = ["Thousand", "Million", "Billion", "Trillion"]


def words_of(value: int, ordinal: bool) -> str:
    """`value` (not negative) in title case: `One Hundred and Twenty-First`."""
    return _words_within(value, continued=False, ordinal=ordinal)


def _words_within(value: int, *, continued: bool, ordinal: bool) -> str:
    """`continued` after a larger part, from which it is set off by `and` or a comma."""
    if value <= 19:
        return (" and " if continued else "") + (_SMALL_ORDINALS if ordinal else _SMALL)[value]
    if value < 100:
        tens, units = divmod(value, 10)
        text = (" and " if continued else "") + _TENS[tens - 2]
        if units:
            return text + "-" + _words_within(units, continued=False, ordinal=ordinal)
        return text[:-1] + "ieth" if ordinal else text
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        text = (", " if continued else "") + _SMALL[hundreds] + " Hundred"
    else:
        magnitude = min((len(str(value)) - 1) // 3, len(_MAGNITUDES))
        size = 10 ** (3 * magnitude)
        above, rest = divmod(value, size)
        text = (", " if continued else "") + _words_within(above, continued=False, ordinal=False)
        text += " " + _MAGNITUDES[magnitude - 1]
    if rest:
        return text + _words_within(rest, continued=True, ordinal=ordinal)
    return text + "th" if ordinal else text


def _word_values() -> dict[str, int]:
    values = {word.lower(): value for value, word in enumerate(_SMALL)}
    values |= {word.lower(): value for value, word in enumerate(_SMALL_ORDINALS)}
    for index, word in enumerate(_TENS):
        values[word.lower()] = values[word.lower()[:-1] + "ieth"] = 10 * (index + 2)
    for index, word in enumerate(["Hundred", *_MAGNITUDES]):
        values[word.lower()] = values[word.lower() + "th"] = 100 if index == 0 else 1000**index
    return values


WORD_VALUES: Final = _word_values()


def read_words(text: str) -> int | float:
    """The number that `text` says, in any case; NaN if it has a word that is no number."""
    total = part = 0
    for word in re.split(r",\s|\sand\s|[\s\-]+", text.lower()):
        value = WORD_VALUES.get(word)
        if value is None:
            return math.nan
        if value < 100:
            part += value
        elif value == 100:
            part *= 100
        else:
            # The magnitude belongs to all that was said since the last larger one: a thousand billion, too.
            small = total % value
            total += (part + small) * value - small if small else part * value
            part = 0
    return total + part
