"""
Questions before something is done: where answers come from, and how they are asked.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.context import Context

MARKS = {None: "[y/n]", True: "[Y/n]", False: "[y/N]"}


def open_answers(words: Sequence[str], hint: str) -> IO[str] | None:
    """
    Return where answers to questions are read from: stdin, or the terminal if stdin has the ids.

    Args:
        words: The arguments of the command, of which ``-`` is stdin.
        hint: What to do without a terminal.

    Raises:
        UsageError: stdin has the ids, and there is no terminal.
    """
    if "-" not in words:
        return sys.stdin
    try:
        terminal = open("/dev/tty", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the command
    except OSError:
        raise UsageError("cannot ask: stdin has the ids, and there is no terminal", hint=hint) from None
    click.get_current_context().call_on_close(terminal.close)
    return terminal


def open_terminal_answers(context: Context, words: Sequence[str], hint: str) -> IO[str] | None:
    """
    As `open_answers`, for a question that only a person may answer. The Go client takes the answer from any stdin.

    Raises:
        UsageError: stdin is not a terminal, or has the ids and there is no terminal.
    """
    if "-" not in words and not context.is_go_client and (sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError("cannot ask: stdin is not a terminal", hint=hint)
    return open_answers(words, hint)


def ask(context: Context, question: str, answers: IO[str] | None, hint: str, *, default: bool | None = None) -> bool:
    """
    Return the answer to a question. It is repeated until the answer is yes or no.

    The question is for people, so it goes to stderr; the Go client has it on stdout, in its own words.

    Args:
        question: Without the possible answers, unless it is that of the Go client.
        answers: Opened by `open_answers`.
        default: What an empty line means; None if it is not an answer.
        hint: What to do without an answer.

    Raises:
        UsageError: The input ends before an answer.
    """
    from tccli.core.printable import escape_controls

    text = question if context.is_go_client else f"{question} {MARKS[default]}"
    while True:
        click.echo(escape_controls(f"{text} "), nl=False, err=not context.is_go_client)
        sys.stdout.flush()
        with context.suspend_time():
            line = answers.readline() if answers is not None else ""
        if not line:
            click.echo(err=True)
            raise UsageError("no answer: the input has ended", hint=hint)
        if answers is not None and not (answers.isatty() or context.is_go_client):
            # A terminal shows the line break that was typed.
            click.echo(err=True)
        answer = line.strip().lower()
        if answer in {"y", "yes"}:
            return True
        if answer in {"n", "no"}:
            return False
        if not answer and default is not None:
            return default
