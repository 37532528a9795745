"""
From a verb and a raw path to a method and its arguments: routes made from the references.

The path is matched as it was sent, before percent-decoding, so ``%2F`` in an argument is no separator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tccli import references
from tccli.sandbox import registry

if TYPE_CHECKING:
    from tccli.references import Method


class BadEscapeError(ValueError):
    """
    A path argument is not percent-encoded UTF-8.
    """


@dataclass(frozen=True, slots=True)
class Route:
    """
    A method and the expression that its paths match.
    """

    method: Method
    expression: re.Pattern[str]


class Router:
    """
    All routes of all services.
    """

    def __init__(self) -> None:
        self._routes: dict[str, list[Route]] = {}
        self._prefixes: set[str] = set()
        for name in references.service_names():
            service = references.service(name)
            prefix = f"/api/{name}/{service.version}"
            self._prefixes.add(prefix)
            for method in sorted(service.methods.values(), key=_specificity):
                expression = re.compile(re.escape(prefix) + _expression(method))
                self._routes.setdefault(f"{prefix} {method.verb}", []).append(Route(method, expression))

    def is_api(self, path: str) -> bool:
        """
        Say whether *path* is below a service's root.
        """
        return _prefix(path) in self._prefixes

    def find(self, verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """
        Return the method that answers, and the path arguments, decoded; None if there is none.

        Raises:
            BadEscapeError: An argument cannot be decoded.
        """
        # As the services' framework does it: HEAD is GET without the body.
        for route in self._routes.get(f"{_prefix(path)} {'GET' if verb == 'HEAD' else verb}", ()):
            found = route.expression.fullmatch(path)
            if found is not None:
                return route.method, _arguments(found)
        return None

    def verbs(self, path: str) -> list[str]:
        """
        Return the verbs that are answered at *path*, for OPTIONS.
        """
        found = []
        for key, routes in self._routes.items():
            prefix, _, verb = key.partition(" ")
            if prefix == _prefix(path) and any(route.expression.fullmatch(path) for route in routes):
                found += ["GET", "HEAD"] if verb == "GET" else [verb]
        return found


def _prefix(path: str) -> str:
    return "/".join(path.split("/", 4)[:4])


def _expression(method: Method) -> str:
    """
    Return the expression for a route; a slash at its end may be missing or be one too many.
    """
    written = re.escape(method.route.removesuffix("/"))
    for name in method.args:
        any_of = ".*" if registry.takes_slashes(method, name) else "[^/]+?"
        group = f"(?P<{name}>{any_of})"
        if registry.may_be_missing(method, name):
            written = written.replace(f"/<{name}>", f"(?:/{group})?")
        else:
            written = written.replace(f"<{name}>", group)
    return written + "/?"


def _arguments(found: re.Match[str]) -> dict[str, str]:
    return {name: _decode(value) for name, value in found.groupdict().items() if value is not None}


def _specificity(method: Method) -> tuple[bool, list[tuple[bool, str]]]:
    """
    Sort fixed words before arguments, so that ``/task-queues/counts`` is not taken for a queue named counts.

    Last of all come the routes with an argument that takes everything: ``/worker-pool/<workerPoolId>`` would take
    ``/worker-pool/<workerPoolId>/stats``.
    """
    takes_all = any(registry.takes_slashes(method, name) for name in method.args)
    return takes_all, [(segment.startswith("<"), segment) for segment in method.route.split("/")]


def _decode(value: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise BadEscapeError(value)
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise BadEscapeError(value) from None
