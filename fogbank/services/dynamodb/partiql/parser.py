"""Statements by recursive descent over `terms.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fogbank.services.dynamodb.expressions.nodes import (
    Action,
    Arithmetic,
    Call,
    Condition,
    Literal,
    Operand,
    Steps,
)
from fogbank.services.dynamodb.partiql.statements import Delete, Exists, Insert, Select, Statement, Update
from fogbank.services.dynamodb.partiql.terms import OPERATORS, Terms
from fogbank.services.dynamodb.partiql.tokens import malformed
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.values import take, take_item, wire_item

NEEDS_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def parse(statement: str, parameters: Sequence[Any]) -> Statement:
    """Raises ValidationException."""
    parser = _Parser(statement, [take(each)[0] for each in parameters])
    found = parser.statement()
    parser.finish()
    return found


class _Parser(Terms):
    def finish(self) -> None:
        self._take_mark(";")
        if self._token.kind != "end":
            raise malformed("Unexpected token after expression")
        if self._used != len(self._parameters):
            raise invalid("Number of parameters in request and statement don't match.")

    # --- statements --------------------------------------------------------------------------------------------------

    def statement(self) -> Statement:
        match self._token.text.upper() if self._token.kind == "word" else "":
            case "SELECT":
                return self._select()
            case "INSERT":
                return self._insert()
            case "UPDATE":
                return self._update()
            case "DELETE":
                return self._delete()
            case "EXISTS":
                self._advance()
                self._expect_mark("(")
                found = self._select()
                self._expect_mark(")")
                return Exists(found)
        raise malformed("Expected data manipulation")

    def _select(self) -> Select:
        self._expect_word("SELECT")
        columns: list[Steps] | None = None
        if not self._take_mark("*"):
            columns = [self._path().steps]
            while self._take_mark(","):
                columns.append(self._path().steps)
        if not self._take_word("FROM"):
            raise malformed("Expected FROM after SELECT list")
        if self._token.kind in ("text", "number"):
            raise invalid("Unexpected from source")
        table = self._identifier()
        index = self._component() if self._take_mark(".") else None
        if self._token.kind == "mark" and self._token.text in OPERATORS:
            raise invalid("Unexpected from source")  # a name with a hyphen and without quotes, for one
        where = self._condition() if self._take_word("WHERE") else None
        order: list[tuple[str, bool]] = []
        if self._take_word("ORDER"):
            self._expect_word("BY")
            order.append(self._order())
            while self._take_mark(","):
                order.append(self._order())
        return Select(table, index, tuple(columns) if columns is not None else None, where, tuple(order))

    def _order(self) -> tuple[str, bool]:
        name = self._identifier()
        if self._take_word("DESC"):
            return name, True
        self._take_word("ASC")
        return name, False

    def _insert(self) -> Insert:
        self._advance()
        if not self._take_word("INTO"):
            raise malformed("Unexpected keyword")
        table = self._target()
        if self._take_word("VALUES"):
            raise malformed("Expected LEFT_PAREN for row value constructor")
        if self._is_mark("-"):
            raise malformed("Unexpected token after expression")
        if not self._take_word("VALUE"):
            raise self._unexpected()
        value = self._literal()
        if "M" not in value:
            raise malformed("The value of an INSERT is a map")
        item, size = take_item(wire_item(value["M"]))
        return Insert(table, item, size)

    def _update(self) -> Update:
        self._advance()
        table = self._target()
        actions: list[Action] = []
        while self._is_word("SET", "REMOVE"):
            verb = self._advance().text.upper()
            actions.append(self._action(verb))
            while self._take_mark(","):
                actions.append(self._action(verb))
        if not actions:
            raise malformed("Expected data manipulation")
        where = self._where()
        return Update(table, tuple(actions), where, self._returning())

    def _action(self, verb: str) -> Action:
        if self._token.kind not in ("word", "quoted"):
            raise malformed("Expected identifier for simple path")
        path = self._path()
        if verb == "REMOVE":
            return Action(verb, path.steps)
        if not self._take_mark("="):
            raise malformed("Expected '='")
        name = self._token.text.lower()
        if name in ("set_add", "set_delete") and self._token.kind == "word":
            self._advance()
            self._expect_mark("(")
            target = self._path()
            self._expect_mark(",")
            value = Literal(self._literal())
            self._expect_mark(")")
            if target.steps != path.steps:
                raise malformed(f"{name} must be about the attribute that it sets")
            return Action("ADD" if name == "set_add" else "DELETE", path.steps, value)
        left = self._update_operand()
        if self._is_mark("+") or self._is_mark("-"):
            operator = self._advance().text
            left = Arithmetic(operator, left, self._update_operand())
        return Action("SET", path.steps, left)

    def _update_operand(self) -> Operand:
        name = self._token.text.lower()
        if self._token.kind == "word" and name in ("list_append", "if_not_exists"):
            self._advance()
            self._expect_mark("(")
            first = self._update_operand()
            self._expect_mark(",")
            second = self._update_operand()
            self._expect_mark(")")
            return Call(name, (first, second))
        return self._operand()

    def _delete(self) -> Delete:
        self._advance()
        if not self._take_word("FROM"):
            raise malformed("Expected FROM after DELETE")
        table = self._target()
        where = self._where()
        found = self._returning()
        if found is not None and found != ("ALL", "OLD"):
            raise malformed("A DELETE can only return ALL OLD *")
        return Delete(table, where, found)

    def _where(self) -> Condition:
        """Of a statement that writes: without one nothing fixes the key."""
        if self._token.kind == "end" or self._is_mark(";"):
            raise invalid(NEEDS_KEY)
        if not self._take_word("WHERE"):
            raise malformed("Unexpected token after expression")
        return self._condition()

    def _returning(self) -> tuple[str, str] | None:
        if not self._take_word("RETURNING"):
            return None
        if not self._is_word("ALL", "MODIFIED"):
            raise malformed("Expected ALL or MODIFIED keyword")  # the wording is a guess
        what = self._advance().text.upper()
        if not self._is_word("OLD", "NEW"):
            raise malformed("Expected OLD or NEW keyword")  # the wording is a guess
        when = self._advance().text.upper()
        self._expect_mark("*")
        return what, when
