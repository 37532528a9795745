"""
The completion script for PowerShell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.completion import templates
from tccli.cli.completion.posix import TREE, VALUE, value_text
from tccli.cli.completion.tables import by_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.completion.tables import Tables, Word


def script(tables: Tables) -> str:
    """
    Return the script that completes what is in *tables*.
    """
    trees = {path: options or ["-"] for path, options in tables.trees.items()}
    values = {name: value_text(value) for name, value in tables.values.items()}
    parts = [
        _table("Words", "Path of a group: what may come next.", _described(tables.words)),
        _table("Exchanges", "Service: its exchanges.", _described(tables.exchanges)),
        _list("Topics", [f"{word.name}\t{word.summary}" for word in tables.topics]),
        _table("Places", "Path of a command: the kinds of its arguments; + for a group.", _texts(tables.places)),
        _table("Options", "Path: its options.", _joined(tables.options)),
        _table("Query", "Path of a method: its query options.", _joined(tables.query)),
        _table("Tree", TREE, _joined(trees)),
        _table("Value", VALUE, _texts(values)),
        _table("Meaning", "Option, perhaps after a path or tree: what it is for.", _texts(tables.meanings)),
        _list("WithoutOutput", tables.without_output),
        _list("Output", tables.output),
        _list("Shared", tables.shared),
    ]
    return templates.filled("tc.ps1", "\n\n".join(parts))


def quoted(text: str) -> str:
    """
    Return a text for PowerShell, in which typographic quotes end a text, too.
    """
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def _table(name: str, says: str, table: Mapping[str, str]) -> str:
    """
    Return a dictionary; keys that share a value share a line.
    """
    lines = [f"# {says}", f"$global:TaskclusterTc{name} = @{{}}"]
    for value, keys in by_value(table).items():
        if len(keys) == 1:
            lines.append(f"$TaskclusterTc{name}[{quoted(keys[0])}] = {value}")
        else:
            lines.append(f"{', '.join(map(quoted, keys))} | ForEach-Object {{ $TaskclusterTc{name}[$_] = {value} }}")
    return "\n".join(lines)


def _list(name: str, texts: Sequence[str]) -> str:
    return f"$global:TaskclusterTc{name} = @({', '.join(map(quoted, texts))})"


def _texts(table: Mapping[str, str]) -> dict[str, str]:
    return {key: quoted(text) for key, text in table.items()}


def _joined(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: quoted(" ".join(words)) for key, words in table.items() if words}


def _described(table: Mapping[str, Sequence[Word]]) -> dict[str, str]:
    rows = {key: [quoted(f"{word.name}\t{word.summary}") for word in words] for key, words in table.items()}
    return {key: "@(\n    " + "\n    ".join(each) + "\n)" for key, each in rows.items()}
