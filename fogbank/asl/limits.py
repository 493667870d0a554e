"""What the languages of a definition may use. JSONata's bounds are in `core/limits.py`."""

INTRINSIC_DEPTH_MAX = 10  # nested intrinsic functions, AWS's bound ("up to 10")
INTRINSIC_ARRAY_RANGE_MAX = 1_000  # items that States.ArrayRange makes, AWS's bound
INTRINSIC_TEXT_CHARS_MAX = 10_000  # what States.Hash and Base64 take, AWS's bound
CHOICE_RULE_DEPTH_MAX = 64  # And, Or and Not within one another; ours
TEMPLATE_DEPTH_MAX = 128  # objects and arrays within a payload template; ours
DEFINITION_DEPTH_MAX = 32  # branches and processors within one another; ours
