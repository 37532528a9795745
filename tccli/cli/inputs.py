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


def read_document(path: str, subject: str, what: str = "payload") -> Payload:
    """
    Return the document in a file; one that ends in .yml or .yaml is YAML, ``-`` is stdin.

    Args:
        subject: What messages begin with: ``queue.createTask``.
        what: What it is called in them.

    Raises:
        UsageError: It cannot be read, or is not JSON or YAML.
    """
    if path == "-":
        text = read_stdin(subject, what)
        if not text.strip():
            raise UsageError(f"{subject}: no {what} on stdin", hint="give JSON on stdin, or name a file")
        return parse(text, "stdin", what)
    return parse(read_file(path, subject), path, what)


def parse(text: bytes, source: str, what: str = "payload") -> Payload:
    """
    Return the document in *text*, which is YAML where the end of its source's name says so.

    Raises:
        UsageError: It is neither JSON nor YAML.
    """
    from tccli.core import payload

    read = payload.parse_yaml if source.lower().endswith(YAML) else payload.parse_json
    return read(text, source, what)


def read_file(path: str, subject: str) -> bytes:
    """
    Return what is in a file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{subject}: cannot read {path}: {error.strerror}") from None


def read_stdin(subject: str, what: str = "payload") -> bytes:
    """
    Return what comes on stdin; a person at a terminal is told that we wait.
    """
    if sys.stdin is None:
        return b""
    if sys.stdin.isatty():
        click.echo(f"tc: {subject}: reading the {what} from the terminal; Ctrl-D ends it", err=True)
    return sys.stdin.buffer.read()
