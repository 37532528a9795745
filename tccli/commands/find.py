"""
``tc find``: find methods, commands and help by what they are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import get_context
from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.core.search import SearchDocument
    from tccli.references import Method, ReferenceSet

    Findable = tuple[SearchDocument, dict[str, Any]]

WEIGHTS = {
    "name": 5.0,
    "keywords": 5.0,
    "service": 2.5,
    "summary": 3.0,
    "arguments": 2.0,
    "options": 1.5,
    "category": 1.0,
    "docs": 1.0,
    "payload": 1.0,
    "fields": 0.6,
    "scopes": 1.0,
    "response": 0.6,
}
# Words by which people look for something that does not contain them, or not prominently.
KEYWORDS = {
    "auth deleteClient": "revoke",
    "auth resetAccessToken": "revoke leak",
    "batch": "bulk many mass parallel xargs loop concurrent",
    "completions": "autocomplete tab",
    "download-artifact": "live directory resume",
    "download-object": "directory resume",
    "events": "watch follow listen subscribe webhook rabbitmq amqp",
    "events bind": "watch follow listen subscribe webhook rabbitmq amqp",
    "group artifacts": "list files",
    "group cancel": "cancel stop kill abort terminate everything jobs push",
    "group download": "download files zip folder",
    "group failures": "why failed red broke broken break cause reason flaky intermittent errors log signature push",
    "group list": "list tasks jobs ongoing duration long longest slow slowest took",
    "group logs": "log logs grep search output",
    "group prioritize": "priority raise lower urgent important",
    "group rerun": "restart rerun jobs job push everything",
    "group seal": "seal lock close freeze",
    "group status": "count counts number summary overview green done state",
    "group wait": "wait poll block until finished settled",
    "group watch": "watch follow live progress ongoing settled push",
    "help credentials": "login authentication 401 unauthorized token expired certificate anonymous profile",
    "help environment": "proxy certificate tls ssl variables config file",
    "help exit-codes": "retry retries idempotent broken pipe error 404 409 429 500 timeout rate limit conflict expired",
    "help formats": "redirect pagination jq yaml",
    "help in-ci": "dry run poll script offline mock",
    "help scopes": "wildcard 403 forbidden denied permission",
    "hooks createHook": "cron schedule",
    "hooks triggerHook": "fire",
    "open": "browser web page ui interface",
    "queue createTask": "make submit new",
    "queue status": "stuck poll state",
    "references update": "upgrade",
    "sandbox": "offline mock fake simulate",
    "schema": "editor",
    "signed-url": "share link",
    "signed-url artifact": "share link",
    "task artifacts": "list files outputs",
    "task cancel": "cancel stop kill abort terminate end",
    "task def": "definition payload source",
    "task list": "pending backlog ongoing list",
    "task log": "log logs follow tail show see stream live output print grep search",
    "task prioritize": "priority raise lower urgent important",
    "task rerun": "retry restart again rerun run",
    "task retrigger": "copy clone duplicate retrigger environment",
    "task run": "run start launch command image docker container script",
    "task status": "state green red done finish result outcome",
    "task wait": "wait poll block until finished",
    "task why": "why explain pending stuck hang start never runs unscheduled failed error red reason position duration",
    "version": "upgrade release",
    "whoami": "anonymous 401",
}
DEPRECATED_WEIGHT = 0.4
# Every service has them, and none of them is what people look for.
COMMON_METHODS = frozenset({"ping", "heartbeat", "lbheartbeat", "version"})
COMMON_WEIGHT = 0.6
# What people do with tasks and groups is found before the methods of which it is made.
DAILY_GROUPS = frozenset({"task", "group"})
DAILY_WEIGHT = 1.1
MAX_RESULTS = 1000
GAP = 3
INDENT = 4
MIN_SUMMARY_WIDTH = 36


@click.command(
    cls=Command,
    name="find",
    examples=(
        "tc find which method lists pending tasks",
        "tc find artifact --limit 3 --format jsonl",
    ),
)
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option("--limit", type=click.IntRange(1, MAX_RESULTS), default=10, metavar="N", help="At most N results (10).")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], limit: int) -> None:
    """
    Find methods, commands and help topics by what they do, take, return or need; the best match is first.

    The exit code is 1 if nothing matches, or if a word seems to be misspelled.
    """
    from tccli.core.search import CONFIDENT_SIMILARITY, Index
    from tccli.output import Result

    context = get_context(ctx)
    write = context.writer(is_list=True)
    query = " ".join(words)
    if not any(letter.isascii() and letter.isalnum() for letter in query):
        raise UsageError(f"find: no word in {query!r}")
    documents = list_documents(ctx.find_root())
    index = Index([document for document, _ in documents], WEIGHTS)
    places, unknown = index.search(query)
    misspelled = index.correct(query, unknown, similarity=CONFIDENT_SIMILARITY)
    correction = misspelled or index.correct(query, unknown)
    message = f"find: nothing matches {' or '.join(map(repr, unknown))}"
    hint = f"did you mean: tc find {correction}?" if correction else ""
    if misspelled or not places:
        raise NegativeAnswerError(message, hint=hint or "try other words; tc --help lists the services")
    if unknown:
        context.note(f"{message}; {hint or 'these match the other words'}")
    records = [documents[place][1] for place in places[:limit]]
    write(Result([records], to_text=lambda columns: _format(records, columns)))


def list_documents(root: click.Context) -> list[Findable]:
    """
    Return all that can be found: the texts that are searched, and what is printed.
    """
    return [*_methods(get_context(root).library()), *_commands(root), *_topics()]


def _methods(library: ReferenceSet) -> Iterator[Findable]:
    for service in library.service_names():
        summary = library.service(service).summary
        for method in library.service(service).methods.values():
            yield _method(method, summary)


def _method(method: Method, service_summary: str) -> Findable:
    from tccli.cli.help.methods import find_deployment_docs, find_field_docs, find_method_docs
    from tccli.core.search import SearchDocument

    texts = {
        "name": method.name,
        "service": f"{method.service} {service_summary}",
        "summary": method.summary,
        "arguments": " ".join(method.args),
        "options": " ".join(method.query),
        "category": method.category,
        "docs": " ".join((find_method_docs(method).text, *find_deployment_docs(method))),
        "payload": _field_names(method, method.input),
        "fields": " ".join(text for field in find_field_docs(method).items() for text in field),
        "scopes": _scope_words(method.scopes),
        "response": _field_names(method, method.output),
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
    weight = DEPRECATED_WEIGHT if method.stability == "deprecated" else 1.0
    weight *= COMMON_WEIGHT if method.name in COMMON_METHODS else 1.0
    return SearchDocument(names, _with_keywords(f"{method.service} {method.name}", texts), weight), record


def _field_names(method: Method, schema: str | None) -> str:
    if schema is None:
        return ""
    from tccli.core.schemas.fields import list_fields

    paths = [field.path for field in list_fields(method.reference.schemas, schema)]
    return " ".join(dict.fromkeys(step for path in paths for step in path.split(".")))


def _scope_words(expression: Any) -> str:
    if isinstance(expression, str):
        return expression
    parts = expression.values() if isinstance(expression, dict) else expression or ()
    return " ".join(_scope_words(part) for part in parts)


def _commands(root: click.Context) -> Iterator[Findable]:
    # Groups of API methods are left out: their methods are found one by one.
    from tccli.cli.methods import MethodTree

    assert isinstance(root.command, click.Group)
    services = set(get_context(root).library().service_names())
    own = [name for name in root.command.list_commands(root) if name not in services]
    for name in own:
        found = root.command.get_command(root, name)
        assert found is not None
        yield _command(root, found, name)
        if isinstance(found, click.Group):
            for inner in found.commands if isinstance(found, MethodTree) else found.list_commands(root):
                inside = found.get_command(root, inner)
                # A command with two names is found by the longer one.
                if inside is not None and f"{name}-{inner}" not in own:
                    yield _command(root, inside, f"{name} {inner}")


def _with_keywords(place: str, texts: dict[str, str]) -> dict[str, str]:
    return {**texts, "keywords": KEYWORDS.get(place, "")}


def _command(root: click.Context, command: click.Command, path: str) -> Findable:
    from tccli.core.search import SearchDocument

    docs = " ".join((command.help or "").split())
    summary = " ".join((command.help or "").split("\n\n")[0].split()).removesuffix(".")
    options = [param for param in command.params if isinstance(param, click.Option)]
    texts = {
        "name": path,
        "summary": summary,
        "docs": docs,
        "options": " ".join(name for option in options for name in option.opts),
    }
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    pieces = [piece for param in arguments for piece in param.get_usage_pieces(root)]
    usage = " ".join(["tc", path, *pieces])
    record = {"kind": "command", "command": path, "usage": usage, "summary": summary}
    weight = DAILY_WEIGHT if path.partition(" ")[0] in DAILY_GROUPS else 1.0
    return SearchDocument([path], _with_keywords(path, texts), weight), record


def _topics() -> Iterator[Findable]:
    from tccli import topics
    from tccli.cli.help.markdown import parse_blocks
    from tccli.core.search import SearchDocument

    for name in topics.list_topic_names():
        topic = topics.load_topic(name)
        summary = topic.summary[:1].upper() + topic.summary[1:]
        listed = " ".join(row[0] for block in parse_blocks(topic.text) for row in block.rows if row)
        texts = {"name": topic.title, "summary": topic.summary, "arguments": listed, "docs": topic.text}
        record = {"kind": "topic", "topic": name, "usage": f"tc help {name}", "summary": summary}
        yield SearchDocument([name, topic.title], _with_keywords(f"help {name}", texts)), record


def _format(records: Sequence[dict[str, Any]], columns: int) -> str:
    # Summaries next to the usages, or below them on a narrow terminal.
    from textwrap import wrap

    width = max(len(record["usage"]) for record in records) + GAP
    is_wide = columns - width >= MIN_SUMMARY_WIDTH
    margin = width if is_wide else INDENT
    lines: list[str] = []
    for record in records:
        summary = wrap(record["summary"], max(columns - margin, MIN_SUMMARY_WIDTH))
        if is_wide:
            lines.append(record["usage"].ljust(width) + "".join(summary[:1]))
        else:
            lines += [record["usage"], *(" " * margin + line for line in summary[:1])]
        lines += [" " * margin + line for line in summary[1:]]
    return "\n".join(lines) + "\n"
