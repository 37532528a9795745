"""
The completion script for bash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.completion import posix, templates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.cli.completion.tables import Tables, Word


def script(tables: Tables) -> str:
    """
    Return the script that completes what is in *tables*.
    """
    parts = [
        posix.function("_taskcluster_words", "Path of a group: what may come next.", _names(tables.words)),
        posix.function("_taskcluster_exchanges", "Service: its exchanges.", _names(tables.exchanges)),
        *posix.common(tables),
        f"_taskcluster_topics={posix.quoted(' '.join(word.name for word in tables.topics))}",
    ]
    return templates.filled("tc.bash", "\n\n".join(parts))


def _names(table: Mapping[str, Sequence[Word]]) -> dict[str, str]:
    return posix.reply({key: " ".join(word.name for word in words) for key, words in table.items()})
