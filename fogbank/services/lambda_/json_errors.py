"""Why a payload is no JSON, in the words of the parser that Lambda's front end uses (Jackson). Pure.

Only looked at after a fast parser refused the payload, so clearness comes before speed. Positions are those that the
parser reports: some of its checks look at a byte before they take it, some after.
"""

from __future__ import annotations

from typing import NoReturn

_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
_TOKENS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_SPACE = b" \t\r\n"
_DIGITS = b"0123456789"
_ESCAPES = b'"\\/bfnrt'
_DEPTH_MAX = 1000
_TOKEN_CHARS_MAX = 256
_LITERALS = (b"true", b"false", b"null")


class _Unreadable(Exception):
    def __init__(self, message: str, taken: int) -> None:
        super().__init__(message)
        self.taken = taken  # bytes the parser had taken when it gave up


def unreadable(payload: bytes) -> str | None:
    """What the parser says; None when it reads the payload after all (a lone surrogate, say)."""
    reader = _Reader(payload)
    try:
        reader.document()
    except _Unreadable as problem:
        return f"{problem}\n at {_at(payload, problem.taken)}"
    return None


def _at(payload: bytes, taken: int) -> str:
    before = payload[:taken]
    line_start = before.rfind(b"\n") + 1
    return _SOURCE.format(line=before.count(b"\n") + 1, column=taken - line_start + 1)


class _Reader:
    """One pass over the payload, with a stack of what is open."""

    def __init__(self, payload: bytes) -> None:
        self._data = payload
        self._next = 0
        self._open: list[tuple[int, int]] = []  # (bracket, its position)
        self._fresh = False  # the last bracket was just opened

    def document(self) -> None:
        self._value(self._after_space())
        while self._open:
            if self._fresh:
                self._first()
            else:
                self._continue()
        byte = self._after_space()
        if (
            byte is not None
            and self._data[self._next - 1] not in _SPACE
            and self._data[self._next - 1] in _DIGITS
        ):
            self._unexpected(byte, "Expected space separating root-level values")
        if byte is not None:
            self._literal(byte)
            raise _Unreadable("Trailing token found after value", self._next)

    # --- structure ----------------------------------------------------------------------------------------------------

    def _value(self, byte: int | None) -> None:
        """A value begins with `byte`, which is the next to be taken."""
        if byte is None:
            self._end_of_input()
        if byte in b"{[":
            self._open.append((byte, self._next))
            if len(self._open) > _DEPTH_MAX:
                raise _Unreadable(
                    f"Document nesting depth ({len(self._open)}) exceeds the maximum allowed ({_DEPTH_MAX}, from "
                    "`StreamReadConstraints.getMaxNestingDepth()`)",
                    self._next + 1,
                )
            self._next += 1
            self._fresh = True
        elif byte == 0x22:
            self._string("VALUE_STRING")
        elif byte in b"-0123456789":
            self._number()
        else:
            self._literal(byte)

    def _first(self) -> None:
        """Behind a bracket that was just opened."""
        self._fresh = False
        bracket = self._open[-1][0]
        byte = self._after_space()
        if byte == (0x7D if bracket == 0x7B else 0x5D):
            self._close()
        elif bracket == 0x7B:
            self._entry(byte)
        else:
            self._value(byte)

    def _continue(self) -> None:
        """Between the entries of what is open."""
        bracket = self._open[-1][0]
        byte = self._after_space()
        if byte is None:
            self._end_of_input()
        if byte == (0x7D if bracket == 0x7B else 0x5D):
            self._close()
            return
        if byte != 0x2C:
            kind = "Object" if bracket == 0x7B else "Array"
            self._unexpected(byte, f"was expecting comma to separate {kind} entries")
        self._next += 1
        byte = self._after_space()
        if bracket == 0x7B:
            self._entry(byte)
        else:
            self._value(byte)

    def _entry(self, byte: int | None) -> None:
        if byte is None:
            self._end_of_input()
        if byte != 0x22:
            self._unexpected(byte, "was expecting double-quote to start field name")
        self._string("FIELD_NAME")
        byte = self._after_space()
        if byte is None:
            self._end("within/between Object entries")
        if byte != 0x3A:
            self._unexpected(byte, "was expecting a colon to separate field name and value")
        self._next += 1
        byte = self._after_space()
        if byte is None:
            self._end("within/between Object entries")
        self._value(byte)

    def _close(self) -> None:
        self._next += 1
        self._open.pop()

    def _after_space(self) -> int | None:
        data = self._data
        while self._next < len(data) and data[self._next] in _SPACE:
            self._next += 1
        return data[self._next] if self._next < len(data) else None

    # --- scalars ------------------------------------------------------------------------------------------------------

    def _string(self, where: str) -> None:
        self._next += 1
        data = self._data
        while True:
            if self._next >= len(data):
                self._end(f"in {where}")
            byte = data[self._next]
            if byte == 0x22:
                self._next += 1
                return
            if byte == 0x5C:
                self._escape(where)
            elif byte < 0x20:
                kind = "name" if where == "FIELD_NAME" else "string value"
                raise _Unreadable(
                    f"Illegal unquoted character ({_describe(byte)}): has to be escaped using backslash "
                    f"to be included in {kind}",
                    self._next + 1,
                )
            elif byte < 0x80:
                self._next += 1
            else:
                self._character()

    def _escape(self, where: str) -> None:
        data = self._data
        if self._next + 1 >= len(data):
            self._end(f"in {where}")
        byte = data[self._next + 1]
        if byte in _ESCAPES:
            self._next += 2
            return
        if byte != 0x75:
            raise _Unreadable(f"Unrecognized character escape {_describe(byte)}", self._next + 2)
        for offset in range(2, 6):
            if self._next + offset >= len(data):
                self._end(f"in {where}")
            if data[self._next + offset] not in b"0123456789abcdefABCDEF":
                self._next += offset
                self._unexpected(data[self._next], "expected a hex-digit for character escape sequence")
        self._next += 6

    def _character(self) -> str:
        """One character of several bytes."""
        first = self._data[self._next]
        length = (
            2 if 0xC0 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF8 else 0
        )
        if not length:
            raise _Unreadable(f"Invalid UTF-8 start byte 0x{first:02x}", self._next + 1)
        for offset in range(1, length):
            if self._next + offset >= len(self._data):
                self._end("in VALUE_STRING")
            byte = self._data[self._next + offset]
            if byte & 0xC0 != 0x80:
                raise _Unreadable(f"Invalid UTF-8 middle byte 0x{byte:02x}", self._next + offset + 1)
        text = self._data[self._next : self._next + length].decode("utf-8", "replace")
        self._next += length
        return text[0]

    def _number(self) -> None:
        data, start = self._data, self._next
        if data[self._next] == 0x2D:
            self._next += 1
        self._digits(
            "in VALUE_NUMBER_INT", "expected digit (0-9) to follow minus sign, for valid numeric value"
        )
        digits = data[start : self._next].lstrip(b"-")
        if len(digits) > 1 and digits.startswith(b"0"):
            raise _Unreadable("Invalid numeric value: Leading zeroes not allowed", self._next)
        if data[self._next : self._next + 1] == b".":
            self._next += 1
            self._digits("in VALUE_NUMBER_FLOAT", "Decimal point not followed by a digit")
        if data[self._next : self._next + 1] in (b"e", b"E"):
            self._next += 1
            if data[self._next : self._next + 1] in (b"+", b"-"):
                self._next += 1
            self._digits("in VALUE_NUMBER_FLOAT", "Exponent indicator not followed by a digit")

    def _digits(self, where: str, expected: str) -> None:
        data, start = self._data, self._next
        while self._next < len(data) and data[self._next] in _DIGITS:
            self._next += 1
        if self._next > start:
            return
        if self._next >= len(data):
            self._end(where)
        self._unexpected(data[self._next], expected)

    def _literal(self, byte: int) -> None:
        data, start = self._data, self._next
        for literal in _LITERALS:
            end = start + len(literal)
            if data.startswith(literal, start) and not _is_name(data[end : end + 1]):
                self._next = end
                return
        if not _is_name(data[start : start + 1]):
            self._unexpected(byte, f"expected a valid value {_TOKENS}")
        token = ""
        while self._next < len(data) and len(token) < _TOKEN_CHARS_MAX:
            character = chr(data[self._next]) if data[self._next] < 0x80 else self._peek_character()
            if not (character.isalnum() or character in "_$"):
                self._next += 1  # looked at, and taken
                break
            token += character
            self._next += len(character.encode("utf-8", "surrogatepass"))
        raise _Unreadable(f"Unrecognized token '{token}': was expecting {_TOKENS}", self._next)

    def _peek_character(self) -> str:
        at = self._next
        try:
            return self._character()
        finally:
            self._next = at

    # --- reports ------------------------------------------------------------------------------------------------------

    def _unexpected(self, byte: int, expected: str) -> NoReturn:
        raise _Unreadable(f"Unexpected character ({_describe(byte)}): {expected}", self._next)

    def _end(self, where: str) -> NoReturn:
        raise _Unreadable(f"Unexpected end-of-input {where}", len(self._data))

    def _end_of_input(self) -> NoReturn:
        if not self._open:
            raise _Unreadable("No content to map due to end-of-input", len(self._data))
        bracket, position = self._open[-1]
        kind = "Object" if bracket == 0x7B else "Array"
        marker = _at(self._data, position)
        raise _Unreadable(
            f"Unexpected end-of-input: expected close marker for {kind} (start marker at {marker})",
            len(self._data),
        )


def _is_name(byte: bytes) -> bool:
    return byte.isalnum() or byte in (b"_", b"$")


def _describe(code: int) -> str:
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"(CTRL-CHAR, code {code})"
    return f"'{chr(code)}' (code {code})"
