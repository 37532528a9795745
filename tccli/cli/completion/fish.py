"""
The completion script for fish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.completion import templates
from tccli.cli.completion.posix import TREE, VALUE, option_patterns, value_text
from tccli.cli.completion.tables import by_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tccli.cli.completion.tables import Tables, Word

WIDEST = 114


def script(tables: Tables) -> str:
    """
    Return the script that completes what is in *tables*.
    """
    trees = {path: options or ["-"] for path, options in tables.trees.items()}
    values = {name: value_text(value) for name, value in tables.values.items()}
    known = {name: text for name, text in values.items() if ":" in name or text != "0"}
    parts = [
        _function("words", "Path of a group: what may come next.", _described(tables.words)),
        _function("exchanges", "Service: its exchanges.", _described(tables.exchanges)),
        _function("places", "Path of a command: the kinds of its arguments; + for a group.", _said(tables.places)),
        _function("options", "Path: its options.", _listed(tables.options)),
        _function("query", "Path of a method: its query options.", _listed(tables.query)),
        _function("tree", TREE, _listed(trees)),
        _function(
            "without_output",
            "Whether the command of a path prints no data.",
            dict.fromkeys(tables.without_output, "return 0"),
        ),
        _function("value", VALUE, *map(_said, option_patterns(tables, known))),
        _function(
            "meaning", "Tree, path and option: what it is for.", *map(_said, option_patterns(tables, tables.meanings))
        ),
        f"set -g __taskcluster_output {_words(tables.output)}\nset -g __taskcluster_shared {_words(tables.shared)}",
        _function("topics", "What tc help has texts about.", {"": _printed(tables.topics)}),
    ]
    return templates.filled("tc.fish", "\n\n".join(parts))


def quoted(text: str) -> str:
    """
    Return a word for fish.
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _function(name: str, says: str, *tables: Mapping[str, str]) -> str:
    """
    Return a function that does what a table has for its argument, or fails.
    """
    lines = [f"# {says}", f"function __taskcluster_{name}", '    switch "$argv[1]"']
    for table in tables:
        for command, keys in by_value(table).items():
            lines += [*_wrapped("    case", map(quoted, keys)), f"    {command}"]
    return "\n".join([*lines, "    case '*'", "    return 1", "    end", "end"])


def _wrapped(start: str, words: Iterable[str]) -> list[str]:
    lines = [start]
    for word in words:
        if len(lines[-1]) + len(word) > WIDEST:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += " " + word
    return lines


def _described(table: Mapping[str, Sequence[Word]]) -> dict[str, str]:
    return {key: _printed(words) for key, words in table.items()}


def _printed(words: Sequence[Word]) -> str:
    rows = "".join(f" \\\n    {quoted(word.name)} {quoted(word.summary)}" for word in words)
    return f"printf '%s\\t%s\\n'{rows}"


def _said(table: Mapping[str, str]) -> dict[str, str]:
    return {key: f"echo {quoted(text)}" for key, text in table.items()}


def _listed(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {key: f"string join \\n -- {_words(words)}" for key, words in table.items() if words}


def _words(words: Sequence[str]) -> str:
    return " ".join(words)
