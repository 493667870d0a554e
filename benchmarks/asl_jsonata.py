"""JSONata: µs for each evaluation of expressions such as state machines have, beside `json` reading the same input.

The reference is what Python needs to parse the state's input as JSON once, which every transition does anyway.
Hostile expressions are timed to their end: the budget of steps stands for AWS's one second.
"""

from __future__ import annotations

import json
import sys
import time

from common import Report, per_call_us

from fogbank.asl import jsonata
from fogbank.asl.templates_jsonata import compile_template
from fogbank.core.ids import Ids

INPUT = {
    "order": {"id": "o-1", "customer": {"name": "Ada", "vip": True}},
    "items": [{"sku": f"s{number}", "price": number * 1.5, "quantity": 2} for number in range(10)],
}
BINDINGS = {"states": {"input": INPUT, "context": {}}, "rate": 2}
EXPRESSIONS = (
    "$states.input",
    "$states.input.order.customer.name",
    "$states.input.order.id & '-copy'",
    "$states.input.order.customer.vip and $rate > 1",
    "$sum($states.input.items.(price * quantity))",
    "$states.input.items[price > 5].sku",
    "$map($states.input.items, function($i) { $i.price * $rate })",
    "$merge([$states.input.order, {'total': $rate}])",
)
HOSTILE = (
    "($f := function($x) { $f($x + 1) }; $f(1))",
    "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)",
    "$map([1..800000], function($x) { $x })",
)
TREE = {
    "name": "{% $states.input.order.customer.name %}",
    "fixed": {"a": [1, 2, 3]},
    "lines": ["{% $count($states.input.items) %}", "{% $states.input.items[0].sku %}"],
}


def main() -> int:
    report = Report()
    text = json.dumps(INPUT)
    reference = per_call_us(lambda: json.loads(text))
    of = "json.loads of the input"
    budget = jsonata.Budget(Ids(1), 0)
    for source in EXPRESSIONS:
        expression = jsonata.compile(source)
        figure = per_call_us(lambda: expression.evaluate(jsonata.UNDEFINED, BINDINGS, budget))  # noqa: B023
        report.figure(source, figure, "µs", reference=reference, of=of)
    template = compile_template(TREE, "Output")
    figure = per_call_us(lambda: template.evaluate(BINDINGS, budget))
    report.figure("an Output of three expressions", figure, "µs", reference=reference, of=of)
    figure = per_call_us(lambda: jsonata.compile(EXPRESSIONS[4]))
    report.figure("compile", figure, "µs", reference=reference, of=of)
    for source in HOSTILE:
        report.figure(
            f"until refused: {source[:40]}",
            refused_ms(source, budget),
            "ms",
            reference=1000,
            of="AWS's second",
        )
    return report.end()


def refused_ms(source: str, budget: jsonata.Budget) -> float:
    """How long a hostile expression takes until its budget is used up."""
    started = time.perf_counter()
    try:
        jsonata.compile(source).evaluate(jsonata.UNDEFINED, {}, budget)
    except jsonata.JsonataExhausted:
        return (time.perf_counter() - started) * 1000
    raise AssertionError(f"{source} was not refused")


if __name__ == "__main__":
    sys.exit(main())
