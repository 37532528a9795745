"""
The functions of Go templates, and what Go prints for a value. Pure.

Source: the documentation of Go's packages text/template and fmt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_PRINTF_WIDTH = 1_000_000
"""Characters, also after the point. Go's fmt has the same limit."""
DIRECTIVE = re.compile(r"%(?:%|(?P<flags>[-+ #0]*)(?P<width>\d*)(?:\.(?P<precision>\d*))?(?P<verb>[a-zA-Z]))")
_KINDS = {"array": "list", "object": "map", "string": "string", "boolean": "bool", "null": "nil"}
_KINDS |= {"integer": "number", "number": "number"}


class ArgumentError(Exception):
    """
    A function cannot take its arguments; the message fits behind a colon, and has no value of a document.
    """


class Function(NamedTuple):
    """
    A function.

    Attributes:
        call: Takes values of JSON. It raises `ArgumentError`.
        least: The least number of arguments.
        most: The greatest one.
        check: Takes the kinds of the arguments, None for those that are not known, and raises `ArgumentError`.
    """

    call: Callable[..., Any]
    least: int
    most: int
    check: Callable[[Sequence[str | None]], None] = lambda _kinds: None


def kind_of(value: Any) -> str:
    """
    Return the kind of a value in Go's words: list, map, string, number, bool or nil.
    """
    names = {list: "list", dict: "map", str: "string", bool: "bool", type(None): "nil"}
    return names.get(type(value), "number")


def kind_in(schema: Any) -> str | None:
    """
    Return the kind of the values that a schema allows, or None if there are several.
    """
    found = schema.get("type") if isinstance(schema, dict) else None
    return _KINDS.get(found) if isinstance(found, str) else None


def format_value(value: Any) -> str:
    """
    Return what Go prints for a value; an object is JSON.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return f"[{' '.join(map(format_value, value))}]"
    if isinstance(value, dict | list):
        return _dump(value)
    return str(value)


def _dump(value: Any) -> str:
    # The encoder of the standard library cannot write the text of a number.
    import json

    if isinstance(value, dict):
        return "{" + ",".join(f"{_dump(name)}:{_dump(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    is_plain = value is None or isinstance(value, str | int | float)
    return json.dumps(value, ensure_ascii=False) if is_plain else str(value)


def check_format(text: str, kinds: Sequence[str | None]) -> None:
    """
    Raise ArgumentError if printf cannot print values of these kinds by a format.
    """
    directives = [found for found in DIRECTIVE.finditer(text) if found[0] != "%%"]
    if "%" in DIRECTIVE.sub("", text):
        raise ArgumentError("a % of the format is not followed by a directive; use %s, %d, %q, %v or %%")
    for found in directives:
        if found["verb"] not in "svdqtfgx":
            raise ArgumentError(f"there is no directive {found[0]!r}; use %s, %d, %q or %v")
        for size in (found["width"], found["precision"] or ""):
            # Python converts no number of more than 4300 digits.
            if len(size) > len(str(MAX_PRINTF_WIDTH)) or int(size or 0) > MAX_PRINTF_WIDTH:
                raise ArgumentError(f"a width or precision is over {MAX_PRINTF_WIDTH}")
    if len(directives) != len(kinds):
        raise ArgumentError(f"the format takes {len(directives)} values, not {len(kinds)}")
    for found, kind in zip(directives, kinds, strict=True):
        if found["verb"] in "dfgx" and kind not in {None, "number"}:
            raise ArgumentError(f"%{found['verb']} takes a number, not a {kind}")


def _printf(text: str, *values: Any) -> str:
    check_format(text, [kind_of(value) for value in values])
    rest = iter(values)

    def fill(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value, verb = next(rest), found["verb"]
        if verb in "dfgx":
            return _fill_number(found[0], verb, value)
        shown = _dump(format_value(value)) if verb == "q" else format_value(value)
        return f"{found[0][:-1]}s" % shown

    return DIRECTIVE.sub(fill, text)


def _fill_number(directive: str, verb: str, value: Any) -> str:
    if not isinstance(value, int if verb in "dx" else int | float):
        raise ArgumentError(f"%{verb} cannot print this number")
    try:
        return directive % value
    except (OverflowError, ValueError):
        raise ArgumentError(f"%{verb} cannot print a number of so many digits") from None


def _check_printf(kinds: Sequence[str | None]) -> None:
    if kinds[0] not in {None, "string"}:
        raise ArgumentError(f"the first argument must be a format, not a {kinds[0]}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        _check_index([kind_of(value), kind_of(key)])
        if isinstance(value, list):
            check_position(key)
            if key >= len(value):
                raise ArgumentError(f"the list has {len(value)} entries")
            value = value[key]
        else:
            value = (value or {}).get(key)
    return value


def check_position(key: Any) -> None:
    """
    Raise ArgumentError for a number that is not the position of an entry in any list.
    """
    if kind_of(key) == "number" and not (isinstance(key, int) and key >= 0):
        raise ArgumentError(f"{key} is not a position in a list")


def _check_index(kinds: Sequence[str | None]) -> None:
    # What an entry of the first argument is, only its schema tells.
    container, key = (*kinds, None)[:2]
    if container not in {None, "list", "map", "nil"}:
        raise ArgumentError(f"a {container} has no entries")
    wanted = {"list": "number", "map": "string"}.get(container or "")
    if wanted and key not in {None, wanted}:
        raise ArgumentError(f"a {container} is indexed by a {wanted}, not by a {key}")
    if container == "nil" and key == "number":
        raise ArgumentError("the list has 0 entries")


def _check_length(kinds: Sequence[str | None]) -> None:
    if kinds[0] not in {None, "string", "list", "map", "nil"}:
        raise ArgumentError(f"len takes a string, a list or a map, not a {kinds[0]}")


def _check_order(kinds: Sequence[str | None]) -> None:
    known = [kind for kind in kinds if kind is not None]
    wrong = next((kind for kind in known if kind not in {"string", "number"}), None)
    if wrong:
        raise ArgumentError(f"a {wrong} has no order")
    if len(set(known)) > 1:
        raise ArgumentError(f"a {known[0]} cannot be compared with a {known[1]}")


def _is_equal(first: Any, second: Any) -> bool:
    # In Python, True is 1.
    return kind_of(first) == kind_of(second) and bool(first == second)


def _and(*values: Any) -> Any:
    return next((value for value in values if not value), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if value), values[-1])


FUNCTIONS = {
    "len": Function(lambda value: 0 if value is None else len(value), 1, 1, _check_length),
    "printf": Function(_printf, 1, 99, _check_printf),
    "print": Function(lambda *values: "".join(map(format_value, values)), 0, 99),
    "println": Function(lambda *values: " ".join(map(format_value, values)) + "\n", 0, 99),
    "index": Function(_index, 1, 99, _check_index),
    "eq": Function(lambda first, *others: any(_is_equal(first, each) for each in others), 2, 99),
    "ne": Function(lambda first, second: not _is_equal(first, second), 2, 2),
    "lt": Function(lambda first, second: first < second, 2, 2, _check_order),
    "le": Function(lambda first, second: first <= second, 2, 2, _check_order),
    "gt": Function(lambda first, second: first > second, 2, 2, _check_order),
    "ge": Function(lambda first, second: first >= second, 2, 2, _check_order),
    "and": Function(_and, 1, 99),
    "or": Function(_or, 1, 99),
    "not": Function(lambda value: not value, 1, 1),
}
"""By name."""
