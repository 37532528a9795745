"""
The completion script for zsh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.completion import posix, templates
from tccli.cli.completion.posix import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.completion.tables import Tables, Word


def script(tables: Tables) -> str:
    """
    Return the script that completes what is in *tables*.
    """
    parts = [
        posix.function("_taskcluster_words", "Path of a group: what may come next.", _described(tables.words)),
        posix.function("_taskcluster_exchanges", "Service: its exchanges.", _described(tables.exchanges)),
        *posix.common(tables),
        _array("_taskcluster_topics=(", tables.topics),
        "\n".join(["typeset -gA _taskcluster_meanings=(", *_meanings(tables), ")"]),
    ]
    return templates.filled("_tc", "\n\n".join(parts))


def _described(table: Mapping[str, Sequence[Word]]) -> dict[str, str]:
    return {key: _array("reply=(", words, indent="    ") for key, words in table.items()}


def _array(start: str, words: Sequence[Word], indent: str = "") -> str:
    """
    Return an array of names and summaries, with a colon between them.
    """
    return "\n".join([start, *(f"{indent}  {quoted(f'{word.name}:{word.summary}')}" for word in words), f"{indent})"])


def _meanings(tables: Tables) -> list[str]:
    return [f"  {quoted(spelling)} {quoted(text)}" for spelling, text in tables.meanings.items()]
