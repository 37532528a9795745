"""
The options of commands that print lines for a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from tccli.cli.types import Choice
from tccli.core.shells import SHELL_NAMES, guess_shell
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.cli.context import Context

    F = TypeVar("F", bound=Callable[..., Any])


def shell_option(default: str) -> Callable[[F], F]:
    """
    Return the decorator that adds ``--shell``.

    Args:
        default: In words, for help.
    """
    return click.option(
        "--shell",
        type=Choice(SHELL_NAMES),
        metavar="SHELL",
        help=f"Print lines for bash (and sh, zsh), fish, csh or powershell (default: {default}).",
    )


def csh_option() -> Callable[[F], F]:
    """
    Return the decorator that adds ``--csh``, as the Go client has it.
    """
    return click.option("--csh", is_flag=True, help="The same as --shell csh.")


def guess_user_shell(context: Context) -> str:
    """
    Return the shell of the variable SHELL. The Go client prints lines for sh unless it is told otherwise.
    """
    return "bash" if context.is_go_client else guess_shell(context.environ.get("SHELL", ""))


def choose_shell(shell: str | None, *, csh: bool) -> str | None:
    """
    Return the shell that ``--shell`` and ``--csh`` name, or None.

    Raises:
        UsageError: They name different ones.
    """
    if csh and guess_shell(shell or "csh") != "csh":
        raise UsageError(f"--csh and --shell {shell} exclude each other")
    return "csh" if csh else shell and guess_shell(shell)
