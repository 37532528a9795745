"""
The manual page of a service: what it is for, and each of its methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.help.methods import sections
from tccli.core.schemas.fields import SLUGID
from tccli.docgen.man import mdoc, parts
from tccli.references import method_docs
from tccli.references.headings import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.docgen.surface import Entry
    from tccli.references import Exchange, Method

EVERY_METHOD = (
    "These are taken by every method for which they make sense, beside the output options and the global options of",
    "--help shows what is here of one method, and the fields of its answer.",
)


def page(entry: Entry) -> str:
    """
    Return the page of a service.
    """
    entries = {each.method.name: each for each in entry.commands if each.method is not None}
    methods = [each.method for each in entries.values() if each.method is not None]
    body = [
        ".Sh SYNOPSIS",
        *parts.usage(entry.path, "METHOD [ARGUMENT]... [OPTIONS]"),
        ".Sh DESCRIPTION",
        *mdoc.paragraphs(entry.paragraphs[1:] or entry.paragraphs),
        ".Ss Options of methods",
        *mdoc.prose(EVERY_METHOD[0]),
        f"{parts.reference('tc')} .",
        *mdoc.prose(EVERY_METHOD[1]),
        *parts.options(parts.shared_by_methods(entry)),
    ]
    for heading, members in grouped(methods):
        body.append(mdoc.heading(heading))
        for method in members:
            body += _method(entries[method.name], method)
    body += _events(entry)
    body += [".Sh SEE ALSO", parts.reference("tc")]
    return parts.page(f"tc-{entry.name}", entry.summary, body)


def _method(entry: Entry, method: Method) -> Iterator[str]:
    """
    Yield all about a method.
    """
    yield mdoc.macro("Ss", method.name)
    yield from parts.usage(entry.path, parts.usage_words(entry))
    yield ".Pp"
    yield from mdoc.paragraphs(entry.paragraphs)
    yield ".Pp"
    yield from mdoc.table(list(_facts(method)))
    parameters = [(name, _parameter(method, name.strip("<>"))) for name in (each.metavar for each in entry.arguments)]
    if parameters:
        yield from [".Pp", *mdoc.table(parameters)]
    queries = parts.query_options(entry)
    if queries:
        yield from [".Pp", *parts.options(queries)]
    payload = next((section.rows for section in sections(method) if section.heading == "Payload"), ())
    if payload:
        yield from [".Pp", "Payload:", *mdoc.table(list(payload))]
    yield from parts.examples(entry.examples)


def _facts(method: Method) -> Iterator[tuple[str, str]]:
    """
    Yield how a method is requested, and the scopes that it needs: a row for each of those that are joined.
    """
    for section in sections(method):
        if section.heading == "Request":
            yield from (row for row in section.rows if row != ("Payload", "none"))
        if section.heading == "Scopes":
            (joined, text), *rest = section.rows
            yield from [("Scopes", text or joined), *rest]


def _parameter(method: Method, name: str) -> str:
    """
    Return what a path argument is; that a slugid matches the pattern of slugids is no news.
    """
    said = method_docs.of_parameter(method, name)
    pattern = f"It matches {said.pattern}" if said.pattern not in {"", SLUGID} else ""
    return " ".join(part for part in (said.meaning or f"The API's {name}.", pattern) if part)


def _events(entry: Entry) -> Iterator[str]:
    """
    Yield what a service publishes.
    """
    if entry.exchanges:
        yield ".Sh EVENTS"
        yield from mdoc.prose("The service publishes these; what to bind a queue to is printed by")
        yield f"{parts.reference('tc-events')} ."
        rows = ((mdoc.inert(each.name), [*mdoc.prose(f"{each.summary}."), *_keys(each)]) for each in entry.exchanges)
        yield from mdoc.tagged(rows)


def _keys(exchange: Exchange) -> list[str]:
    keys = [key.name for key in exchange.keys if key.constant is None and key.name != "reserved"]
    return mdoc.prose(f"Keys: {', '.join(keys)}.") if keys else []
