"""
Routing: finds the method and the path arguments of a request, by routes from the references.

Paths are matched before percent-decoding, so that ``%2F`` in an argument does not separate segments.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tccli import references
from tccli.sandbox.http.errors import PageError

if TYPE_CHECKING:
    from tccli.references import Method
    from tccli.sandbox.registry import Registry


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
            methods = [*service.methods.values(), *registry.unpublished(name)]
            rests = {_shape(method.route) for method in methods if _takes_rest(method, registry)}
            for method in sorted(methods, key=lambda method: _specificity(method, registry)):
                # The shorter of two routes does not take the path that ends where the longer one's argument begins.
                is_exact = _shape(method.route + "/<name>") in rests
                written = re.escape(prefix) + _route_pattern(method, registry) + ("" if is_exact else "/?")
                pattern = re.compile(written, re.DOTALL)
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
            PageError: An argument cannot be decoded.
        """
        # As in the services' framework, HEAD is GET without the body.
        for route in self._routes.get(f"{_prefix(path)} {'GET' if verb == 'HEAD' else verb}", ()):
            found = route.pattern.fullmatch(path)
            if found is not None:
                return route.method, _arguments(found)
        return None

    def verbs(self, path: str) -> list[str]:
        """
        Return the verbs that *path* supports, sorted, for OPTIONS.
        """
        found = []
        for key, routes in self._routes.items():
            prefix, _, verb = key.partition(" ")
            if prefix == _prefix(path) and any(route.pattern.fullmatch(path) for route in routes):
                found += ["GET", "HEAD"] if verb == "GET" else [verb]
        return sorted(found)


def _prefix(path: str) -> str:
    return "/".join(path.split("/", 4)[:4])


def _route_pattern(method: Method, registry: Registry) -> str:
    written = re.escape(method.route.removesuffix("/"))
    for name in method.args:
        any_of = ".*" if registry.allows_slashes(method, name) else "[^/]+?"
        group = f"(?P<{name}>{any_of})"
        if registry.is_optional(method, name):
            written = written.replace(f"/<{name}>", f"(?:/{group})?")
        else:
            written = written.replace(f"<{name}>", group)
    return written


def _shape(route: str) -> str:
    return re.sub(r"<\w+>", "<>", route)


def _takes_rest(method: Method, registry: Registry) -> bool:
    return method.route.endswith(">") and registry.allows_slashes(method, method.args[-1])


def _arguments(found: re.Match[str]) -> dict[str, str]:
    return {name: _decode(value) for name, value in found.groupdict().items() if value is not None}


def _specificity(method: Method, registry: Registry) -> tuple[bool, list[tuple[bool, bool, str]]]:
    # Fixed words before arguments: /task-queues/counts is not a queue named counts. Routes that take the rest of the
    # path come last: /worker-pool/<workerPoolId> also matches /worker-pool/<workerPoolId>/stats.
    segments = method.route.split("/")
    return _takes_rest(method, registry), [
        (segment.startswith("<"), segment.endswith(">"), segment) for segment in segments
    ]


def _decode(value: str) -> str:
    try:
        if not re.search(r"%(?![0-9A-Fa-f]{2})", value):
            return unquote(value, errors="strict")
    except UnicodeDecodeError:
        pass
    raise PageError(400, f"URIError: Failed to decode param &#39;{html.escape(value)}&#39;")
