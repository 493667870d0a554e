"""What Step Functions adds to JSONata: `$partition`, `$range`, `$hash`, `$random(seed)`, `$uuid`, `$parse`.

As AWS does: fractions are cut towards zero, and a chunk size of zero, a step in the wrong direction or a missing
algorithm yields nothing instead of an error.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Sequence, whole
from fogbank.asl.jsonata_syntax.errors import JsonataError, out_of_memory
from fogbank.core.limits import JSONATA_RANGE_ITEMS_MAX
from fogbank.java.random import seeded_double

_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def partition(run: Run, items: Any, size: Any) -> Any:
    if items is UNDEFINED or size is UNDEFINED or not items or whole(size) <= 0:
        return UNDEFINED
    run.hold(len(items))
    step = whole(size)
    return [items[at : at + step] for at in range(0, len(items), step)]


def range_of(run: Run, start: Any, end: Any, step: Any) -> Any:
    if start is UNDEFINED or end is UNDEFINED or step is UNDEFINED or whole(step) == 0:
        return UNDEFINED
    stride = whole(step)
    numbers = range(whole(start), whole(end) + (1 if stride > 0 else -1), stride)
    if len(numbers) > JSONATA_RANGE_ITEMS_MAX:
        raise out_of_memory()
    run.hold(len(numbers))
    return Sequence(numbers)


def digest(run: Run, text: Any, algorithm: Any) -> Any:
    if text is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    if algorithm not in _ALGORITHMS:
        raise JsonataError("T0410", index=2, token="hash")
    return hashlib.new(
        _ALGORITHMS[algorithm], text.encode(errors="replace"), usedforsecurity=False
    ).hexdigest()


def random_number(run: Run, seed: Any) -> Any:
    """A number in [0, 1); with a seed, the first double of `java.util.Random(seed)`, which is what AWS answers."""
    if seed is UNDEFINED:
        return run.budget.ids.uniform()
    return seeded_double(whole(seed))


def uuid(run: Run) -> Any:
    return run.budget.ids.uuid()


def parse(run: Run, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.hold_text(len(text))
    try:
        return orjson.loads(text)
    except ValueError:
        raise JsonataError("T0410", index=1, token="parse") from None
