"""
What does not change in completion scripts: how they find out what is being typed, one file for each shell.
"""

from __future__ import annotations

import os

TABLES = "@TABLES@"


def filled(name: str, tables: str) -> str:
    """
    Return the script *name* with its tables in it, and without the comments on its code.
    """
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        head, _, code = file.read().partition(TABLES)
    lines = (line for line in code.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    return f"{head}{tables}{''.join(lines)}"
