"""
Routing: finds the method and the path arguments of a request, by routes from the references.

Paths are matched before percent-decoding, so that ``%2F`` in an argument does not separate segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tccli import references

if TYPE_CHECKING:
    from tccli.references import Method
    from tccli.sandbox.registry import Registry


class BadEscapeError(ValueError):
    """
    A path argument is not valid percent-encoded UTF-8.
    """


@dataclass(frozen=True, slots=True)
class Route:
    """
    A method and the pattern of its paths.
    """

    method: Method
    pattern: re.Pattern[str]


class Router:
    """
    The routes of all services.
    """

    def __init__(self, registry: Registry) -> None:
        self._routes: dict[str, list[Route]] = {}
        self._prefixes: set[str] = set()
        for name in references.service_names():
            service = references.service(name)
            prefix = f"/api/{name}/{service.version}"
            self._prefixes.add(prefix)
            for method in sorted(service.methods.values(), key=lambda method: _specificity(method, registry)):
                pattern = re.compile(re.escape(prefix) + _route_pattern(method, registry))
                self._routes.setdefault(f"{prefix} {method.verb}", []).append(Route(method, pattern))

    def is_api(self, path: str) -> bool:
        """
        Return whether *path* is below a service's root.
        """
        return _prefix(path) in self._prefixes

    def find(self, verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """
        Return the method of a request and its decoded path arguments, or None.

        Raises:
            BadEscapeError: An argument cannot be decoded.
        """
        # As in the services' framework, HEAD is GET without the body.
        for route in self._routes.get(f"{_prefix(path)} {'GET' if verb == 'HEAD' else verb}", ()):
            found = route.pattern.fullmatch(path)
            if found is not None:
                return route.method, _arguments(found)
        return None

    def verbs(self, path: str) -> list[str]:
        """
        Return the verbs that *path* supports, for OPTIONS.
        """
        found = []
        for key, routes in self._routes.items():
            prefix, _, verb = key.partition(" ")
            if prefix == _prefix(path) and any(route.pattern.fullmatch(path) for route in routes):
                found += ["GET", "HEAD"] if verb == "GET" else [verb]
        return found


def _prefix(path: str) -> str:
    return "/".join(path.split("/", 4)[:4])


def _route_pattern(method: Method, registry: Registry) -> str:
    # A slash at the end may be missing or superfluous.
    written = re.escape(method.route.removesuffix("/"))
    for name in method.args:
        any_of = ".*" if registry.allows_slashes(method, name) else "[^/]+?"
        group = f"(?P<{name}>{any_of})"
        if registry.is_optional(method, name):
            written = written.replace(f"/<{name}>", f"(?:/{group})?")
        else:
            written = written.replace(f"<{name}>", group)
    return written + "/?"


def _arguments(found: re.Match[str]) -> dict[str, str]:
    return {name: _decode(value) for name, value in found.groupdict().items() if value is not None}


def _specificity(method: Method, registry: Registry) -> tuple[bool, list[tuple[bool, str]]]:
    # Fixed words before arguments: /task-queues/counts is not a queue named counts. Routes that take the rest of the
    # path come last: /worker-pool/<workerPoolId> also matches /worker-pool/<workerPoolId>/stats.
    takes_all = any(registry.allows_slashes(method, name) for name in method.args)
    return takes_all, [(segment.startswith("<"), segment) for segment in method.route.split("/")]


def _decode(value: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise BadEscapeError(value)
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise BadEscapeError(value) from None
