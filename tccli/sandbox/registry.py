"""
Which methods are built: handlers sign up here when their module is imported.

A module in ``services`` adds its tables with :func:`tables`, the patterns of its path arguments with :func:`patterns`,
and a handler for each method with :func:`handles`. Nothing else has to know of it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tccli import references
from tccli.sandbox import services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tccli.sandbox.call import Answer, Call
    from tccli.sandbox.state import State

    Handler: TypeAlias = "Callable[[Call], Answer | Awaitable[Answer]]"
    Step: TypeAlias = "Callable[[State], object]"

_handlers: dict[str, Handler] = {}
_tables: list[str] = []
_steps: list[Step] = []
_patterns: dict[tuple[str, str], str] = {}
_slashes: dict[tuple[str, str], frozenset[str]] = {}
_optional: dict[tuple[str, str], frozenset[str]] = {}
_cleaners: dict[str, Callable[[Any], Any]] = {}
_queries: dict[tuple[str, str], str | Callable[[str], str | None]] = {}


def handles(*method_ids: str) -> Callable[[Handler], Handler]:
    """
    Decorate the function that answers these methods, such as ``queue.createTask``.

    Raises:
        ValueError: There is no such method, or it has a handler already.
    """

    def register(handler: Handler) -> Handler:
        for method_id in method_ids:
            service, _, name = method_id.partition(".")
            if references.method(service, name).id in _handlers:
                raise ValueError(f"{method_id} has a handler already")
            _handlers[method_id] = handler
        return handler

    return register


def tables(sql: str) -> None:
    """
    Add tables and indexes; every statement begins with ``CREATE … IF NOT EXISTS``.
    """
    _tables.append(sql)


def patterns(service: str, **expressions: str) -> None:
    """
    Say what path arguments of a service look like.

    Args:
        service: As the API spells it.
        **expressions: By argument, from ``^`` to ``$``, of the kind that Python and JavaScript share.
    """
    _patterns.update({(service, name): expression for name, expression in expressions.items()})


def allow_slashes(service: str, argument: str, *methods: str) -> None:
    """
    Let an argument go to the end of the path, whatever is in it: of these methods, or of all that have it.
    """
    _slashes[service, argument] = frozenset(methods)


def allow_missing(service: str, argument: str, *methods: str) -> None:
    """
    Let the last argument of the path be missing, together with its slash: of these methods.
    """
    _optional[service, argument] = frozenset(methods)


def passes(step: Step) -> Step:
    """
    Decorate what happens as time passes: called about once a second, and when the clock was moved.
    """
    _steps.append(step)
    return step


def steps() -> list[Step]:
    """
    Return what happens as time passes.
    """
    return list(_steps)


def queries(method_id: str, **checks: str | Callable[[str], str | None]) -> None:
    """
    Say what query options of a method look like, other than those that all services check in the same way.

    Args:
        method_id: Such as ``purge-cache.purgeRequests``.
        **checks: By option: an expression, or a function that says what is wrong with a value.
    """
    _queries.update({(method_id, name): check for name, check in checks.items()})


def query_check(method_id: str, option: str) -> str | Callable[[str], str | None] | None:
    """
    Return what :func:`queries` was told of an option.
    """
    return _queries.get((method_id, option))


def cleans(*method_ids: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """
    Decorate the function that takes what is secret from the payload of these methods, before an error shows it.
    """

    def register(cleaner: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _cleaners.update(dict.fromkeys(method_ids, cleaner))
        return cleaner

    return register


def cleaned(method_id: str, payload: Any) -> Any:
    """
    Return what an error may show of a payload.
    """
    cleaner = _cleaners.get(method_id)
    return payload if cleaner is None else cleaner(payload)


def load() -> None:
    """
    Import every module of ``services``.
    """
    for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        importlib.import_module(module.name)


def handler(method_id: str) -> Handler | None:
    """
    Return a method's handler, or None if it is not built.
    """
    return _handlers.get(method_id)


def is_built(method: references.Method) -> bool:
    """
    Say whether the sandbox answers a method.
    """
    return method.id in _handlers


def all_tables() -> list[str]:
    """
    Return the SQL of all tables.
    """
    return list(_tables)


def takes_slashes(method: references.Method, argument: str) -> bool:
    """
    Say whether an argument may have raw slashes.
    """
    methods = _slashes.get((method.service, argument))
    return methods is not None and (not methods or method.name in methods)


def may_be_missing(method: references.Method, argument: str) -> bool:
    """
    Say whether an argument may be missing from the path.
    """
    return method.name in _optional.get((method.service, argument), ())


def problems(service: str, arguments: dict[str, Any]) -> list[str]:
    """
    Return what is wrong with path arguments, in the words of the services.
    """
    found = []
    for name, value in arguments.items():
        expression = _patterns.get((service, name))
        if expression is not None and not re.search(expression.replace("$", r"\Z"), value):
            shown = expression.replace("/", "\\/")
            found.append(f"URL parameter '{name}' given as '{value}' must match regular expression: '/{shown}/'")
    return found
