"""
The manual page of a service: its purpose and its methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.help.methods import build_sections, find_method_docs
from tccli.core.schemas.fields import SLUGID
from tccli.docgen.man import mdoc, parts
from tccli.references import method_docs
from tccli.references.headings import group_methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.cli.command_tree import CommandNode
    from tccli.references import Method
    from tccli.references.exchanges import Exchange

EVERY_METHOD = (
    "Every method takes those of these options that apply to it, the output options, and the global options of",
    "--help shows the text of one method, with the fields of its response.",
)


def page(entry: CommandNode) -> str:
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
    for heading, members in group_methods(methods):
        body.append(mdoc.heading(heading))
        for method in members:
            body += _method(entries[method.name], method)
    body += _events(entry)
    body += [".Sh SEE ALSO", parts.reference("tc")]
    return parts.page(f"tc-{entry.name}", entry.summary, body)


def _method(entry: CommandNode, method: Method) -> Iterator[str]:
    yield mdoc.macro("Ss", method.name)
    yield from parts.usage(entry.path, parts.usage_words(entry))
    yield ".Pp"
    yield from mdoc.paragraphs(entry.paragraphs)
    yield ".Pp"
    docs = find_method_docs(method)
    if docs.parts:
        yield from [*mdoc.table(docs.parts), ".Pp"]
    yield from mdoc.table(list(_facts(method)))
    parameters = [(name, _parameter(method, name.strip("<>"))) for name in (each.metavar for each in entry.arguments)]
    if parameters:
        yield from [".Pp", *mdoc.table(parameters)]
    queries = parts.query_options(entry)
    if queries:
        yield from [".Pp", *parts.options(queries)]
    payload = next((section.rows for section in build_sections(method) if section.heading == "Payload"), ())
    if payload:
        yield from [".Pp", "Payload:", *mdoc.table(list(payload))]
    yield from parts.examples(entry.examples)


def _facts(method: Method) -> Iterator[tuple[str, str]]:
    """
    Yield the rows of the request and of the scopes.
    """
    for section in build_sections(method):
        if section.heading == "Request":
            yield from (row for row in section.rows if row != ("Payload", "none"))
        if section.heading == "Scopes":
            first, *rest = section.rows
            yield from [("Scopes", " ".join(first).strip()), *rest]


def _parameter(method: Method, name: str) -> str:
    """
    Return the description of a path argument, with its pattern unless that is the one of all slugids.
    """
    docs = method_docs.load_parameter_docs(method, name)
    pattern = f"Pattern: {docs.pattern}" if docs.pattern not in {"", SLUGID} else ""
    return " ".join(part for part in (docs.description or f"The API's {name}.", pattern) if part)


def _events(entry: CommandNode) -> Iterator[str]:
    if entry.exchanges:
        yield ".Sh EVENTS"
        yield from mdoc.prose("The service publishes these messages. For the exchange and the routing key, see")
        yield f"{parts.reference('tc-events')} ."
        rows = (
            (mdoc.escape_word(each.name), [*mdoc.prose(f"{each.summary}."), *_keys(each)]) for each in entry.exchanges
        )
        yield from mdoc.tagged_list(rows)


def _keys(exchange: Exchange) -> list[str]:
    keys = [key.name for key in exchange.keys if key.constant is None and key.name != "reserved"]
    return mdoc.prose(f"Keys: {', '.join(keys)}.") if keys else []
