"""Every function by name, with its signature and how many arguments a higher-order function passes to it.

`$eval` is not here: Step Functions has none, and answers a call of it as a call of anything that is no function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from fogbank.asl.jsonata_library import (
    arrays,
    dates,
    encoding,
    format_number,
    integers,
    numbers,
    objects,
    states,
    strings,
)
from fogbank.asl.jsonata_runtime.functions import Native
from fogbank.asl.jsonata_runtime.signatures import parse_signature

_FUNCTIONS: Final[tuple[tuple[str, Callable[..., Any], str, int], ...]] = (
    ("sum", numbers.sum_of, "<a<n>:n>", 1),
    ("count", arrays.count, "<a:n>", 1),
    ("max", numbers.max_of, "<a<n>:n>", 1),
    ("min", numbers.min_of, "<a<n>:n>", 1),
    ("average", numbers.average, "<a<n>:n>", 1),
    ("number", numbers.number, "<(nsb)-:n>", 1),
    ("floor", numbers.floor, "<n-:n>", 1),
    ("ceil", numbers.ceil, "<n-:n>", 1),
    ("round", numbers.round_half_even, "<n-n?:n>", 2),
    ("abs", numbers.absolute, "<n-:n>", 1),
    ("sqrt", numbers.square_root, "<n-:n>", 1),
    ("power", numbers.power, "<n-n:n>", 2),
    ("formatBase", numbers.format_base, "<n-n?:s>", 2),
    ("formatNumber", format_number.format_number, "<n-so?:s>", 3),
    ("formatInteger", integers.format_integer, "<n-s:s>", 2),
    ("parseInteger", integers.parse_integer, "<s-s:n>", 2),
    ("string", strings.string, "<x-b?:s>", 1),
    ("substring", strings.substring, "<s-nn?:s>", 3),
    ("substringBefore", strings.substring_before, "<s-s:s>", 2),
    ("substringAfter", strings.substring_after, "<s-s:s>", 2),
    ("lowercase", strings.lowercase, "<s-:s>", 1),
    ("uppercase", strings.uppercase, "<s-:s>", 1),
    ("length", strings.length_of, "<s-:n>", 1),
    ("trim", strings.trim, "<s-:s>", 1),
    ("pad", strings.pad, "<s-ns?:s>", 3),
    ("match", strings.match, "<s-f<s:o>n?:a<o>>", 3),
    ("contains", strings.contains, "<s-(sf):b>", 2),
    ("replace", strings.replace, "<s-(sf)(sf)n?:s>", 4),
    ("split", strings.split, "<s-(sf)n?:a<s>>", 3),
    ("join", strings.join, "<a<s>s?:s>", 2),
    ("base64encode", encoding.base64_encode, "<s-:s>", 1),
    ("base64decode", encoding.base64_decode, "<s-:s>", 1),
    ("encodeUrlComponent", encoding.encode_url_component, "<s-:s>", 1),
    ("encodeUrl", encoding.encode_url, "<s-:s>", 1),
    ("decodeUrlComponent", encoding.decode_url_component, "<s-:s>", 1),
    ("decodeUrl", encoding.decode_url, "<s-:s>", 1),
    ("boolean", objects.boolean, "<x-:b>", 1),
    ("not", objects.negation, "<x-:b>", 1),
    ("exists", objects.exists, "<x:b>", 1),
    ("type", objects.type_of, "<x:s>", 1),
    ("keys", objects.keys, "<x-:a<s>>", 1),
    ("lookup", objects.lookup, "<x-s:x>", 2),
    ("spread", objects.spread, "<x-:a<o>>", 1),
    ("merge", objects.merge, "<a<o>:o>", 1),
    ("each", objects.each, "<o-f:a>", 2),
    ("sift", objects.sift, "<o-f?:o>", 2),
    ("clone", objects.clone, "<(oa)-:o>", 1),
    ("error", objects.error, "<s?:x>", 1),
    ("assert", objects.check, "<bs?:x>", 2),
    ("map", arrays.mapped, "<af>", 2),
    ("filter", arrays.filtered, "<af>", 2),
    ("single", arrays.single, "<af?>", 2),
    ("reduce", arrays.reduced, "<afj?:j>", 3),
    ("zip", arrays.zipped, "<a+>", 0),
    ("append", arrays.append, "<xx:a>", 2),
    ("reverse", arrays.reverse, "<a:a>", 1),
    ("sort", arrays.sort, "<af?:a>", 2),
    ("shuffle", arrays.shuffle, "<a:a>", 1),
    ("distinct", arrays.distinct, "<x:x>", 1),
    ("now", dates.now, "<s?s?:s>", 2),
    ("millis", dates.millis, "<:n>", 0),
    ("toMillis", dates.to_millis, "<s-s?:n>", 2),
    ("fromMillis", dates.from_millis, "<n-s?s?:s>", 3),
    ("partition", states.partition, "<an:a>", 2),
    ("range", states.range_of, "<nnn?:a<n>>", 3),
    ("hash", states.digest, "<s-s?:s>", 2),
    ("random", states.random_number, "<n?:n>", 0),
    ("uuid", states.uuid, "<:s>", 0),
    ("parse", states.parse, "<s-:x>", 1),
)

LIBRARY: Final[Mapping[str, Native]] = MappingProxyType(
    {
        name: Native(name, implementation, parse_signature(signature), arity)
        for name, implementation, signature, arity in _FUNCTIONS
    }
)
