"""
Documents that a person hands over: in a file, or on stdin.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tccli.errors import UsageError

if TYPE_CHECKING:
    from tccli.core.payload import Payload

YAML = (".yml", ".yaml")


def read_document(path: str, subject: str, what: str = "payload", data_format: str | None = None) -> Payload:
    """
    Return the document in a file, or on stdin for ``-``.

    Args:
        subject: What messages begin with: ``queue.createTask``.
        what: What it is called in them.
        data_format: ``json`` or ``yaml``; None means YAML for a file that ends in .yml or .yaml, else JSON.

    Raises:
        UsageError: It cannot be read, or is not JSON or YAML.
    """
    if path == "-":
        text = read_stdin(subject, what)
        if not text.strip():
            raise UsageError(f"{subject}: no {what} on stdin", hint="give JSON on stdin, or name a file")
        return parse(text, "stdin", what, data_format)
    from tccli.core.documents import read_file

    return parse(read_file(path), path, what, data_format)


def parse(text: bytes, source: str, what: str = "payload", data_format: str | None = None) -> Payload:
    """
    Return the document in *text*, which came from *source*; for *data_format* see :func:`read_document`.

    Raises:
        UsageError: It is neither JSON nor YAML.
    """
    from tccli.core import payload

    is_yaml = data_format == "yaml" if data_format else source.lower().endswith(YAML)
    return (payload.parse_yaml if is_yaml else payload.parse_json)(text, source, what)


def read_stdin(subject: str, what: str = "payload") -> bytes:
    """
    Return what comes on stdin; a person at a terminal is told that we wait.
    """
    if sys.stdin is None:
        return b""
    if sys.stdin.isatty():
        click.echo(f"tc: {subject}: reading the {what} from the terminal; Ctrl-D ends it", err=True)
    return sys.stdin.buffer.read()
