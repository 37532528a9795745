"""
``tc find``: find methods, commands and help by what they are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tccli.cli.command import Command
from tccli.cli.context import get_context
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.core.search.index import Entry
    from tccli.references import Method, ReferenceSet

WEIGHTS = {
    "name": 5.0,
    "service": 2.5,
    "summary": 3.0,
    "arguments": 2.0,
    "options": 1.5,
    "category": 1.0,
    "words": 1.0,
    "payload": 1.0,
    "scopes": 1.0,
    "answer": 0.6,
}
DEPRECATED = 0.4
MOST = 1000
GAP = 3
INDENT = 4
NARROWEST = 36


class Findable(NamedTuple):
    """
    Something to find, and what is said of it when it was found.
    """

    entry: Entry
    record: dict[str, Any]


@click.command(
    cls=Command,
    name="find",
    examples=(
        "tc find which method lists pending tasks",
        "tc find artifact --limit 3 --format jsonl",
    ),
)
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option("--limit", type=click.IntRange(1, MOST), default=10, metavar="N", help="At most so many (10).")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], limit: int) -> None:
    """
    Find API methods by what they do, take, answer or need, and commands and help topics, best first.

    Words are as you say them; which, method, the and the like do not count. Exits with 2 when nothing has any of them,
    or when one is mistyped.
    """
    from tccli.core.search.index import SURE, Index
    from tccli.output import Result

    context = get_context(ctx)
    write = context.writer()
    findable = [*_methods(context.library()), *_commands(ctx.find_root()), *_topics()]
    index = Index([each.entry for each in findable], WEIGHTS)
    question = " ".join(words)
    if not any(letter.isascii() and letter.isalnum() for letter in question):
        raise UsageError(f"find: there is no word in {question!r}")
    found = index.find(question)
    mistyped = index.correction(question, found.unknown, alike=SURE)
    correction = mistyped or index.correction(question, found.unknown)
    unknown = f"nothing has {' or '.join(map(repr, found.unknown))}"
    meant = f"did you mean: tc find {correction}?" if correction else ""
    if mistyped or not found.places:
        raise UsageError(f"find: {unknown}", hint=meant or "other words may do, and tc --help lists the services")
    if found.unknown:
        context.note(f"find: {unknown}" + (f"; {meant}" if meant else ""))
    records = [findable[place].record for place in found.places[:limit]]
    write(Result([records], to_text=lambda columns: _lines(records, columns)))


def _methods(library: ReferenceSet) -> Iterator[Findable]:
    for service in library.service_names():
        summary = library.service(service).summary
        for method in library.service(service).methods.values():
            yield _method(method, summary)


def _method(method: Method, service_summary: str) -> Findable:
    from tccli.cli.help.methods import find_deployment_docs, find_method_docs
    from tccli.core.search.index import Entry

    texts = {
        "name": method.name,
        "service": f"{method.service} {service_summary}",
        "summary": method.summary,
        "arguments": " ".join(method.args),
        "options": " ".join(method.query),
        "category": method.category,
        "words": " ".join((find_method_docs(method).text, *find_deployment_docs(method))),
        "payload": _field_names(method, method.input),
        "scopes": _scope_words(method.scopes),
        "answer": _field_names(method, method.output),
    }
    record = {
        "kind": "method",
        "service": method.service,
        "method": method.name,
        "usage": " ".join(["tc", method.service, method.name, *(f"<{name}>" for name in method.args)]),
        "summary": method.summary,
        "stability": method.stability,
    }
    names = (method.name, f"{method.service} {method.name}")
    weight = DEPRECATED if method.stability == "deprecated" else 1.0
    return Findable(Entry(names, texts, weight), record)


def _field_names(method: Method, schema: str | None) -> str:
    """
    Return the names of the fields that a schema has.
    """
    if schema is None:
        return ""
    from tccli.core.schemas.fields import list_fields

    paths = [field.path for field in list_fields(method.reference.schemas, schema)]
    return " ".join(dict.fromkeys(step for path in paths for step in path.split(".")))


def _scope_words(expression: Any) -> str:
    """
    Return all strings in a scope expression.
    """
    if isinstance(expression, str):
        return expression
    parts = expression.values() if isinstance(expression, dict) else expression or ()
    return " ".join(_scope_words(part) for part in parts)


def _commands(root: click.Context) -> Iterator[Findable]:
    """
    Yield the commands that are written by hand, and those inside of them.
    """
    from tccli.cli.methods import MethodTree

    assert isinstance(root.command, click.Group)
    services = set(get_context(root).library().service_names())
    own = [name for name in root.command.list_commands(root) if name not in services]
    for name in own:
        found = root.command.get_command(root, name)
        assert found is not None
        yield _command(root, found, name)
        if isinstance(found, click.Group) and not isinstance(found, MethodTree):
            for inner in found.list_commands(root):
                inside = found.get_command(root, inner)
                # What is a command under two names is found under the one that the other is short for.
                if inside is not None and f"{name}-{inner}" not in own:
                    yield _command(root, inside, f"{name} {inner}")


def _command(root: click.Context, command: click.Command, path: str) -> Findable:
    from tccli.core.search.index import Entry

    said = " ".join((command.help or "").split())
    summary = " ".join((command.help or "").split("\n\n")[0].split()).removesuffix(".")
    options = [param for param in command.params if isinstance(param, click.Option)]
    texts = {
        "name": path,
        "summary": summary,
        "words": said,
        "options": " ".join(name for option in options for name in option.opts),
    }
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    pieces = [piece for param in arguments for piece in param.get_usage_pieces(root)]
    usage = " ".join(["tc", path, *pieces])
    record = {"kind": "command", "command": path, "usage": usage, "summary": summary}
    return Findable(Entry([path], texts), record)


def _topics() -> Iterator[Findable]:
    from tccli import topics
    from tccli.cli.help.markdown import blocks
    from tccli.core.search.index import Entry

    for name in topics.list_topic_names():
        topic = topics.load_topic(name)
        summary = topic.summary[:1].upper() + topic.summary[1:]
        listed = " ".join(row[0] for block in blocks(topic.text) for row in block.rows if row)
        texts = {"name": topic.title, "summary": topic.summary, "arguments": listed, "words": topic.text}
        record = {"kind": "topic", "topic": name, "usage": f"tc help {name}", "summary": summary}
        yield Findable(Entry([name, topic.title], texts), record)


def _lines(records: Sequence[dict[str, Any]], columns: int) -> str:
    """
    Return usages and, beside them, summaries; below them where the terminal is too narrow for that.
    """
    from textwrap import wrap

    width = max(len(record["usage"]) for record in records) + GAP
    beside = columns - width >= NARROWEST
    margin = width if beside else INDENT
    lines: list[str] = []
    for record in records:
        said = wrap(record["summary"], max(columns - margin, NARROWEST))
        if beside:
            lines.append(record["usage"].ljust(width) + "".join(said[:1]))
        else:
            lines += [record["usage"], *(" " * margin + line for line in said[:1])]
        lines += [" " * margin + line for line in said[1:]]
    return "\n".join(lines) + "\n"
