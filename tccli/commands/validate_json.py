"""
``tc validate-json``: check a JSON or YAML document against a JSON schema.
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.types import DATA_FORMAT
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.documents import Document
    from tccli.core.schemas.problems import Problem
    from tccli.references import ServiceReference

SUBJECT = "validate-json"
NAME = re.compile(r"/?(?:schemas/)?(?P<service>[\w-]+)/(?:v[0-9]+/)?(?P<schema>[\w./-]+\.json)#?")
METHOD = re.compile(r"(?P<service>[\w-]+)\.(?P<method>\w+)")


@click.command(
    cls=Command,
    name="validate-json",
    examples=(
        'echo \'{"expires": "2030-01-01T00:00:00Z", "secret": {}}\' |\n  tc validate-json secrets.set -',
        "tc skeleton queue createTask |\n  tc validate-json queue/v1/create-task-request.json -",
        "tc skeleton secrets set --format yaml -o secret.yml\ntc validate-json <(tc schema secrets set) secret.yml",
    ),
)
@click.argument("schema", metavar="SCHEMA")
@click.argument("file", metavar="FILE")
@click.option("--data-format", **DATA_FORMAT)
@with_context
def command(context: Context, schema: str, file: str, data_format: str | None) -> None:
    """
    Check FILE against SCHEMA, and print every problem on a line of its own. The exit code is 0 for a valid document,
    and 1 otherwise.

    FILE is a file, a URL, or - for stdin. SCHEMA is a file, a URL, the name of a schema in the references, such as
    queue/v1/create-task-request.json, or a method with a payload, such as queue.createTask. $schema selects draft 4, 6,
    7, 2019-09 or 2020-12; the default is draft 7. A schema from a file can refer only to files, one from a URL only to
    URLs.
    """
    from tccli.cli import inputs
    from tccli.cli.validation import report_problems
    from tccli.core.documents import is_url, read_document

    write = context.writer()
    read = partial(read_document, connect=context.transfer_context)
    found = _named(context, schema)
    if is_url(file):
        document = read(file).content
    else:
        document = inputs.read_document(file, SUBJECT, "document", data_format).document
    problems = _by_reference(found, document) if found else _by_address(read, schema, document)
    report_problems(context, write, problems, "stdin" if file == "-" else file, schema)


class _Named(NamedTuple):
    """
    A schema of the references.
    """

    reference: ServiceReference
    name: str


def _named(context: Context, schema: str) -> _Named | None:
    from tccli import names
    from tccli.cli.lookup import find_method, find_service
    from tccli.core.documents import is_url

    if is_url(schema) or os.path.exists(schema.partition("#")[0]) or os.path.exists(schema):
        return None
    method = METHOD.fullmatch(schema)
    if method and method["method"] not in {"json", "yml", "yaml"}:
        found = find_method(context.library(), method["service"], method["method"])
        if found.input is None:
            raise UsageError(f"{SUBJECT}: the payload of {found.id} has no published schema")
        return _Named(found.reference, found.input)
    name = NAME.fullmatch(schema)
    if name is None:
        raise UsageError(
            f"{SUBJECT}: cannot find the schema {schema}",
            hint="give a file, a URL or a method such as queue.createTask",
        )
    library = context.library()
    try:
        service = find_service(library, name["service"])
    except UsageError as error:
        raise UsageError(f"{SUBJECT}: cannot find the schema {schema}: {error}") from None
    known = library.service(service).schemas
    if name["schema"] not in known:
        hint = names.suggestion(name["schema"], known)
        raise UsageError(f"{SUBJECT}: {service} has no schema {name['schema']}", hint=hint)
    return _Named(library.service(service), name["schema"])


def _by_reference(found: _Named, document: Any) -> list[Problem]:
    from tccli.core.schemas.validate import find_problems

    return find_problems(found.reference, found.name, document, root="document")


def _by_address(read: Callable[..., Document], schema: str, document: Any) -> list[Problem]:
    from tccli.core.documents import HTTP_URL
    from tccli.core.schemas.dialect import BrokenSchemaError
    from tccli.core.schemas.external import ExternalSchema, find_problems

    path, _, part = ("", "", "") if os.path.exists(schema) else schema.partition("#")
    where = path or schema

    def load(url: str) -> Any:
        return read(url, what="schema").content

    try:
        found = read(where, what="schema")
        return find_problems(ExternalSchema(f"{found.url}#{part}", found.content), document, load, root="document")
    except BrokenSchemaError as error:
        message = f"{SUBJECT}: the schema {schema} {error}"
        raise (BrokenAnswerError if HTTP_URL.match(where) else UsageError)(message) from None
