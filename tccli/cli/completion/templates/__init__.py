"""
What does not change in completion scripts: how they find out what is being typed, one file for each shell.
"""

from __future__ import annotations

import os

TABLES = "@TABLES@"


def filled(name: str, tables: str) -> str:
    """
    Return the script *name* with its tables in it.
    """
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read().replace(TABLES, tables)
