"""
``tc references``: fetch and compare the API references of a deployment.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Group
from tccli.cli.context import Context, with_context
from tccli.cli.types import RequiredOption
from tccli.errors import BrokenAnswerError, NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.references import ReferenceSet

MAX_VALUE_LENGTH = 60
MARKS = {"added": "+", "removed": "-", "changed": "~"}


@click.group(cls=Group, name="references")
def command() -> None:
    """
    Fetch and compare API references: services, methods, exchanges and schemas.

    tc includes the references of one release. If you fetch those of a deployment, tc uses them for its root URL.
    --reference uses one for a single call.
    """


@command.command(
    "update",
    short_help="Fetch the references of the deployment and use them",
    examples=("tc references update", "tc references update --jq .methods"),
)
@with_context
def update(context: Context) -> None:
    """
    Fetch the references of the deployment in use, and use them for its root URL from now on: methods, schemas and
    descriptions in help.

    They are fetched without credentials, validated, and stored in the cache directory until the next update. Either all
    of them are replaced or none.
    """
    import time

    from tccli import references
    from tccli.core.cache import references as reference_cache
    from tccli.output import Result

    write = context.writer()
    root_url = context.root_url()
    texts = _fetch(context, root_url)
    path = reference_cache.store(os.environ, root_url, texts, now=int(time.time()))
    services = references.ReferenceSet().override_contents(texts, path).services.values()
    context.note("to compare them with the built-in references: tc references diff")
    counts = {
        "services": len(services),
        "methods": sum(len(service.methods) for service in services),
        "exchanges": sum(len(service.exchanges) for service in services),
    }
    write(Result([{"rootUrl": root_url, **counts, "path": path}]))


@command.command(
    "diff",
    short_help="Compare the references of the deployment with the built-in ones",
    examples=("tc references diff", """tc references diff --jq '.[] | select(.kind == "method")'"""),
)
@with_context
def diff(context: Context) -> None:
    """
    List the differences between the references of the deployment in use and the built-in ones: services, methods,
    exchanges and schemas.

    The stored references of the deployment are used, or else those that it publishes now; with --reference, the given
    services. A difference is added, removed or changed; "before" is the built-in value. The exit code is 0 if there are
    no differences, and 1 otherwise.
    """
    from tccli import references
    from tccli.output import Result
    from tccli.references.importing.diff import diff_references

    write = context.writer(is_list=True)
    library = references.built_in()
    other, services = _other(context, library)
    found = [each._asdict() for each in diff_references(library, other, services)]
    if (
        context.options.format is None
        and not context.options.selects_parts
        and context.options.output in {None, "-"}
        and _is_terminal()
    ):
        write(Result([_format(each) for each in found], is_text=True))
    elif context.options.format == "table" or context.options.columns is not None:
        shown = [{**each, **{key: _format_value(each[key]) for key in ("before", "after")}} for each in found]
        write(Result([shown], is_table=True))
    else:
        write(Result([found]))
    if found:
        raise NegativeAnswerError(
            f"{len(found)} difference{'s' if len(found) > 1 else ''} from the built-in references"
        )
    context.note("no differences from the built-in references")


@command.command(
    "distill",
    short_help="Convert published references to the files of tccli/references",
    examples=(
        (
            'curl -sSfo references.json \\\n    "$TASKCLUSTER_ROOT_URL/references/references.json"\n'
            "mkdir -p new\ntc references distill references.json -o new"
        ),
    ),
)
@click.argument("rollup", metavar="ROLLUP")
@click.option("--methods", metavar="FILE", help="Include only the methods of this list.")
@click.option(
    "-o",
    "--output",
    "directory",
    cls=RequiredOption,
    metavar="DIR",
    help="Directory for the files, one per service.",
)
@with_context
def distill(context: Context, rollup: str, methods: str | None, directory: str) -> None:
    """
    Convert ROLLUP, the file /references/references.json of a deployment, to one compact file per service.

    Summaries are written by hand: they are taken from DIR or the built-in references, and methods without one are
    listed.
    """
    from tccli.core.files import atomic_write
    from tccli.references.importing.convert import convert_rollup
    from tccli.references.library import SUFFIX
    from tccli.references.model import DATA_DIRECTORY

    if not os.path.isdir(directory):
        raise UsageError(f"cannot write to {directory}: not a directory", hint=f"create it with: mkdir -p {directory}")
    summaries = dict(_summaries(DATA_DIRECTORY)) | dict(_summaries(directory))
    files = convert_rollup(_read(rollup), _read(methods) if methods is not None else None, summaries)
    for service, text in files.items():
        with atomic_write(os.path.join(directory, service + SUFFIX)) as file:
            file.write(text.encode())
    missing = [name for text in files.values() for name, summary in _summaries_in(text.splitlines()) if not summary]
    if missing:
        context.note(f"missing summaries: {', '.join(missing)}")
    context.note(f"wrote {len(files)} files to {directory}")


def _fetch(context: Context, root_url: str) -> dict[str, bytes]:
    from tccli import references
    from tccli.cli.library import report_skipped
    from tccli.core.reference_fetch import fetch_references
    from tccli.references.importing.errors import InvalidReferenceError
    from tccli.references.importing.merge import convert_documents

    skipped: list[str] = []
    contents = fetch_references(context.fetcher(), root_url, skipped.append)
    report_skipped(context.note, root_url, skipped)
    try:
        return convert_documents(contents, references.built_in())
    except InvalidReferenceError as error:
        raise BrokenAnswerError(f"{root_url}: {error}") from None


def _other(context: Context, library: ReferenceSet) -> tuple[ReferenceSet, Sequence[str]]:
    # The references to compare, and the names of the services to compare.
    from tccli.cli import library as libraries
    from tccli.core.cache import references as reference_cache
    from tccli.references import ReferenceSet

    if context.options.reference:
        given = libraries.with_references(library, context.options.reference, context.fetcher, context.note)
        return given, [name for name in given.service_names() if given.services[name] != library.services.get(name)]
    root_url = context.root_url()
    try:
        cached = reference_cache.load(os.environ, root_url)
    except reference_cache.CorruptCacheError as error:
        context.note(f"{error} is damaged and not used")
        cached = None
    if cached is None:
        context.note(f"no stored references of {root_url}: fetching them, without storing")
        texts: Mapping[str, bytes | memoryview] = _fetch(context, root_url)
    else:
        context.note(f"comparing the references of {root_url}, fetched at {cached.fetched}")
        texts = cached.contents
    other = ReferenceSet().override_contents(texts, root_url)
    return other, sorted({*other.services, *library.services})


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _format(difference: Mapping[str, Any]) -> str:
    service, kind, name, what = (difference[key] for key in ("service", "kind", "name", "what"))
    where = f"{service} {kind} {name}" if kind != "service" else f"service {name}"
    values = [_format_value(difference[key]) for key in ("before", "after") if difference[key] is not None]
    line = f"{MARKS[difference['change']]} {' '.join(filter(None, [where, what]))}"
    if difference["change"] == "changed":
        values = [_format_value(difference[key]) or "nothing" for key in ("before", "after")]
    return f"{line}: {' -> '.join(values)}" if values else line


def _format_value(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


def _read(path: str) -> Any:
    from tccli.core.documents import read_document
    from tccli.references.importing.validate import MAX_DOCUMENT_BYTES

    return read_document(path, max_bytes=MAX_DOCUMENT_BYTES, formats=["json"]).content


def _summaries(directory: str) -> Iterator[tuple[str, str]]:
    # By service, service.method and service.exchange.
    from tccli.references.library import SUFFIX

    for name in sorted(os.listdir(directory)):
        if name.endswith(SUFFIX):
            path = os.path.join(directory, name)
            try:
                with open(path, encoding="utf-8") as file:
                    yield from _summaries_in(file.read().splitlines())
            except (ValueError, TypeError, KeyError):
                raise UsageError(f"cannot read {path}: it is not a file of references") from None


def _summaries_in(lines: list[str]) -> Iterator[tuple[str, str]]:
    from tccli.strict_json import loads_leniently

    service = ""
    for line in lines:
        record = loads_leniently(line)
        if "service" in record:
            service = record["service"]
            yield service, record["summary"]
        elif "summary" in record:
            yield f"{service}.{record.get('method') or record['exchange']}", record["summary"]
