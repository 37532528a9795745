"""
The columns of a table: which properties of the entries, in which order, under which names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_DEPTH = 3
"""Names in the path of a property that becomes a column without being asked for."""
NAMES = frozenset({"label", "name", "title"})
STATES = frozenset({"result", "state", "status"})
RANK_NAME, RANK_STATE, RANK_PLAIN, RANK_TIME, RANK_LIST, RANK_CONSTANT = range(6)
MISSING = object()


class Column(NamedTuple):
    """
    A column.

    Attributes:
        name: The shortest end of the path that leads to this property; it can be given to ``--columns``.
        values: JSON values, one for each entry.
    """

    name: str
    values: Sequence[Any]


def flatten(document: Any, prefix: str = "", *, into_lists: bool = False) -> dict[str, Any]:
    """
    Return the values in a document by their paths, such as ``status.taskId``.

    Args:
        into_lists: Whether values in lists of documents have paths too, such as ``runs.0.state``.
    """
    flat: dict[str, Any] = {}
    for name, value in document.items() if isinstance(document, dict) else enumerate(document):
        if value and (isinstance(value, dict) or (into_lists and _is_nested(value))):
            flat.update(flatten(value, f"{prefix}{name}.", into_lists=into_lists))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def select_columns(entries: Sequence[Any], wanted: Sequence[str]) -> tuple[list[Column], list[str]]:
    """
    Return the columns that were asked for, and the names that no entry has.

    Args:
        entries: Objects or arrays.
        wanted: Paths, or ends of paths, in any case; a number is a position in a list, ``-1`` the last one.
    """
    columns, unknown = [], []
    paths: list[str] | None = None
    for name in wanted:
        values = [find_value(entry, name) for entry in entries]
        if all(value is MISSING for value in values):
            paths = list_paths(entries) if paths is None else paths
            path = resolve_name(name, paths)
            if path is None:
                unknown.append(name)
            else:
                values = [find_value(entry, path) for entry in entries]
        columns.append(Column(name, [None if value is MISSING else value for value in values]))
    return columns, unknown


def list_columns(entries: Sequence[Any]) -> list[Column]:
    """
    Return all columns, in order of their appearance.
    """
    flat = [flatten(entry) for entry in entries]
    return [
        Column(path, [row.get(path) for row in flat]) for path in dict.fromkeys(path for row in flat for path in row)
    ]


def rank_columns(entries: Sequence[Any]) -> list[Column]:
    """
    Return the columns that can be shown, the ones that tell most about an entry first.

    Nested data, properties that are empty everywhere, and repetitions of a column of the same name are left out.
    """
    flat = [flatten(entry) for entry in entries]
    paths = list_paths(entries)
    ranked = []
    seen: list[tuple[str, list[Any]]] = []
    for path in dict.fromkeys(path for row in flat for path in row):
        values = [row.get(path) for row in flat]
        is_empty = all(value is None or value in ("", [], {}) for value in values)
        if is_empty or path.count(".") >= MAX_DEPTH or any(_is_nested(value) for value in values):
            continue
        leaf = path.rpartition(".")[2]
        if (leaf, values) in seen:
            continue
        seen.append((leaf, values))
        ranked.append((_rank(leaf, values), path, values))
    # The first property that differs tells which entry it is.
    subject = next((path for rank, path, _ in ranked if rank in {RANK_NAME, RANK_PLAIN}), None)
    ranked.sort(key=lambda each: -1 if each[1] == subject else each[0])
    return [Column(_shorten_path(path, paths), values) for _, path, values in ranked]


def _rank(leaf: str, values: Sequence[Any]) -> int:
    if leaf in NAMES:
        return RANK_NAME
    if leaf in STATES:
        return RANK_STATE
    if len(values) > 1 and all(value == values[0] for value in values):
        return RANK_CONSTANT
    if any(isinstance(value, list) for value in values):
        return RANK_LIST
    if all(value is None or re.match(r"\d{4}-\d\d-\d\dT", str(value)) for value in values):
        return RANK_TIME
    return RANK_PLAIN


def list_paths(entries: Iterable[Any]) -> list[str]:
    """
    Return the paths of all values in the entries, in order of their appearance.
    """
    return list(dict.fromkeys(path for entry in entries for path in flatten(entry, into_lists=True)))


def resolve_name(name: str, paths: Iterable[str]) -> str | None:
    """
    Return the path with the fewest names that ends with *name*, in any case, or None.
    """
    end = f".{names.fold(name)}"
    found = (path for path in paths if f".{names.fold(path)}".endswith(end))
    return min(found, key=lambda path: path.count("."), default=None)


def find_value(document: Any, path: str) -> Any:
    """
    Return the value at *path*, or `MISSING`. Names in a document can contain dots.
    """
    if isinstance(document, list):
        first, _, rest = path.partition(".")
        try:
            found = document[int(first)]
        except (ValueError, IndexError):
            return MISSING
        return find_value(found, rest) if rest else found
    if not isinstance(document, dict):
        return MISSING
    if path in document:
        return document[path]
    for dot in re.finditer(r"\.", path):
        found = document.get(path[: dot.start()], MISSING)
        if found is not MISSING and (value := find_value(found, path[dot.end() :])) is not MISSING:
            return value
    return MISSING


def _shorten_path(path: str, paths: Sequence[str]) -> str:
    parts = path.split(".")
    for count in range(1, len(parts)):
        end = ".".join(parts[-count:])
        if end not in paths and resolve_name(end, paths) == path:
            return end
    return path


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
