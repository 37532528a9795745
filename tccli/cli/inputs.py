"""
Read documents that the command line names: in an option, in a file, or on stdin.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from typing import IO, TYPE_CHECKING

import click

from tccli.cli.context import get_context
from tccli.errors import UsageError

MAX_STDIN_BYTES = 256 << 20
MAX_ID_LINES = 1_000_000
MAX_ID_LINE_BYTES = 1 << 20
"""Of a line with an id; a JSON document may be longer."""

if TYPE_CHECKING:
    from tccli.core.payload import Payload


def read_data(data: str, subject: str, data_format: str | None = None) -> Payload:
    """
    Return the payload in the value of ``--data``: the document itself, ``@FILE``, or ``@-`` for stdin.

    Args:
        subject: Names the call in messages.
        data_format: ``json`` or ``yaml``; None means YAML for a file that ends in .yml or .yaml, else JSON.

    Raises:
        UsageError: It cannot be read or parsed.
    """
    from tccli.core.payload import parse

    if data.startswith("@"):
        return read_document(data[1:], subject, data_format=data_format)
    if data == "-" or re.fullmatch(r"[^\s\"{}\[\]]+\.(?:json|ya?ml)", data):
        what = "stdin" if data == "-" else "a file"
        raise UsageError(f"{subject}: --data {data!r} is not a payload", hint=f"{what} is --data @{data}")
    try:
        return parse(data.encode("utf-8", "surrogateescape"), "--data", data_format=data_format)
    except UsageError as error:
        if os.path.isfile(data):
            error.hint = f"a file is --data @{data}"
        raise


def read_document(path: str, subject: str, what: str = "payload", data_format: str | None = None) -> Payload:
    """
    Return the document in a file, or on stdin for ``-``.

    Args:
        subject: Names the call or command in messages.
        what: Names the document in messages.
        data_format: As for :func:`read_data`.

    Raises:
        UsageError: It cannot be read or parsed.
    """
    from tccli.core.documents import read_file
    from tccli.core.payload import parse

    if path.lstrip().startswith(("{", "[")) and not os.path.exists(path):
        raise UsageError(f"{subject}: the {what} must be in a file or on stdin, not on the command line")
    if path != "-":
        return parse(read_file(path), path, what, data_format)
    text = read_stdin(subject, what)
    if not text.strip():
        raise UsageError(f"{subject}: no {what} on stdin", hint="give JSON on stdin, or name a file")
    return parse(text, "stdin", what, data_format)


def read_stdin(subject: str, what: str = "payload") -> bytes:
    """
    Return what is on stdin. If that is a terminal, a note on stderr tells that tc waits for input.

    Raises:
        UsageError: It is longer than any document.
    """
    from tccli.core.documents import MAX_DOCUMENT_BYTES

    stream = _open_stdin(subject, what)
    text = b"" if stream is None else stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(text) > MAX_DOCUMENT_BYTES:
        raise UsageError(f"{subject}: cannot read the {what} from stdin: larger than {MAX_DOCUMENT_BYTES >> 20} MiB")
    return text


def read_id_lines(subject: str) -> bytes:
    """
    Return what is on stdin as `read_stdin` does, if that can be lines with ids, or JSON.

    Raises:
        UsageError: A line is too long, or there are too many of them.
    """
    stream = _open_stdin(subject, "ids")
    text = bytearray()
    for number, line in enumerate(iter(partial(stream.readline, MAX_ID_LINE_BYTES), b"") if stream else ()):
        text += line
        is_part = len(line) == MAX_ID_LINE_BYTES and not line.endswith(b"\n")
        if is_part and not text[:MAX_ID_LINE_BYTES].lstrip().startswith((b"[", b"{")):
            raise UsageError(f"{subject}: line {number + 1} of stdin is longer than {MAX_ID_LINE_BYTES >> 20} MiB")
        if number >= MAX_ID_LINES or len(text) > MAX_STDIN_BYTES:
            raise UsageError(
                f"{subject}: stdin has more than {MAX_ID_LINES} lines, or {MAX_STDIN_BYTES >> 20} MiB",
                hint="give fewer at a time",
            )
    return bytes(text)


def _open_stdin(subject: str, what: str) -> IO[bytes] | None:
    if sys.stdin is None:
        return None
    if sys.stdin.isatty():
        context = get_context(click.get_current_context())
        context.print_message(f"tc: {subject}: reading the {what} from the terminal; Ctrl-D ends it")
    return sys.stdin.buffer
