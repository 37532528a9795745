"""
Expressions of templates: ``${…}``, ``$eval``, and conditions.

A condition is true for what Python takes for true: everything but null, false, 0, and what is empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsone.parser import Parser
from jsone.render import tokenizer
from jsone.shared import JSONTemplateError

from tccli.sandbox.javascript.values import is_equal, is_integer, is_number, power, sort_key, to_double, to_text
from tccli.sandbox.templates.errors import TemplateError
from tccli.sandbox.templates.functions import Function, is_function

if TYPE_CHECKING:
    from collections.abc import Callable

_START = re.compile(r"\$?\$\{")
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "**": lambda left, right: power(right, left),
}
"""The parser reverses the operands of ``**``."""
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}


def evaluate(source: str, context: dict[str, Any]) -> Any:
    """
    Return the value of an expression.

    Raises:
        TemplateError: It cannot be parsed or evaluated.
    """
    parser, tree = _parse(source)
    if parser.current_token is not None:
        raise TemplateError(f"unexpected {parser.current_token.value}", "SyntaxError")
    return _evaluate(tree, context)


def interpolate(text: str, context: dict[str, Any]) -> str:
    """
    Return *text* with the values of its ``${…}`` as text; ``$${`` stands for ``${``.

    Raises:
        TemplateError: An expression cannot be parsed or evaluated, or is a list or an object.
    """
    parts = []
    while found := _START.search(text):
        parts.append(text[: found.start()])
        text = text[found.end() :]
        if found[0] == "$${":
            parts.append("${")
            continue
        parser, tree = _parse(text)
        end = parser.current_token
        if end is None or end.kind != "}":
            raise TemplateError(f"unexpected {end.value}" if end else "unterminated ${..} expression", "SyntaxError")
        value = _evaluate(tree, context)
        if isinstance(value, list | dict):
            raise TemplateError(f"interpolation of '{text[: end.start]}' produced an array or object")
        parts.append("" if value is None else to_text(value))
        text = text[end.end :]
    return "".join([*parts, text])


def _parse(source: str) -> tuple[Any, Any]:
    try:
        parser = Parser(source, tokenizer)
        return parser, parser.parse()
    except JSONTemplateError as error:
        raise TemplateError(str(error.args[0]), "SyntaxError") from None
    except (AttributeError, StopIteration, RuntimeError) as error:
        # The library does not convert these at an unexpected end.
        if isinstance(error, RecursionError):
            raise
        raise TemplateError("unexpected end of input", "SyntaxError") from None


def _fail(reason: str) -> TemplateError:
    return TemplateError(reason, "InterpreterError")


def _evaluate(node: Any, context: dict[str, Any]) -> Any:
    evaluate_node = _NODES.get(type(node).__name__)
    if evaluate_node is None:
        raise TemplateError("an expression is missing", "SyntaxError")
    return evaluate_node(node, context)


def _evaluate_literal(node: Any, _context: dict[str, Any]) -> Any:
    kind, text = node.token.kind, node.token.value
    if kind == "number":
        return to_double(float(text) if "." in text else int(text[:400]))
    if kind == "string":
        return text[1:-1]
    return {"null": None, "true": True, "false": False}.get(kind, text)


def _evaluate_name(node: Any, context: dict[str, Any]) -> Any:
    name = node.token.value
    if name not in context:
        raise _fail(f"unknown context value {name}")
    return context[name]


def _evaluate_unary(node: Any, context: dict[str, Any]) -> Any:
    value, sign = _evaluate(node.expr, context), node.token.kind
    if sign == "!":
        return not value
    if not is_number(value):
        raise _fail(f"unary {sign} expects number")
    return -value if sign == "-" else value


def _evaluate_binary(node: Any, context: dict[str, Any]) -> Any:
    kind = node.token.kind
    left = _evaluate(node.left, context)
    if kind == "||":
        return bool(left) or bool(_evaluate(node.right, context))
    if kind == "&&":
        return bool(left) and bool(_evaluate(node.right, context))
    right = _evaluate(node.right, context)
    if kind in {"==", "!="}:
        return is_equal(left, right) == (kind == "==")
    if kind == ".":
        return _get_property(left, right)
    if kind == "in":
        return _contains(left, right)
    return _calculate(kind, left, right)


def _calculate(kind: str, left: Any, right: Any) -> Any:
    are_texts = isinstance(left, str) and isinstance(right, str)
    if kind in _COMPARISONS:
        if are_texts:
            return _COMPARISONS[kind](sort_key(left), sort_key(right))
        if is_number(left) and is_number(right):
            return _COMPARISONS[kind](left, right)
        raise _fail(f"infix: {kind} expects numbers/strings {kind} numbers/strings")
    if kind == "+" and are_texts:
        return left + right
    if not is_number(left) or not is_number(right):
        raise _fail(f"infix: {kind} expects number {kind} number")
    if kind == "/" and right == 0:
        raise _fail("division by zero")
    return to_double(_ARITHMETIC[kind](left, right))


def _get_property(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise _fail("infix: . expects objects")
    if name not in value:
        raise _fail(f'object has no property "{name}"')
    return value[name]


def _contains(value: Any, collection: Any) -> bool:
    if isinstance(collection, list):
        return any(is_equal(value, entry) for entry in collection)
    if not isinstance(collection, str | dict):
        raise _fail("Infix: in expects Array, string, or object on right side")
    if not isinstance(value, str):
        raise _fail("Infix: in expects string on left side")
    return value in collection


def _evaluate_list(node: Any, context: dict[str, Any]) -> list[Any]:
    return [] if node.list[:1] == [None] else [_evaluate(entry, context) for entry in node.list]


def _evaluate_object(node: Any, context: dict[str, Any]) -> dict[str, Any]:
    return {name: _evaluate(value, context) for name, value in node.obj.items()}


def _evaluate_access(node: Any, context: dict[str, Any]) -> Any:
    value = _evaluate(node.arr, context)
    left = _evaluate(node.left, context) if node.left else 0
    right = _evaluate(node.right, context) if node.right else None
    if isinstance(value, list | str):
        return _slice(value, left, right) if node.isInterval else _index(value, left)
    if not isinstance(value, dict):
        raise _fail('infix: "[..]" expects object, array, or string')
    if not isinstance(left, str):
        raise _fail("object keys must be strings")
    return value.get(left)


def _slice(value: list[Any] | str, left: Any, right: Any) -> Any:
    right = len(value) if right is None else right
    if not is_number(left) or not is_integer(right):
        raise _fail("cannot perform interval access with non-integers")
    start, end = (max(0, place + len(value)) if place < 0 else place for place in (left, right))
    start = min(start, end)
    if not is_integer(start):
        raise _fail("cannot perform interval access with non-integers")
    return value[int(start) : int(end)]


def _index(value: list[Any] | str, place: Any) -> Any:
    if is_number(place) and place < 0:
        place = max(0, place + len(value))
    if not is_integer(place):
        raise _fail("should only use integers to access arrays or strings")
    if place >= len(value):
        raise _fail("index out of bounds")
    return value[int(place)]


def _evaluate_call(node: Any, context: dict[str, Any]) -> Any:
    function = _evaluate(node.name, context)
    if not is_function(function):
        raise _fail(f"{to_text(function)} is not callable")
    values = [_evaluate(argument, context) for argument in node.args]
    return function.call(context, values) if isinstance(function, Function) else function(*values)


_NODES: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "ASTNode": _evaluate_literal,
    "Primitive": _evaluate_literal,
    "ContextValue": _evaluate_name,
    "UnaryOp": _evaluate_unary,
    "BinOp": _evaluate_binary,
    "List": _evaluate_list,
    "Object": _evaluate_object,
    "ValueAccess": _evaluate_access,
    "FunctionCall": _evaluate_call,
}
