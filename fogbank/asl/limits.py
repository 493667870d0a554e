"""What the languages of a definition may use. JSONata's bounds are in `core/limits.py`."""

JSONPATH_CHARS_MAX = 4_096  # text of one path; ours, AWS bounds only the definition (1 MiB)
JSONPATH_STEPS_MAX = 256  # steps of one path; ours
JSONPATH_FILTER_DEPTH_MAX = 32  # filters within filters and their brackets; ours
JSONPATH_VISITS_MAX = 1_000_000  # values that one path may pass over; ours: chained `..` would multiply them
INTRINSIC_DEPTH_MAX = 10  # nested intrinsic functions, AWS's bound ("up to 10")
INTRINSIC_ARRAY_RANGE_MAX = 1_000  # items that States.ArrayRange makes, AWS's bound
INTRINSIC_TEXT_CHARS_MAX = 10_000  # what States.Hash and Base64 take, AWS's bound
CHOICE_RULE_DEPTH_MAX = 64  # And, Or and Not within one another; ours
TEMPLATE_DEPTH_MAX = 128  # objects and arrays within a payload template; ours
DEFINITION_DEPTH_MAX = 256  # of the JSON of a whole definition; ours
"""Every one of these is checked when a definition is compiled, or counted while it runs."""
