"""The query language of CloudWatch Logs Insights, as far as fogbank speaks it. Pure but for `run`.

`syntax` turns text into commands (`nodes`), `rows` are what they work on, `expressions` compiles conditions and computed fields to
closures, `stages` and `stats` do the work of each command, `chain` joins them, `run` feeds them events. What is not understood is refused by name.
"""
