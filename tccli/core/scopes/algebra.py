"""
The algebra of scopes: which scopes satisfy which expressions, and what roles add to them.

Pure. A scope is printable ASCII; one that ends in ``*`` stands for every scope that begins with the rest of it. A scope
expression is a scope, ``{"AllOf": […]}`` or ``{"AnyOf": […]}``.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left, bisect_right
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


def subtract(scopes: Iterable[str], held: Sequence[str]) -> list[str]:
    """
    Return those of *scopes* that *held*, which is normalized, does not satisfy.
    """
    rest = []
    # ** covers what sorts before it, too: * and itself with any number of wildcards.
    doubled = [scope for scope in held if scope.endswith("**")]
    for scope in scopes:
        # Of the others, only the last one that does not sort after a scope can cover it.
        place = bisect_right(held, sort_key(scope), key=sort_key)
        if not any(covers(each, scope) for each in (*held[max(place - 1, 0) : place], *doubled)):
            rest.append(scope)
    return rest


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
        self._granted = {ASSUME + role: scopes for role, scopes in roles.items()}
        self._sorted = sorted(self._granted)
        self._lengths = sorted({len(role) - 1 for role in self._granted if role.endswith("*")})
        self._known: dict[tuple[str, ...], list[str]] = {}

    def expand(self, scopes: Iterable[str]) -> list[str]:
        """
        Return *scopes* and all that roles add to them, directly and through other roles, normalized.
        """
        held = normalize(scopes)
        if held[:1] == ["*"]:
            return held
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
            for role, parameter in self.find_assumed(waiting.pop()):
                for granted in self._granted[role]:
                    scope = granted if parameter is None else fill_parameter(granted, parameter)
                    if scope not in seen:
                        seen.add(scope)
                        if _assumes(scope):
                            waiting.append(scope)
        return normalize(seen)

    def find_assumed(self, scope: str) -> Iterator[tuple[str, str | None]]:
        """
        Yield the roles that *scope* assumes directly, as ``assume:<role>``, and what replaces ``<..>`` in their scopes.

        The replacement is None for a role whose id does not end in ``*``. A role may be yielded twice.
        """
        if not _assumes(scope):
            return
        bare = scope.removesuffix("*")
        if bare != scope:
            for role in self._sorted[bisect_left(self._sorted, bare) :]:
                if not role.startswith(bare):
                    break
                yield role, "*" if role.endswith("*") else None
        elif scope in self._granted:
            yield scope, None
        for length in self._lengths:
            if length > len(bare):
                break
            role = scope[:length] + "*"
            if role in self._granted:
                yield role, scope[length:]


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


def check_roles(roles: Mapping[str, Sequence[str]], changed: str | None = None) -> None:
    """
    Check that roles do not assume each other in a cycle, and that no scope has ``<..>`` twice or after ``*``.

    Args:
        changed: The only role that was not checked before; None if none was.

    Raises:
        RoleError: The message names the scope or the cycle.
    """
    for role in roles if changed is None else (changed,):
        for scope in sorted(roles[role], key=sort_key) if role.endswith("*") else ():
            if scope.count(PARAMETER) > 1:
                raise RoleError(f"parameterized scope '{scope}' contains '{PARAMETER}' more than once")
            if scope.endswith("*" + PARAMETER):
                raise RoleError(f"parameterized scope '{scope}' ends with '*{PARAMETER}', which is ambiguous")
    index = Roles(roles)
    order = {ASSUME + role: number for number, role in enumerate(roles)}
    if changed is not None:
        # A new cycle leads through this role. Only its message needs the search from the first role on.
        try:
            _find_cycle(ASSUME + changed, roles, index, order, set())
        except RoleError:
            pass
        else:
            return
    done: set[str] = set()
    for role in order:
        _find_cycle(role, roles, index, order, done)


def _find_cycle(
    start: str, roles: Mapping[str, Sequence[str]], index: Roles, order: Mapping[str, int], done: set[str]
) -> None:
    # A depth-first search without recursion: chains of roles may be longer than Python's stack.
    path = {start: _reach(start, roles, index, order)} if start not in done else {}
    while path:
        role, reached = next(reversed(path.items()))
        other = next(reached, None)
        if other is None:
            del path[role]
            done.add(role)
        elif other in path:
            members = list(path)
            cycle = "' -> '".join((*members[members.index(other) :], other))
            raise RoleError(f"Roles may not contain dependency cycles, found: '{cycle}'")
        elif other not in done:
            path[other] = _reach(other, roles, index, order)


def _reach(role: str, roles: Mapping[str, Sequence[str]], index: Roles, order: Mapping[str, int]) -> Iterator[str]:
    # The roles that *role* assumes, in the order of all roles; as if a parameter stood for everything.
    scopes = roles[role.removeprefix(ASSUME)]
    if role.endswith("*"):
        scopes = [fill_parameter(scope, "*") for scope in scopes]
    return iter(sorted({other for scope in scopes for other, _ in index.find_assumed(scope)}, key=order.__getitem__))
