"""A template's text to its nodes: literal text, references, directives, comments, and the white space around them.

White space as in Velocity 1.7: what follows a directive on its line, and that line's end, belong to the directive; before a
`#set`, so do the blanks.
"""

from __future__ import annotations

import re

from fogbank.templates.errors import TemplateError
from fogbank.templates.expressions import IDENTIFIER, ExpressionParser
from fogbank.templates.limits import DEPTH_MAX, TEMPLATE_BYTES_MAX
from fogbank.templates.nodes import (
    Block,
    Break,
    Define,
    Evaluate,
    Foreach,
    If,
    Macro,
    MacroCall,
    Reference,
    Set,
    Statement,
    Stop,
    Text,
    Write,
)

_SPECIAL = re.compile(r"[$#\\]")
_DIRECTIVE = re.compile(
    r"#(?:\{([a-zA-Z_]\w*)\}|((?:set|if|elseif|else|end|foreach|break|stop|macro|define|evaluate)(?!\w)|[a-zA-Z_][\w-]*))",
    re.ASCII,
)
_OPENING = re.compile(r"[ \t]*\(")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
_BLANKS_BEFORE = re.compile(r"[ \t]+\Z")
_BLOCK_ENDS = frozenset({"end", "else", "elseif"})
_REFUSED = frozenset({"parse", "include"})  # there is nothing to include: AWS fails such templates too


def parse_template(text: str, depth: int = 0) -> Block:
    """Nodes of a whole template. Raises TemplateError."""
    if len(text) > TEMPLATE_BYTES_MAX:
        raise TemplateError(f"a template has at most {TEMPLATE_BYTES_MAX} bytes")
    parser = _TemplateParser(text, depth)
    block, end = parser.block(depth)
    if end is not None:
        raise TemplateError(f"#{end} without its beginning")
    return block


class _TemplateParser:
    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.expressions = ExpressionParser(text, parse_template, depth)
        self._pieces: list[str] = []

    def block(self, depth: int) -> tuple[Block, str | None]:
        """Statements up to `#end`, `#else`, `#elseif` (which is consumed and returned) or the end of the text."""
        if depth > DEPTH_MAX:
            raise TemplateError("the template is nested too deeply")
        outer, self._pieces = self._pieces, []
        found: list[Statement] = []
        text = self.text
        end: str | None = None
        while (match := _SPECIAL.search(text, self.at)) is not None:
            self._pieces.append(text[self.at : match.start()])
            self.at = match.start()
            char = match[0]
            if char == "\\":
                self._escape()
            elif char == "$":
                self._reference(found)
            elif (end := self._hash(found, depth)) is not None:
                break
        else:
            self._pieces.append(text[self.at :])
            self.at = len(text)
        self._flush(found)
        self._pieces = outer
        return Block(tuple(found)), end

    def _flush(self, found: list[Statement]) -> None:
        text = "".join(self._pieces)
        self._pieces = []
        if text:
            found.append(Text(text))

    def _escape(self) -> None:
        """Backslashes before a reference or directive: two are one, an odd one makes it plain text."""
        text, start = self.text, self.at
        end = start
        while text.startswith("\\", end):
            end += 1
        count = end - start
        self.at = end
        stop = None
        if text.startswith("$", end) and (found := self.expressions.reference(end)) is not None:
            stop = found[1]
        elif text.startswith("#", end) and (match := _DIRECTIVE.match(text, end)) and _known(match):
            stop = match.end()
        if stop is None:
            self._pieces.append("\\" * count)
            return
        self._pieces.append("\\" * (count // 2))
        if count % 2:
            self._pieces.append(text[end:stop])
            self.at = stop

    def _reference(self, found: list[Statement]) -> None:
        reference = self.expressions.reference(self.at)
        if reference is None:
            self._pieces.append("$")
            self.at += 1
            return
        self._flush(found)
        found.append(Write(reference[0]))
        self.at = reference[1]

    def _hash(self, found: list[Statement], depth: int) -> str | None:
        """What begins with `#`; the name when it ends the present block."""
        text = self.text
        if text.startswith("##", self.at):
            end = text.find("\n", self.at)
            self.at = len(text) if end < 0 else end + 1
            return None
        if text.startswith("#*", self.at):
            end = text.find("*#", self.at)
            self.at = len(text) if end < 0 else end + 2
            return None
        if text.startswith("#[[", self.at):
            end = text.find("]]#", self.at)
            stop = len(text) if end < 0 else end
            self._pieces.append(text[self.at + 3 : stop])
            self.at = stop + 3
            return None
        match = _DIRECTIVE.match(text, self.at)
        if match is None:
            self._pieces.append("#")
            self.at += 1
            return None
        return self._directive(match, found, depth)

    def _directive(self, match: re.Match[str], found: list[Statement], depth: int) -> str | None:
        name = match[1] or match[2]
        start, self.at = self.at, match.end()
        if name in _BLOCK_ENDS:
            if name != "elseif":
                self._line_end()
            return name
        opening = _OPENING.match(self.text, self.at)
        if name in ("break", "stop") and opening is None:
            self._line_end()
            self._flush(found)
            found.append(Break() if name == "break" else Stop())
            return None
        if opening is None:  # no directive: `#fff`, or a macro's name without brackets
            self._pieces.append(match[0])
            return None
        if name == "set" and self._pieces:
            self._pieces[-1] = _BLANKS_BEFORE.sub("", self._pieces[-1])
        self._flush(found)
        self.at = opening.end()
        found.append(self._statement(name, start, depth))
        return None

    def _statement(self, name: str, start: int, depth: int) -> Statement:
        """A directive with brackets; they are open."""
        if name == "set":
            return self._set()
        if name == "if":
            return self._if(depth)
        if name == "foreach":
            return self._foreach(depth)
        if name in ("macro", "define"):
            return self._definition(name, depth)
        if name in ("break", "stop"):
            self._close()
            return Break() if name == "break" else Stop()
        if name in _REFUSED:
            raise TemplateError(f"#{name} is not supported")
        parser = self._inside()
        if name == "evaluate":
            source = parser.expression()
            self._close()
            return Evaluate(source)
        arguments = tuple(parser.arguments(")"))
        self.at = parser.at
        text = self.text[start : self.at]
        self._line_end()
        return MacroCall(name, arguments, text)

    def _set(self) -> Statement:
        parser = self._inside()
        parser.space()
        target = parser.reference(parser.at)
        if target is None:
            raise parser.error("a reference to set")
        parser.at = target[1]
        if not parser.takes("="):
            raise parser.error("'='")
        value = parser.expression()
        self._close()
        return Set(target[0], value)

    def _if(self, depth: int) -> Statement:
        branches = []
        while True:
            condition = self._inside().expression()
            self._close()
            body, end = self.block(depth + 1)
            branches.append((condition, body))
            if end != "elseif":
                break
            opening = _OPENING.match(self.text, self.at)
            if opening is None:
                raise self.expressions.error("'(' after #elseif")
            self.at = opening.end()
        otherwise = None
        if end == "else":
            otherwise, end = self.block(depth + 1)
        if end != "end":
            raise TemplateError("#if without #end")
        return If(tuple(branches), otherwise)

    def _foreach(self, depth: int) -> Statement:
        parser = self._inside()
        parser.space()
        loop = parser.reference(parser.at)
        if loop is None or loop[0].path:
            raise parser.error("a variable")
        parser.at = loop[1]
        if not parser.takes("in"):
            raise parser.error("'in'")
        items = parser.expression()
        self._close()
        return Foreach(loop[0].name, items, self._body("foreach", depth))

    def _definition(self, name: str, depth: int) -> Statement:
        parser = self._inside()
        parser.space()
        if name == "define":
            target = parser.reference(parser.at)
            if target is None:
                raise parser.error("a variable")
            parser.at = target[1]
            self._close()
            return Define(target[0].name, self._body(name, depth))
        match = IDENTIFIER.match(self.text, parser.at)
        if match is None:
            raise parser.error("the macro's name")
        parser.at = match.end()
        parameters = parser.arguments(")")
        self.at = parser.at
        self._line_end()
        names = tuple(each.name for each in parameters if isinstance(each, Reference))
        return Macro(match[0], names, self._body(name, depth))

    def _body(self, name: str, depth: int) -> Block:
        body, end = self.block(depth + 1)
        if end != "end":
            raise TemplateError(f"#{name} without #end")
        return body

    def _inside(self) -> ExpressionParser:
        self.expressions.at = self.at
        return self.expressions

    def _close(self) -> None:
        """The closing bracket, and the rest of its line if that is blank."""
        parser = self.expressions
        if self.at > parser.at:
            parser.at = self.at
        if not parser.takes(")"):
            raise parser.error("')'")
        self.at = parser.at
        self._line_end()

    def _line_end(self) -> None:
        if match := _LINE_END.match(self.text, self.at):
            self.at = match.end()


def _known(match: re.Match[str]) -> bool:
    return (match[1] or match[2]) in {
        "set",
        "if",
        "else",
        "elseif",
        "end",
        "foreach",
        "break",
        "stop",
        "macro",
    }
