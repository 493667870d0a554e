"""The bounds of templates, each with the AWS quota it follows."""

from __future__ import annotations

TEMPLATE_BYTES_MAX = 300 * 1024  # mapping template size
FOREACH_ITERATIONS_MAX = 1000  # iterations of one #foreach; AWS ends the loop there
OUTPUT_CHARS_MAX = 10 * 1024 * 1024  # API Gateway's payload
STEPS_MAX = 200_000  # ours: directives and references that one rendering runs
DEPTH_MAX = 40  # ours: brackets, blocks, macros and #evaluate within each other
INTEGER_BITS_MAX = 1024  # ours: Java's BigInteger has no bound that matters
STRING_CHARS_MAX = OUTPUT_CHARS_MAX  # ours: one string built on the way
