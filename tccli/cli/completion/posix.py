"""
The tables of a completion script as functions of the shell: a ``case`` that is as good in bash as in zsh.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tccli.cli.completion.tables import by_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.completion.tables import Tables, Value

WIDEST = 114
ANYTHING = "*:"
TREE = "Path below which all services are once more: what its methods take beside query options; - for what calls take."
VALUE = "Tree, path and option: the kind of its value; = and choices; - for anything; 0 for none."


def function(name: str, says: str, *tables: Mapping[str, str]) -> str:
    """
    Return a function that does what a table has for its argument, or fails.

    Args:
        says: A comment.
        tables: Keys are texts, in which ``*:`` stands for anything that ends so; values are commands. Earlier tables
            go first.
    """
    lines = [f"# {says}", f"{name}() {{", "  case $1 in"]
    for table in tables:
        for value, keys in by_value(table).items():
            lines += [*_patterns(keys), f"    {value} ;;"]
    return "\n".join([*lines, "  *) return 1 ;;", "  esac", "}"])


def reply(table: Mapping[str, str]) -> dict[str, str]:
    """
    Return *table* with commands that set ``REPLY`` to its texts.
    """
    return {key: f"REPLY={quoted(text)}" for key, text in table.items()}


def common(tables: Tables) -> list[str]:
    """
    Return the functions that all scripts of this kind have.
    """
    trees = {path: " ".join(options or "-") for path, options in tables.trees.items()}
    printless = dict.fromkeys(tables.without_output, "return 0")
    return [
        function(
            "_taskcluster_places", "Path of a command: the kinds of its arguments; + for a group.", reply(tables.places)
        ),
        function("_taskcluster_options", "Path: its options.", reply(_lists(tables.options))),
        function("_taskcluster_query", "Path of a method: its query options.", reply(_lists(tables.query))),
        function("_taskcluster_tree", TREE, reply(trees)),
        function("_taskcluster_without_output", "Whether the command of a path prints no data.", printless),
        function("_taskcluster_value", VALUE, *map(reply, option_values(tables))),
        f"_taskcluster_output={quoted(' '.join(tables.output))}\n_taskcluster_shared={quoted(' '.join(tables.shared))}",
    ]


def _lists(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: " ".join(words) for key, words in table.items() if words}


def quoted(text: str) -> str:
    """
    Return a word for a shell.
    """
    return "'" + text.replace("'", "'\\''") + "'"


def option_values(tables: Tables) -> list[dict[str, str]]:
    """
    Return ``tree:path:spelling`` → the kind of value, ``=`` with choices, ``-`` for any, or ``0`` for none.
    """
    texts = {name: value_text(value) for name, value in tables.values.items()}
    return option_patterns(tables, {name: text for name, text in texts.items() if ":" in name or text != "0"})


def value_text(value: Value) -> str:
    """
    Return what an option takes, as scripts know it.
    """
    if not value.is_taken:
        return "0"
    return "=" + ",".join(value.choices) if value.choices else value.kind or "-"


def option_patterns(tables: Tables, table: Mapping[str, str]) -> list[dict[str, str]]:
    """
    Return a table of options with ``tree:path:spelling`` as keys: what is special somewhere, then what holds elsewhere.
    """
    special, usual = {}, {}
    for name, text in table.items():
        path, _, spelling = name.rpartition(":")
        if not path:
            usual[f"*:{spelling}"] = text
        elif path in tables.trees:
            special[f"{path}:*:{spelling}"] = text
        else:
            special[f"*:{path}:{spelling}"] = text
    return [special, usual]


def _patterns(keys: list[str]) -> list[str]:
    """
    Return the patterns of a branch, wrapped.
    """
    lines = ["  "]
    for each in map(_pattern, keys):
        if len(lines[-1]) + len(each) > WIDEST:
            lines[-1] += "\\"
            lines.append("  ")
        lines[-1] += each + "|"
    lines[-1] = lines[-1].removesuffix("|") + ")"
    return lines


def _pattern(name: str) -> str:
    """
    Return a pattern that matches *name*.
    """
    return (
        ANYTHING.join(map(_bare_or_quoted, name.split(ANYTHING))) if ANYTHING in name else _bare_or_quoted(name) or "''"
    )


def _bare_or_quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w.:/-]*", text) else quoted(text)
