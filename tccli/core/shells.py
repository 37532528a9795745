"""
Lines that set variables in a shell: bash and its relatives, fish, csh, PowerShell. Pure.

Values are always between single quotes: scripts take them from there.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS = ("bash", "fish", "csh", "powershell")
"""``bash`` is any shell that has ``export``: sh, dash, ksh and zsh, too."""
SHELL_NAMES = ("bash", "sh", "zsh", "fish", "csh", "tcsh", "powershell", "pwsh")
"""Names that :func:`guess_shell` knows."""
_RELATIVES = {"fish": "fish", "csh": "csh", "tcsh": "csh", "pwsh": "powershell", "powershell": "powershell"}


def guess_shell(path: str) -> str:
    """
    Return which of SHELLS a shell is.

    Args:
        path: Of the program, as in the variable ``SHELL``, or its name; empty if it is not known.
    """
    return _RELATIVES.get(os.path.basename(path).lower().removesuffix(".exe"), "bash")


def set_variables(variables: Mapping[str, str], shell: str, *, is_guess: bool = False) -> list[str]:
    """
    Return a line for each variable, for eval.

    Args:
        variables: By name; a value without NUL.
        shell: One of SHELLS.
        is_guess: Whether a script of bash may evaluate the lines although *shell* is another one: for fish, they are
            such that both take them, if the values allow it. In bash, ``set`` has another meaning, and does not fail.
    """
    if shell == "fish" and is_guess and not re.search(r"['\\\n]", "".join(variables.values())):
        shell = "bash"
    return [_set_variable(name, value, shell) for name, value in variables.items()]


def unset_variables(names: list[str], shell: str, *, is_guess: bool = False) -> list[str]:
    """
    Return a line that removes variables, for eval. The arguments are those of ``set_variables``.
    """
    match shell:
        case "fish" if not is_guess:
            return [f"set -e {name};" for name in names]
        case "csh":
            return [f"unsetenv {name};" for name in names]
        case "powershell":
            return [f"Remove-Item -ErrorAction Ignore Env:{name}" for name in names]
    # fish has no unset.
    return [f"export {name}=''" for name in names] if shell == "fish" else [f"unset {name}" for name in names]


def _set_variable(name: str, value: str, shell: str) -> str:
    match shell:
        case "fish":
            return f"set -gx {name} {quote_fish(value)};"
        case "csh":
            return f"setenv {name} {quote_csh(value)};"
        case "powershell":
            return f"$env:{name} = {quote_powershell(value)}"
    return f"export {name}={quote_bash(value)}"


def quote_bash(value: str) -> str:
    """
    Return a word of sh: between single quotes, nothing but the quote itself has a meaning.
    """
    return "'" + value.replace("'", "'\"'\"'") + "'"


def quote_fish(value: str) -> str:
    """
    Return a word of fish, in which a backslash escapes the quote and itself.
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_csh(value: str) -> str:
    """
    Return a word of csh, which expands ``!`` and ends a line between quotes, too, if there is no backslash in front.
    """
    return quote_bash(value).replace("!", "\\!").replace("\n", "\\\n")


def quote_powershell(value: str) -> str:
    """
    Return a string of PowerShell, where the typographic single quotes are quotes as well; each is doubled.
    """
    return "'" + re.sub("(['\u2018-\u201b])", r"\1\1", value) + "'"
