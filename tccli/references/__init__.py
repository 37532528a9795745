"""
The API surface as data: one ``data/<service>.jsonl`` for each service.

The first line of a file describes the service. After it come the methods, then the exchanges, then the JSON schemas,
one record a line, told apart by their first key::

    {"service": "queue", "version": "v1", "release": "113.2.0", "exchanges": "exchange/…/v1/", "summary": "…"}
    {"method": "task", "verb": "GET", "route": "/task/<taskId>", "output": "task.json", "scopes": …, "summary": "…"}
    {"exchange": "taskDefined", "topic": "task-defined", "keys": ["=primary", "taskId", "reserved#"], "schema": "…"}
    {"schema": "task.json", "body": {…}}

The order is what makes it quick: a list of services reads first lines, and help for a method parses the schemas of that
method only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.references.model import Exchange, Method, RoutingKey, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Exchange", "Library", "Method", "RoutingKey", "Service"]
FOLDER = os.path.join(os.path.dirname(__file__), "data")
SUFFIX = ".jsonl"

# The texts of services that are in no file here, by source.
_held: dict[str, bytes] = {}


class Library:
    """
    Services, each with the file of its reference.

    Args:
        files: Service → path.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def service_names(self) -> list[str]:
        """
        Return the services' names, sorted.
        """
        return sorted(self.files)

    def source(self, service: str) -> str:
        """
        Return the file of a service.

        Raises:
            UsageError: There is none.
        """
        try:
            return self.files[service]
        except KeyError:
            raise UsageError(f"no service {service!r}") from None

    def service_summary(self, service: str) -> str:
        """
        Return a service's summary without reading its methods.
        """
        source = self.source(service)
        if source in _held:
            return str(json.loads(_held[source].partition(b"\n")[0])["summary"])
        with open(source, encoding="utf-8") as file:
            return str(json.loads(file.readline())["summary"])

    def service(self, name: str) -> Service:
        """
        Return a service by its exact name.

        Raises:
            UsageError: There is none.
        """
        return service_in(self.source(name))

    def method_names(self, service: str) -> list[str]:
        """
        Return the names of a service's methods, in the reference's order, without reading the methods.
        """
        start = '{"method":"'
        lines = written(self.source(service))
        return [line[len(start) : line.index('"', len(start))] for line in lines if line.startswith(start)]

    def method(self, service: str, name: str) -> Method:
        """
        Return a method by its exact names, without reading the others.

        Raises:
            UsageError: There is none.
        """
        source = self.source(service)
        lines = written(source)
        start = f'{{"method":"{name}"'
        for line in lines:
            if line.startswith(start):
                return _method(_head(source, lines), json.loads(line))
        raise UsageError(f"no method {name!r} in {service}")


def files_in(folder: str) -> dict[str, str]:
    """
    Return the references that lie in a folder: service → path.
    """
    return {
        name.removesuffix(SUFFIX): os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(SUFFIX)
    }


@cache
def built_in() -> Library:
    """
    Return the references that come with the program.
    """
    return Library(files_in(FOLDER))


def service_names() -> list[str]:
    """
    Return the names of the built-in services.
    """
    return built_in().service_names()


def service(name: str) -> Service:
    """
    Return a built-in service.
    """
    return built_in().service(name)


def method(service_name: str, method_name: str) -> Method:
    """
    Return a method of a built-in service.
    """
    return built_in().method(service_name, method_name)


class Schemas(Mapping[str, Any]):
    """
    JSON schemas by name, each parsed when it is asked for: help needs two or three of fifty.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        start = '{"schema":"'
        self._lines = {line[len(start) : line.index('"', len(start))]: line for line in lines if line.startswith(start)}
        self._parsed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._parsed:
            self._parsed[name] = json.loads(self._lines[name])["body"]
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@cache
def schemas(source: str) -> Schemas:
    """
    Return the JSON schemas in a service's file by name (``task.json``); they refer to each other by those names.
    """
    return Schemas(written(source))


def hold(name: str, text: bytes) -> str:
    """
    Take the reference of a service that is in no file here, and return the source by which it is read.

    Args:
        name: Where it came from, for people.
        text: As in a file here.
    """
    source = f"{name}#{len(_held)}"
    _held[source] = text
    return source


@cache
def written(source: str) -> list[str]:
    """
    Return the records of a service as they are written, each in a line.
    """
    text = _held.get(source)
    if text is None:
        with open(source, "rb") as file:
            text = file.read()
    # Not splitlines, which also breaks at characters that a string in JSON may hold as they are.
    return text.decode().rstrip("\n").split("\n")


def _head(source: str, lines: list[str]) -> dict[str, Any]:
    return {**json.loads(lines[0]), "source": source}


@cache
def service_in(source: str) -> Service:
    """
    Return the service that a source describes.
    """
    lines = written(source)
    head = _head(source, lines)
    methods: dict[str, Method] = {}
    exchanges: dict[str, Exchange] = {}
    for line in lines[1:]:
        if line.startswith('{"schema"'):
            break
        record = json.loads(line)
        if "method" in record:
            methods[record["method"]] = _method(head, record)
        else:
            exchanges[record["exchange"]] = _exchange(head, record)
    return Service(
        name=head["service"],
        version=head["version"],
        release=head["release"],
        summary=head["summary"],
        source=source,
        methods=methods,
        exchanges=exchanges,
    )


def _method(head: Mapping[str, Any], record: Mapping[str, Any]) -> Method:
    return Method(
        service=head["service"],
        version=head["version"],
        name=record["method"],
        verb=record["verb"],
        route=record["route"],
        query=tuple(record.get("query", ())),
        takes_payload="input" in record,
        input=record.get("input") or None,
        output=record.get("output"),
        scopes=record.get("scopes"),
        category=record.get("category", ""),
        stability=record.get("stability", "stable"),
        summary=record["summary"],
        source=head["source"],
    )


def _exchange(head: Mapping[str, Any], record: Mapping[str, Any]) -> Exchange:
    return Exchange(
        service=head["service"],
        name=record["exchange"],
        exchange=head["exchanges"] + record["topic"],
        keys=tuple(_routing_key(key) for key in record["keys"]),
        schema=record.get("schema"),
        summary=record["summary"],
        source=head["source"],
    )


def _routing_key(written: str) -> RoutingKey:
    """
    Read one key as the files write it: ``=constant``, ``name``, or ``name#`` for several words.

    A constant is always the kind of routing key, and is named so in every published reference.
    """
    if written.startswith("="):
        return RoutingKey(name="routingKeyKind", constant=written[1:], multiple_words=False)
    return RoutingKey(name=written.rstrip("#"), constant=None, multiple_words=written.endswith("#"))
