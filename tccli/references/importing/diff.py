"""
Differences between two sets of references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.references.importing.convert import strip_prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tccli.references import Method, ReferenceSet, ServiceReference
    from tccli.references.exchanges import Exchange

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


class Difference(NamedTuple):
    """
    A difference between two sets of references.

    Attributes:
        service: The service's name.
        kind: ``service``, ``method``, ``exchange`` or ``schema``.
        name: Of the method, exchange, schema or service.
        change: ``added``, ``removed`` or ``changed``.
        what: The part of it: ``route``, ``query``, a JSON pointer into the schema; empty for all of it.
        before: The old value, as JSON; None if there was none.
        after: The new value.
    """

    service: str
    kind: str
    name: str
    change: str
    what: str = ""
    before: Any = None
    after: Any = None


def diff_references(before: ReferenceSet, after: ReferenceSet, services: Iterable[str]) -> Iterator[Difference]:
    """
    Yield the differences in *services*, in their order.
    """
    for name in services:
        if name not in after.services:
            yield Difference(name, "service", name, REMOVED, before=before.service(name).version)
        elif name not in before.services:
            yield Difference(name, "service", name, ADDED, after=after.service(name).version)
            yield from _diff_service(None, after.service(name))
        else:
            yield from _diff_service(before.service(name), after.service(name))


def _diff_service(before: ServiceReference | None, after: ServiceReference) -> Iterator[Difference]:
    if before is not None and before.version != after.version:
        yield Difference(after.name, "service", after.name, CHANGED, "version", before.version, after.version)
    # A single document may have come without its schemas.
    with_payloads = any(method.input or method.output for method in after.methods.values())
    with_messages = any(exchange.schema for exchange in after.exchanges.values())
    services = (before, after) if before is not None else (after,)
    methods = [
        {name: _method_facts(method, with_schemas=with_payloads) for name, method in service.methods.items()}
        for service in services
    ]
    exchanges = [
        {name: _exchange_facts(exchange, with_schemas=with_messages) for name, exchange in service.exchanges.items()}
        for service in services
    ]
    yield from _diff_records(after.name, "method", methods[0] if before else {}, methods[-1])
    yield from _diff_records(after.name, "exchange", exchanges[0] if before else {}, exchanges[-1])
    if before is not None and (with_payloads or with_messages):
        yield from _diff_schemas(after.name, before.schemas, after.schemas)


def _method_facts(method: Method, *, with_schemas: bool) -> dict[str, Any]:
    schemas = {"payload": method.input, "answer": method.output} if with_schemas else {}
    return {
        "verb": method.verb,
        "route": method.route,
        "arguments": list(method.args),
        "query": set(method.query),
        "takes payload": method.takes_payload,
        **schemas,
        "scopes": method.scopes,
        "stability": method.stability,
    }


def _exchange_facts(exchange: Exchange, *, with_schemas: bool) -> dict[str, Any]:
    return {
        "exchange": exchange.exchange,
        "routing key": [f"{key.constant or key.name}{'#' if key.multiple_words else ''}" for key in exchange.keys],
        **({"schema": exchange.schema} if with_schemas else {}),
    }


def _diff_records(
    service: str, kind: str, before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Difference(service, kind, name, REMOVED, before=_summarize(before[name]))
        elif name not in before:
            yield Difference(service, kind, name, ADDED, after=_summarize(after[name]))
        else:
            for what, was in before[name].items():
                now = after[name][what]
                if isinstance(was, set):
                    for one in sorted(was ^ now):
                        change = (REMOVED, what, one, None) if one in was else (ADDED, what, None, one)
                        yield Difference(service, kind, name, *change)
                elif was != now:
                    yield Difference(service, kind, name, CHANGED, what, was, now)


def _summarize(facts: Mapping[str, Any]) -> str:
    return f"{facts['verb']} {facts['route']}" if "verb" in facts else str(facts["exchange"])


def _diff_schemas(service: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Difference(service, "schema", name, REMOVED)
        elif name not in before:
            yield Difference(service, "schema", name, ADDED)
        else:
            # Only published references have descriptions.
            for change, what, was, now in _diff_values("#", strip_prose(before[name]), strip_prose(after[name])):
                yield Difference(service, "schema", name, change, what, was, now)


def _diff_values(place: str, before: Any, after: Any) -> Iterator[tuple[str, str, Any, Any]]:
    # The change, its place, the old and the new value.
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            inside = f"{place}/{key}"
            if key not in after:
                yield REMOVED, inside, before[key], None
            elif key not in before:
                yield ADDED, inside, None, after[key]
            else:
                yield from _diff_values(inside, before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list) and not _are_strings([*before, *after]):
        for index, (was, now) in enumerate(zip(before, after, strict=False)):
            yield from _diff_values(f"{place}/{index}", was, now)
        common = min(len(before), len(after))
        yield from ((REMOVED, f"{place}/{common + index}", was, None) for index, was in enumerate(before[common:]))
        yield from ((ADDED, f"{place}/{common + index}", None, now) for index, now in enumerate(after[common:]))
    elif isinstance(before, list) and isinstance(after, list):
        # The order of required and enum has no meaning.
        yield from ((REMOVED, place, was, None) for was in before if was not in after)
        yield from ((ADDED, place, None, now) for now in after if now not in before)
    elif before != after:
        yield CHANGED, place, before, after


def _are_strings(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
