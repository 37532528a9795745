"""
The algebra of scopes: which scopes satisfy which expressions, and what roles add to them.

Pure. A scope is printable ASCII; one that ends in ``*`` stands for every scope that begins with the rest of it. A scope
expression is a scope, ``{"AllOf": […]}`` or ``{"AnyOf": […]}``.
"""

from __future__ import annotations

import heapq
import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Expression: TypeAlias = "str | Mapping[str, Sequence[Expression]]"

ASSUME = "assume:"
PARAMETER = "<..>"

_VALID = re.compile(r"[\x20-\x7e]*")


class RoleError(ValueError):
    """
    Roles that cannot be expanded: a cycle, or a misplaced ``<..>``.
    """


def is_valid(scope: object) -> bool:
    """
    Return whether *scope* is a string of printable ASCII.
    """
    return isinstance(scope, str) and _VALID.fullmatch(scope) is not None


def covers(held: str, wanted: str) -> bool:
    """
    Return whether the scope *held* satisfies the scope *wanted*.

    ``a*`` is covered by itself and by shorter patterns, never by ``a``.
    """
    return held == wanted or (held.endswith("*") and wanted.startswith(held[:-1]))


def sort_key(scope: str) -> tuple[str, bool]:
    """
    Return the services' sort key for scopes: a pattern sorts directly before all that it covers.
    """
    return (scope[:-1], False) if scope.endswith("*") else (scope, True)


def normalize(scopes: Iterable[str]) -> list[str]:
    """
    Return the smallest list of scopes with the same meaning, sorted.
    """
    return list(_without_covered(sorted(scopes, key=sort_key)))


def merge(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """
    Return the union of two normalized lists, normalized.

    Lists that are not normalized are merged in the order they have, as the services do.
    """
    return list(_without_covered(heapq.merge(first, second, key=sort_key)))


def _without_covered(scopes: Iterable[str]) -> Iterator[str]:
    last: str | None = None
    for scope in scopes:
        if last is None or not covers(last, scope):
            last = scope
            yield scope


def satisfies(held: Sequence[str], expression: Expression) -> bool:
    """
    Return whether *held*, already expanded, satisfies *expression*.
    """
    return find_missing(held, expression) is None


def find_missing(held: Sequence[str], expression: Expression) -> Expression | None:
    """
    Return the part of *expression* that *held* does not satisfy, or None if it satisfies all of it.

    Of ``AllOf``, only the unsatisfied entries remain; of ``AnyOf``, all branches. A single entry stands alone.

    Raises:
        ValueError: *expression* is not a scope expression.
    """
    if isinstance(expression, str):
        return None if any(covers(scope, expression) for scope in held) else expression
    if "AllOf" in expression:
        lacking = [rest for part in expression["AllOf"] if (rest := find_missing(held, part)) is not None]
        if not lacking:
            return None
        return lacking[0] if len(lacking) == 1 else {"AllOf": lacking}
    if "AnyOf" in expression:
        branches = [find_missing(held, part) for part in expression["AnyOf"]]
        open_branches = [branch for branch in branches if branch is not None]
        if len(open_branches) < len(branches):
            return None
        return open_branches[0] if len(open_branches) == 1 else {"AnyOf": open_branches}
    raise ValueError(f"not a scope expression: {expression!r}")


class Roles:
    """
    Roles, and the expansion of scopes by them.

    The scope ``assume:<role>`` adds the role's scopes. A role whose id ends in ``*`` is assumed by every scope that
    begins with the rest, and ``<..>`` in its scopes is replaced by what follows in the assuming scope. A pattern
    assumes all roles that it covers.

    Args:
        roles: Role id → scopes. Check them with :func:`check_roles` first.
    """

    def __init__(self, roles: Mapping[str, Sequence[str]]) -> None:
        self._exact = {ASSUME + role: scopes for role, scopes in roles.items() if not role.endswith("*")}
        self._prefixed = {ASSUME + role[:-1]: scopes for role, scopes in roles.items() if role.endswith("*")}
        self._lengths = sorted({len(prefix) for prefix in self._prefixed})
        self._known: dict[tuple[str, ...], list[str]] = {}

    def expand(self, scopes: Iterable[str]) -> list[str]:
        """
        Return *scopes* and all that roles add to them, directly and through other roles, normalized.
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
        # The scopes of the roles that *scope* assumes; roles in those are not expanded.
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
    Return *scope* with *value* in place of ``<..>``; a *value* that ends in ``*`` cuts off what follows.
    """
    before, mark, after = scope.partition(PARAMETER)
    if not mark:
        return scope
    return before + value if value.endswith("*") else before + value + after


def _assumes(scope: str) -> bool:
    return scope.startswith(ASSUME) or (scope.endswith("*") and ASSUME.startswith(scope[:-1]))


def check_roles(roles: Mapping[str, Sequence[str]]) -> None:
    """
    Check that roles do not assume each other in a cycle, and that no scope has ``<..>`` twice or after ``*``.

    Raises:
        RoleError: The message names the scope or the cycle.
    """
    for role, scopes in roles.items():
        for scope in sorted(scopes, key=sort_key) if role.endswith("*") else ():
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
        cycle = "' -> '".join(ASSUME + one for one in (*path[path.index(role) :], role))
        raise RoleError(f"Roles may not contain dependency cycles, found: '{cycle}'")
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
