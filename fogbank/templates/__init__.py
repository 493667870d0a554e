"""The Velocity templates (VTL) that API Gateway maps requests and responses with.

    template = compile_template('{"id": "$input.path(\\'$.id\\')"}')
    text = template.render({"input": Input(...), "util": UTIL, "context": {...}, "stageVariables": {...}})

A template compiles once to closures. Velocity 1.7 is the language, with API Gateway's one difference: what has no value is
written as nothing. Text → nodes is syntax.py and expressions.py, nodes → closures compile.py; `$input` and `$util` are
input.py and util.py. Knows nothing of HTTP.
"""

from fogbank.templates.compile import Template, compile_template
from fogbank.templates.errors import TemplateError
from fogbank.templates.input import Input
from fogbank.templates.util import UTIL

__all__ = ["UTIL", "Input", "Template", "TemplateError", "compile_template"]
