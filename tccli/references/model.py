"""
The reference of a service: its methods, exchanges and JSON schemas.

One record per line, told apart by the first key: first the service, then the methods, the exchanges and the schemas::

    {"service": "queue", "version": "v1", "release": "113.2.0", "exchanges": "exchange/…/v1/", "summary": "…"}
    {"method": "task", "verb": "GET", "route": "/task/<taskId>", "output": "task.json", "scopes": …, "summary": "…"}
    {"exchange": "taskDefined", "topic": "task-defined", "keys": ["=primary", "taskId", "reserved#"], "schema": "…"}
    {"schema": "task.json", "body": {…}}

That order makes it fast: the help of a method parses the schemas of that method only. A list of services needs the
first records of all, so ``heads.py`` has those of the built-in references.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tccli.references.exchanges import Exchange

DATA_DIRECTORY = os.path.join(os.path.dirname(__file__), "data")

# Path arguments that may be empty, where that names the root of the tree. The published references do not tell.
MAY_BE_EMPTY = frozenset({("index.listNamespaces", "namespace"), ("index.listTasks", "namespace")})


class Method:
    """
    One API method.

    Args:
        reference: The reference that the method is in, which has its schemas.
        record: As the reference has it.

    Attributes:
        service: As the API spells it: ``purge-cache``.
        name: As the API spells it: ``createTask``.
        verb: Upper case.
        route: Below ``/api/<service>/<version>``, with ``<argument>`` for every path argument.
        query: Names of the query options.
        takes_payload: Whether the request has a JSON body.
        input: Name of the payload's schema; None without a payload or without a known schema.
        output: Name of the response's schema, or None.
        scopes: Scope expression, or None.
        category: Heading in the reference, or empty.
        stability: ``stable``, ``experimental`` or ``deprecated``.
        summary: One line.
    """

    # Neither a named tuple nor a dataclass: to define one takes a fiftieth of a start.
    def __init__(self, reference: ServiceReference, record: Mapping[str, Any]) -> None:
        self.reference = reference
        self.record = record
        self.service = reference.name
        self.version = reference.version
        self.name: str = record["method"]
        self.verb: str = record["verb"]
        self.route: str = record["route"]
        self.query: tuple[str, ...] = tuple(record.get("query", ()))
        self.takes_payload = "input" in record
        self.input: str | None = record.get("input") or None
        self.output: str | None = record.get("output")
        self.scopes: Any = record.get("scopes")
        self.category: str = record.get("category", "")
        self.stability: str = record.get("stability", "stable")
        self.summary: str = record["summary"]

    def __repr__(self) -> str:
        return f"Method({self.id!r})"

    @property
    def id(self) -> str:
        """
        ``queue.createTask``.
        """
        return f"{self.service}.{self.name}"

    @cached_property
    def args(self) -> tuple[str, ...]:
        """
        Names of the path arguments, in the order of the route and of the command line.
        """
        # Not with an expression: compiling it would take longer.
        return tuple(part.partition(">")[0] for part in self.route.split("<")[1:])

    def may_be_empty(self, argument: str) -> bool:
        """
        Return whether a path argument may be empty.
        """
        return (self.id, argument) in MAY_BE_EMPTY

    @property
    def is_paged(self) -> bool:
        """
        Whether the response may be one page of several.
        """
        return "continuationToken" in self.query

    def count_arguments(self) -> str:
        """
        Return the number and names of the path arguments in words, for messages.
        """
        count = "1 argument" if len(self.args) == 1 else f"{len(self.args)} arguments"
        return f"{count} ({', '.join(self.args)})" if self.args else "no arguments"

    @property
    def is_idempotent(self) -> bool:
        """
        Whether a call may be sent twice with the effect of sending it once; :meth:`may_repeat` knows exceptions.
        """
        mark = load_idempotency_marks().get(self.id)
        return mark is None or "when" in mark

    def may_repeat(self, payload: Any) -> bool:
        """
        Return whether a call with *payload* may be sent twice with the effect of sending it once.
        """
        mark = load_idempotency_marks().get(self.id)
        if mark is None or "when" not in mark:
            return mark is None
        found = payload
        for step in mark["when"].split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        return not found if "equals" not in mark else found != mark["equals"]


class ServiceReference:
    """
    The reference of one service, read as far as it is asked for.

    Args:
        name: The service's name.
        content: The path of a file, or the content of one.
        origin: Where the content comes from, for messages: a path or URL.
        is_built_in: Whether it comes with the program.
    """

    def __init__(
        self, name: str, content: str | bytes | memoryview, *, origin: str = "", is_built_in: bool = False
    ) -> None:
        self.name = name
        self.origin = origin or (content if isinstance(content, str) else name)
        self.is_built_in = is_built_in
        self._content = content
        self._methods: dict[str, Method] = {}

    def __repr__(self) -> str:
        return f"ServiceReference({self.name!r}, {self.origin!r})"

    @property
    def records(self) -> list[str]:
        """
        All lines, unparsed.
        """
        # str.splitlines would also split at characters that JSON strings may contain.
        return self._lines.strip("\n").split("\n")

    @cached_property
    def _lines(self) -> str:
        """
        All lines, with a line feed before and after each of them.
        """
        content = self._content
        if isinstance(content, str):
            with open(content, "rb") as file:
                content = file.read()
        return f"\n{str(content, 'utf-8')}\n"

    @cached_property
    def head(self) -> Mapping[str, Any]:
        """
        The first record, which describes the service.
        """
        if self.is_built_in:
            from tccli.references.heads import HEADS

            if self.name in HEADS:
                return HEADS[self.name]
        if isinstance(self._content, str):
            with open(self._content, "rb") as file:
                head: dict[str, Any] = _parse(file.readline())
        else:
            head = _parse(self._lines[1 : self._lines.index("\n", 1)])
        return head

    @property
    def summary(self) -> str:
        """
        One line, without a full stop.
        """
        return str(self.head["summary"])

    @property
    def version(self) -> str:
        """
        Of the API: ``v1``.
        """
        return str(self.head["version"])

    @property
    def release(self) -> str:
        """
        The release of Taskcluster that it describes, or empty.
        """
        return str(self.head["release"])

    @cached_property
    def method_names(self) -> list[str]:
        """
        In the order of the reference; no method is parsed.
        """
        return [name for name, _ in self._named("method")]

    def record(self, name: str) -> str:
        """
        Return the unparsed record of the method *name*, or an empty string.
        """
        return self._record("method", name)

    def method(self, name: str) -> Method:
        """
        Return a method by its exact name; no other method is parsed, and this one once.

        Raises:
            UsageError: There is no such method.
        """
        method = self._methods.get(name)
        if method is None:
            record = self.record(name)
            if not record:
                raise UsageError(f"no method {name!r} in {self.name}")
            method = self._methods[name] = Method(self, _parse(record))
        return method

    @cached_property
    def methods(self) -> Mapping[str, Method]:
        """
        All methods by name, in the order of the reference.
        """
        return {name: Method(self, _parse(line)) for name, line in self._named("method")}

    @cached_property
    def exchanges(self) -> Mapping[str, Exchange]:
        """
        All exchanges by name, in the order of the reference.
        """
        from tccli.references.exchanges import parse_exchange

        return {name: parse_exchange(self.head, _parse(line)) for name, line in self._named("exchange")}

    @cached_property
    def schemas(self) -> Mapping[str, Any]:
        """
        JSON schemas by name (``task.json``), each parsed on first use. They refer to each other by those names.
        """
        return _Schemas(partial(self._record, "schema"), lambda: [name for name, _ in self._named("schema")])

    def _record(self, kind: str, name: str) -> str:
        import json

        start = self._lines.find(f'\n{{"{kind}":{json.dumps(name)}') + 1
        return self._lines[start : self._lines.index("\n", start)] if start else ""

    def _named(self, kind: str) -> Iterator[tuple[str, str]]:
        lines, mark = self._lines, f'\n{{"{kind}":"'
        start = lines.find(mark)
        while start >= 0:
            name, end = start + len(mark), lines.index("\n", start + 1)
            yield lines[name : lines.index('"', name)], lines[start + 1 : end]
            start = lines.find(mark, end)


class _Schemas(Mapping[str, Any]):
    """
    Args:
        find: Returns the record of a schema, or an empty string.
        list_names: Returns the names of all of them.
    """

    def __init__(self, find: Callable[[str], str], list_names: Callable[[], Sequence[str]]) -> None:
        self._find = find
        self._list_names = list_names
        self._parsed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._parsed:
            record = self._find(name)
            if not record:
                raise KeyError(name)
            self._parsed[name] = _parse(record)["body"]
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._list_names())

    def __len__(self) -> int:
        return len(self._list_names())


@cache
def load_idempotency_marks() -> Mapping[str, Mapping[str, str]]:
    """
    Return by method id why a call must not be repeated: facts about the services, not in the published references.

    A mark has a ``reason``. With ``when``, a path in the payload, it counts only for payloads in which that field is
    not empty, or has the value of ``equals``.
    """
    with open(os.path.join(DATA_DIRECTORY, "not_idempotent.json"), encoding="utf-8") as file:
        marks: dict[str, dict[str, str]] = _parse(file.read())
    return marks


def _parse(text: str | bytes) -> Any:
    # Imported late: a list of services needs no JSON.
    import json

    return json.loads(text)
