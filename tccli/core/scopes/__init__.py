"""
Scopes: which of them satisfy what, what roles add to them, and what a method needs.

Pure. A scope is printable ASCII; one that ends in ``*`` stands for every scope that begins with the rest of it. A scope
expression is a scope, ``{"AllOf": […]}`` or ``{"AnyOf": […]}``.
"""

from __future__ import annotations

import heapq
import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Expression: TypeAlias = "str | Mapping[str, Sequence[Expression]]"

ASSUME = "assume:"
PARAMETER = "<..>"

_VALID = re.compile(r"[\x20-\x7e]*")
_PLACEHOLDER = re.compile(r"<([a-zA-Z][a-zA-Z0-9_]*)>")


class RoleError(ValueError):
    """
    A set of roles that could not be expanded: a cycle, or a misplaced ``<..>``.
    """


def is_valid(scope: object) -> bool:
    """
    Say whether *scope* is a string that may be a scope.
    """
    return isinstance(scope, str) and _VALID.fullmatch(scope) is not None


def covers(held: str, wanted: str) -> bool:
    """
    Say whether having *held* is enough where *wanted* is asked for.

    The scope ``a*`` is covered by itself and by shorter patterns, never by ``a``.
    """
    return held == wanted or (held.endswith("*") and wanted.startswith(held[:-1]))


def order(scope: str) -> tuple[str, bool]:
    """
    Return the sort key of the services: patterns stand directly before all that they cover.
    """
    return (scope[:-1], False) if scope.endswith("*") else (scope, True)


def normalize(scopes: Iterable[str]) -> list[str]:
    """
    Return the smallest list of scopes with the same meaning, sorted.
    """
    return list(_without_covered(sorted(scopes, key=order)))


def merge(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """
    Return the union of two normalized lists, normalized.

    Lists that are not sorted are taken as they come, as the services do.
    """
    return list(_without_covered(heapq.merge(first, second, key=order)))


def _without_covered(scopes: Iterable[str]) -> Iterator[str]:
    last: str | None = None
    for scope in scopes:
        if last is None or not covers(last, scope):
            last = scope
            yield scope


def satisfies(held: Sequence[str], expression: Expression) -> bool:
    """
    Say whether *held*, already expanded, satisfies *expression*.
    """
    return missing(held, expression) is None


def missing(held: Sequence[str], expression: Expression) -> Expression | None:
    """
    Return what *held* lacks of *expression*, or None if nothing.

    ``AllOf`` keeps what is lacking, ``AnyOf`` all of its branches; either is left out where one entry remains.

    Raises:
        ValueError: *expression* is neither a string nor has it one of the two keys.
    """
    if isinstance(expression, str):
        return None if any(covers(scope, expression) for scope in held) else expression
    if "AllOf" in expression:
        lacking = [rest for part in expression["AllOf"] if (rest := missing(held, part)) is not None]
        if not lacking:
            return None
        return lacking[0] if len(lacking) == 1 else {"AllOf": lacking}
    if "AnyOf" in expression:
        branches = [missing(held, part) for part in expression["AnyOf"]]
        open_branches = [branch for branch in branches if branch is not None]
        if len(open_branches) < len(branches):
            return None
        return open_branches[0] if len(open_branches) == 1 else {"AnyOf": open_branches}
    raise ValueError(f"not a scope expression: {expression!r}")


def parameters(template: Any) -> dict[str, type]:
    """
    Return what a scope template of the references needs to be filled in: ``{"taskId": str, "routes": list}``.

    The kinds are ``str``, ``list`` (of strings) and ``bool``.
    """
    if isinstance(template, str):
        return dict.fromkeys(_PLACEHOLDER.findall(template), str)
    found: dict[str, type] = {}
    for key in ("AllOf", "AnyOf"):
        for part in template.get(key, ()):
            found |= parameters(part)
    if "for" in template:
        found |= parameters(template["each"])
        found.pop(template["for"], None)
        found[template["in"]] = list
    if "if" in template:
        found |= parameters(template["then"]) | parameters(template.get("else", "")) | {template["if"]: bool}
    return found


def render(template: Any, values: Mapping[str, Any]) -> Expression | None:
    """
    Fill in a scope template of the references.

    Args:
        template: A string with ``<name>``, ``AllOf``, ``AnyOf``, ``{"for": …, "in": …, "each": …}`` inside one of
            those, or ``{"if": …, "then": …, "else": …}``.
        values: Strings and numbers for ``<name>`` (a missing one is empty), lists for ``in``, booleans for ``if``.

    Returns:
        An expression, or None where an ``if`` without ``else`` is false: nothing is needed.

    Raises:
        TypeError: A value is not of the kind that its place asks for.
        ValueError: *template* is none.
    """
    if isinstance(template, str):
        return _fill(template, values)
    for key in ("AllOf", "AnyOf"):
        if key in template:
            return {key: [scope for part in template[key] for scope in _render_part(part, values)]}
    if "if" in template:
        condition = values.get(template["if"])
        if not isinstance(condition, bool):
            raise TypeError(f"{template['if']!r} must be true or false")
        branch = template["then"] if condition else template.get("else")
        return None if branch is None else render(branch, values)
    raise ValueError(f"not a scope template: {template!r}")


def _render_part(part: Any, values: Mapping[str, Any]) -> list[Expression]:
    if isinstance(part, str) or "for" not in part:
        rendered = render(part, values)
        return [] if rendered is None else [rendered]
    items = values.get(part["in"])
    if not isinstance(items, list):
        raise TypeError(f"{part['in']!r} must be a list")
    return [_fill(part["each"], {**values, part["for"]: item}) for item in items]


def _fill(template: str, values: Mapping[str, Any]) -> str:
    def fill_one(found: re.Match[str]) -> str:
        value = values.get(found[1], "")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"{found[1]!r} must be a string")
        return str(value)

    return _PLACEHOLDER.sub(fill_one, template)


class Roles:
    """
    Roles, and the expansion of scopes by them.

    Whoever has ``assume:<role>`` has the role's scopes. A role whose id ends in ``*`` is assumed by every scope that
    begins with the rest, and ``<..>`` in its scopes becomes what the assuming scope has after it. Holding a pattern
    assumes all roles that it covers.

    Args:
        roles: Role id → scopes; checked with :func:`check_roles` when they come from people.
    """

    def __init__(self, roles: Mapping[str, Sequence[str]]) -> None:
        self._exact = {ASSUME + role: scopes for role, scopes in roles.items() if not role.endswith("*")}
        self._prefixed = {ASSUME + role[:-1]: scopes for role, scopes in roles.items() if role.endswith("*")}
        self._lengths = sorted({len(prefix) for prefix in self._prefixed})
        self._known: dict[tuple[str, ...], list[str]] = {}

    def expand(self, scopes: Iterable[str]) -> list[str]:
        """
        Return *scopes* and all that roles add to them, directly or through other roles, normalized.
        """
        held = normalize(scopes)
        assuming = tuple(scope for scope in held if _assumes(scope))
        if not assuming:
            return held
        added = self._known.get(assuming)
        if added is None:
            added = self._known[assuming] = self._closure(assuming)
        return merge(added, held)

    def _closure(self, assuming: Iterable[str]) -> list[str]:
        seen: set[str] = set()
        waiting = list(assuming)
        while waiting:
            for scope in self._granted(waiting.pop()):
                if scope not in seen:
                    seen.add(scope)
                    if _assumes(scope):
                        waiting.append(scope)
        return normalize(seen)

    def _granted(self, scope: str) -> Iterator[str]:
        """
        Yield what the roles that *scope* assumes have, without following them.
        """
        if scope.endswith("*"):
            begin = scope[:-1]
            for role, granted in self._exact.items():
                if role.startswith(begin):
                    yield from granted
            for prefix, granted in self._prefixed.items():
                if len(prefix) >= len(begin) and prefix.startswith(begin):
                    yield from (fill_parameter(one, "*") for one in granted)
        else:
            yield from self._exact.get(scope, ())
        for length in self._lengths:
            if length > len(scope) - scope.endswith("*"):
                break
            granted = self._prefixed.get(scope[:length], ())
            yield from (fill_parameter(one, scope[length:]) for one in granted)


def fill_parameter(scope: str, value: str) -> str:
    """
    Put *value* in the place of ``<..>``; one that ends in ``*`` cuts off what follows.
    """
    before, mark, after = scope.partition(PARAMETER)
    if not mark:
        return scope
    return before + value if value.endswith("*") else before + value + after


def _assumes(scope: str) -> bool:
    return scope.startswith(ASSUME) or (scope.endswith("*") and ASSUME.startswith(scope[:-1]))


def check_roles(roles: Mapping[str, Sequence[str]]) -> None:
    """
    Refuse roles that assume each other in a circle, and scopes where ``<..>`` stands twice or after ``*``.

    Raises:
        RoleError: With the role or the circle in its message.
    """
    for role, scopes in roles.items():
        for scope in sorted(scopes, key=order) if role.endswith("*") else ():
            if scope.count(PARAMETER) > 1:
                raise RoleError(f"parameterized scope '{scope}' contains '{PARAMETER}' more than once")
            if scope.endswith("*" + PARAMETER):
                raise RoleError(f"parameterized scope '{scope}' ends with '*{PARAMETER}', which is ambiguous")
    done: set[str] = set()
    for role in roles:
        _visit(role, roles, (), done)


def _visit(role: str, roles: Mapping[str, Sequence[str]], path: tuple[str, ...], done: set[str]) -> None:
    if role in done:
        return
    if role in path:
        circle = "' -> '".join(ASSUME + one for one in (*path[path.index(role) :], role))
        raise RoleError(f"Roles may not contain dependency cycles, found: '{circle}'")
    worst_case = [fill_parameter(scope, "*") if role.endswith("*") else scope for scope in roles[role]]
    reached = [
        other
        for other in roles
        for scope in worst_case
        if covers(scope, ASSUME + other)
        or (other.endswith("*") and scope.removesuffix("*").startswith(ASSUME + other[:-1]))
    ]
    for other in dict.fromkeys(reached):
        _visit(other, roles, (*path, role), done)
    done.add(role)
