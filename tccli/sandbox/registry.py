"""
Handlers of API methods, grouped by service, and the lookups that the deployment makes in them.

A module in ``services`` creates a :class:`Service` and adds its handlers, tables and jobs to it, as one does with the
router of a web framework. :mod:`tccli.sandbox.services.all` lists these modules, and a :class:`Registry` joins them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    # Any stands for Call and State, which refer to the registry in turn.
    Handler: TypeAlias = "Callable[[Any], Any | Awaitable[Any]]"
    Job: TypeAlias = "Callable[[Any], object]"
    QueryCheck: TypeAlias = "str | Callable[[str], str | None]"

    HandlerT = TypeVar("HandlerT", bound=Handler)
    JobT = TypeVar("JobT", bound=Job)
    MaskT = TypeVar("MaskT", bound=Callable[[Any], Any])


class UnpublishedRoute(NamedTuple):
    """
    A route of a service that its reference does not have.

    Attributes:
        name: Of its method, for messages.
        like: The published method that it stands for.
        handler: None for the handler of that method.
    """

    name: str
    verb: str
    route: str
    like: str
    handler: Handler | None


class Service:
    """
    A service, or a part of one: its handlers, and facts about its methods that the reference does not have.

    ::

        service = Service("auth")


        @service.method("createRole")
        def create_role(call: Call) -> Response: ...

    Args:
        name: As the API spells it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.handlers: dict[str, Handler] = {}
        self.tables: list[str] = []
        self.jobs: list[Job] = []
        self.argument_patterns: dict[str, str] = {}
        self.slash_arguments: dict[str, frozenset[str]] = {}
        self.optional_arguments: dict[str, frozenset[str]] = {}
        self.query_checks: dict[tuple[str, str], QueryCheck] = {}
        self.payload_masks: dict[str, Callable[[Any], Any]] = {}
        self.unpublished: list[UnpublishedRoute] = []

    def method(self, *names: str) -> Callable[[HandlerT], HandlerT]:
        """
        Decorate the handler of one or more methods.

        Raises:
            UsageError: The reference has no such method.
            ValueError: The method has a handler already.
        """

        def register(handler: HandlerT) -> HandlerT:
            for name in names:
                if references.method(self.name, name).name in self.handlers:
                    raise ValueError(f"{self.name}.{name} has a handler already")
                self.handlers[name] = handler
            return handler

        return register

    def add_unpublished(self, name: str, verb: str, route: str, *, like: str, handler: Handler | None = None) -> None:
        """
        Add a route that is not in the reference.

        Args:
            name: Of its method.
            like: The published method that it stands for.
            handler: None for the handler of that method.
        """
        self.unpublished.append(UnpublishedRoute(name, verb, route, like, handler))

    def periodic(self, job: JobT) -> JobT:
        """
        Decorate a function of the state that runs about once a second, and after each change of the clock.
        """
        self.jobs.append(job)
        return job

    def mask_payload(self, *names: str) -> Callable[[MaskT], MaskT]:
        """
        Decorate the function that removes secrets from these methods' payloads before an error shows them.
        """

        def register(mask: MaskT) -> MaskT:
            self.payload_masks.update(dict.fromkeys(names, mask))
            return mask

        return register

    def add_tables(self, sql: str) -> None:
        """
        Add tables and indexes. Each statement begins with ``CREATE … IF NOT EXISTS``.
        """
        self.tables.append(sql)

    def match_arguments(self, **patterns: str) -> None:
        """
        Set the patterns of path arguments, from ``^`` to ``$``, in the syntax that Python and JavaScript share.
        """
        self.argument_patterns.update(patterns)

    def allow_slashes(self, argument: str, *methods: str) -> None:
        """
        Allow unescaped slashes in a path argument, which then takes the rest of the path. No methods means all.
        """
        self.slash_arguments[argument] = frozenset(methods)

    def allow_missing(self, argument: str, *methods: str) -> None:
        """
        Make the last argument of the path optional, together with its slash.
        """
        self.optional_arguments[argument] = frozenset(methods)

    def check_query(self, method: str, **checks: QueryCheck) -> None:
        """
        Set checks of a method's query options, other than those that all services share.

        Args:
            **checks: By option: a pattern, or a function that returns what is wrong with a value.
        """
        self.query_checks.update({(method, option): check for option, check in checks.items()})


class Registry:
    """
    All services of a deployment.

    Args:
        parts: Several of one service are joined.

    Raises:
        ValueError: Two parts handle the same method.
    """

    def __init__(self, parts: Iterable[Service]) -> None:
        self._services: dict[str, Service] = {}
        for part in parts:
            known = self._services.setdefault(part.name, Service(part.name))
            twice = known.handlers.keys() & part.handlers.keys()
            if twice:
                raise ValueError(f"{part.name}: several handlers for {', '.join(sorted(twice))}")
            known.tables += part.tables
            known.jobs += part.jobs
            known.unpublished += part.unpublished
            for name in ("handlers", "argument_patterns", "slash_arguments", "optional_arguments"):
                getattr(known, name).update(getattr(part, name))
            known.query_checks.update(part.query_checks)
            known.payload_masks.update(part.payload_masks)
        for service in self._services.values():
            for route in service.unpublished:
                service.handlers[route.name] = route.handler or service.handlers[route.like]

    @property
    def tables(self) -> list[str]:
        """
        The SQL that creates all tables.
        """
        return [sql for service in self._services.values() for sql in service.tables]

    @property
    def jobs(self) -> list[Job]:
        """
        What :meth:`Service.periodic` collected.
        """
        return [job for service in self._services.values() for job in service.jobs]

    def unpublished(self, service: str) -> list[references.Method]:
        """
        Return the methods of a service that its reference does not have.
        """
        found = []
        for route in self._services[service].unpublished:
            method = references.method(service, route.like)
            query = method.query if route.verb == method.verb else ()
            changes = {"method": route.name, "verb": route.verb, "route": route.route, "query": query}
            found.append(references.Method(method.reference, {**method.record, **changes}))
        return found

    def handler(self, method: references.Method) -> Handler | None:
        """
        Return the handler of a method, or None if the sandbox does not implement it.
        """
        return self._services[method.service].handlers.get(method.name)

    def query_check(self, method: references.Method, option: str) -> QueryCheck | None:
        """
        Return the check of a query option, or None if it has no check of its own.
        """
        return self._services[method.service].query_checks.get((method.name, option))

    def mask_payload(self, method: references.Method, payload: Any) -> Any:
        """
        Return what an error may show of a payload.
        """
        mask = self._services[method.service].payload_masks.get(method.name)
        return payload if mask is None else mask(payload)

    def allows_slashes(self, method: references.Method, argument: str) -> bool:
        """
        Return whether a path argument may contain unescaped slashes.
        """
        methods = self._services[method.service].slash_arguments.get(argument)
        return methods is not None and (not methods or method.name in methods)

    def is_optional(self, method: references.Method, argument: str) -> bool:
        """
        Return whether a path argument may be missing.
        """
        return method.name in self._services[method.service].optional_arguments.get(argument, ())

    def argument_problems(self, service: str, arguments: Mapping[str, str]) -> list[str]:
        """
        Return what is wrong with path arguments, in the words of the services.
        """
        patterns = self._services[service].argument_patterns
        found = []
        for name, value in arguments.items():
            pattern = patterns.get(name)
            if pattern is not None and not re.search(pattern.replace("$", r"\Z"), value):
                shown = pattern.replace("/", "\\/")
                found.append(f"URL parameter '{name}' given as '{value}' must match regular expression: '/{shown}/'")
        return found
