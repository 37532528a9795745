"""
The columns of a table: which properties of the entries, in which order, under which names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_DEPTH = 3
"""Names in the path of a property that becomes a column without being asked for."""
IDENTIFIERS = (
    "namespace",
    "taskId",
    "roleId",
    "clientId",
    "workerId",
    "hookId",
    "errorId",
    "launchConfigId",
    "workerPoolId",
    "cacheName",
    "taskQueueId",
    "providerId",
    "taskGroupId",
    "entityId",
)
"""What an entry can be: it is the first of these that differs between entries."""
IDENTIFIER_CONTEXTS = {
    "cacheName": ("provisionerId", "workerType"),
    "hookId": ("hookGroupId",),
    "launchConfigId": ("workerPoolId",),
    "workerId": ("workerGroup",),
}
"""What an identifier needs to be unique."""
NAMES = frozenset({"label", "name", "title"})
STATES = frozenset({"result", "state", "status"})
DETAILS = frozenset({"actionType", "error", "kind", "reason", "schedule"})
"""What people look for next, whatever its form."""
DEADLINES = frozenset({"deadline", "expires"})
"""Times that matter less for an entry than the others."""
(
    RANK_SUBJECT,
    RANK_CONTEXT,
    RANK_NAME,
    RANK_STATE,
    RANK_DETAIL,
    RANK_FIRST_TIME,
    RANK_PLAIN,
    RANK_TEXT,
    RANK_TIME,
    RANK_FLAG,
    RANK_LIST,
    RANK_CONSTANT,
) = range(12)
MISSING = object()


class Column(NamedTuple):
    """
    A column.

    Attributes:
        name: The shortest end of the path that leads to this property; it can be given to ``--columns``.
        values: JSON values, one for each entry.
        rank: How much it tells about an entry; the lowest tells most.
    """

    name: str
    values: Sequence[Any]
    rank: int = RANK_PLAIN


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
                if all(value is MISSING for value in values):
                    unknown.append(name)
        columns.append(Column(name, [None if value is MISSING else value for value in values]))
    return columns, unknown


def list_columns(entries: Sequence[Any], key_columns: Sequence[str] = ()) -> list[Column]:
    """
    Return all columns, in order of their appearance. Texts and lists are what people look for in such a table.

    Args:
        key_columns: The paths that tell most, the most important first.
    """
    flat = [flatten(entry) for entry in entries]
    paths = dict.fromkeys(path for row in flat for path in row)
    columns = {path: [row.get(path) for row in flat] for path in paths}
    ranks = _rank_all(columns, key_columns)
    for path, rank in ranks.items():
        if rank in {RANK_TEXT, RANK_LIST}:
            ranks[path] = RANK_DETAIL
    return [Column(path, values, ranks[path]) for path, values in columns.items()]


def rank_columns(entries: Sequence[Any], key_columns: Sequence[str] = ()) -> list[Column]:
    """
    Return the columns that can be shown, the ones that tell most about an entry first.

    Secrets, nested data, properties that are empty everywhere, and repetitions of a column of the same name are left
    out.

    Args:
        key_columns: The paths that tell most, the most important first.
    """
    from tccli.core.http.redact import names_secret

    flat = [flatten(entry) for entry in entries]
    columns: dict[str, list[Any]] = {}
    for path in dict.fromkeys(path for row in flat for path in row):
        values = [row.get(path) for row in flat]
        is_empty = all(value is None or value in ("", [], {}) for value in values)
        if is_empty or path.count(".") >= MAX_DEPTH or any(_is_nested(value) for value in values):
            continue
        same = [other for other, found in columns.items() if _leaf(path) == _leaf(other) and values == found]
        if names_secret(_leaf(path)) or any(other.count(".") <= path.count(".") for other in same):
            continue
        for other in same:
            del columns[other]
        columns[path] = values
    ranks = _rank_all(columns, key_columns)
    paths = list_paths(entries)
    order = sorted(columns, key=ranks.__getitem__)
    return [Column(_shorten_path(path, paths, entries), columns[path], ranks[path]) for path in order]


def _rank_all(columns: Mapping[str, Sequence[Any]], key_columns: Sequence[str]) -> dict[str, int]:
    ranks = {path: _rank(_leaf(path), values) for path, values in columns.items()}
    subject = _find_subject(columns, ranks)
    if subject is not None:
        ranks[subject] = RANK_SUBJECT
        for path in columns:
            if _leaf(path) in IDENTIFIER_CONTEXTS.get(_leaf(subject), ()) and ranks[path] != RANK_CONSTANT:
                ranks[path] = RANK_CONTEXT
    times = [path for path, rank in ranks.items() if rank == RANK_TIME and _leaf(path) not in DEADLINES]
    if times:
        ranks[times[0]] = RANK_FIRST_TIME
    for place, path in enumerate(key_columns, -len(key_columns)):
        if path in ranks:
            ranks[path] = place
    return ranks


def _find_subject(columns: Mapping[str, Sequence[Any]], ranks: Mapping[str, int]) -> str | None:
    """
    Return the path of the property that tells which entry it is.
    """
    known = [path for path in columns if _leaf(path) in IDENTIFIERS and ranks[path] == RANK_PLAIN]
    if known:
        # That of the entry itself, before that of a part of it.
        return min(known, key=lambda path: (path.count("."), IDENTIFIERS.index(_leaf(path))))
    named = [path for path in columns if ranks[path] == RANK_NAME]
    plain = [path for path in columns if ranks[path] == RANK_PLAIN]
    # A number tells nothing apart.
    words = [path for path in plain if any(isinstance(value, str) for value in columns[path])]
    return next(iter([*named, *words, *plain]), None)


def _rank(leaf: str, values: Sequence[Any]) -> int:
    if leaf in NAMES:
        return RANK_NAME
    if leaf in STATES:
        return RANK_STATE
    if len(values) > 1 and all(value == values[0] for value in values):
        return RANK_CONSTANT
    if leaf in DETAILS:
        return RANK_DETAIL
    if any(isinstance(value, list) for value in values):
        return RANK_LIST
    if all(value is None or isinstance(value, bool) for value in values):
        return RANK_FLAG
    if all(value is None or is_time(value) for value in values):
        return RANK_TIME
    return RANK_TEXT if any(" " in value for value in values if isinstance(value, str)) else RANK_PLAIN


def is_time(value: Any) -> bool:
    """
    Return whether a value begins as a time does.
    """
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) is not None


def list_paths(entries: Iterable[Any]) -> list[str]:
    """
    Return the paths of all values in the entries, in order of their appearance.
    """
    return list(dict.fromkeys(path for entry in entries for path in flatten(entry, into_lists=True)))


def resolve_name(name: str, paths: Iterable[str]) -> str | None:
    """
    Return the path with the fewest names that ends with *name*, in any case, or None.

    Args:
        name: A position such as ``-1`` in it stands for any position, and is in the path that is returned.
    """
    wanted = name.split(".")
    if len(wanted) > 1 and re.fullmatch(r"-?\d+", wanted[-1]):
        # A list of plain values is one value.
        found = resolve_name(".".join(wanted[:-1]), paths := list(paths))
        if found is not None:
            return f"{found}.{wanted[-1]}"
    ends = (path for path in paths if _ends_with(path.split("."), wanted))
    path = min(ends, key=lambda path: path.count("."), default=None)
    if path is None:
        return None
    parts = path.split(".")
    for place in range(-len(wanted), 0):
        if _is_from_end(wanted[place]):
            parts[place] = wanted[place]
    return ".".join(parts)


def _ends_with(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(parts) >= len(wanted) and all(
        part.isdecimal() if _is_from_end(name) else names.find(name, [part]) is not None
        for part, name in zip(parts[-len(wanted) :], wanted, strict=True)
    )


def _is_from_end(part: str) -> bool:
    return re.fullmatch(r"-\d+", part) is not None


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


def _shorten_path(path: str, paths: Sequence[str], entries: Sequence[Any]) -> str:
    parts = path.split(".")
    for count in range(1, len(parts)):
        end = ".".join(parts[-count:])
        if resolve_name(end, paths) == path and all(find_value(entry, end) is MISSING for entry in entries):
            return end
    return path


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
