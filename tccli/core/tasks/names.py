"""
Words that name a task or a group: an id, ``index:PATH`` or ``GROUP:LABEL``. Addresses are for the command line to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.parameters import check_parameter, matches_pattern
from tccli.core.response_fields import blame_response, read_field
from tccli.core.tasks.queue import fetch_definition, list_group
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.core.client import Client

MAX_LISTED_CANDIDATES = 5
MAX_SHOWN_CHARACTERS = 60
"""Of a line of stdin, in a message."""
INDEX_PREFIX = "index:"
_GROUP_AND_LABEL = re.compile(r"([A-Za-z0-9_-]{22}):(.+)", re.DOTALL)


def resolve_task(client: Client, word: str, *, newest: bool = False) -> str:
    """
    Return the id of the task that *word* names. Requests are sent only for an index path or a label.

    Args:
        newest: Of several tasks with the label, take the one that was created last.

    Raises:
        UsageError: It is empty or names no task, or not exactly one.
        NotFoundError: The index path or the group does not exist.
    """
    if not word:
        raise UsageError("TASK is empty", hint="give a task id; the command that should print it may have failed")
    if word.startswith(INDEX_PREFIX):
        return _find_indexed(client, word.removeprefix(INDEX_PREFIX))
    labelled = _GROUP_AND_LABEL.fullmatch(word)
    if labelled:
        return _find_labelled(client, labelled[1], labelled[2], newest=newest)
    check_parameter(references.method("queue", "task"), "taskId", word, "TASK")
    return word


def resolve_group(client: Client, word: str) -> str:
    """
    Return the id of the group that *word* names: an id, or ``index:PATH`` for the group of an indexed task.

    Raises:
        UsageError: It is empty, or not an id.
        NotFoundError: The index path does not exist.
    """
    if not word:
        raise UsageError("GROUP is empty", hint="give a group id; the command that should print it may have failed")
    if word.startswith(INDEX_PREFIX):
        task_id = _find_indexed(client, word.removeprefix(INDEX_PREFIX))
        return read_field(f"task {task_id}", fetch_definition(client, task_id), "taskGroupId", str)
    check_parameter(references.method("queue", "listTaskGroup"), "taskGroupId", word, "GROUP")
    return word


def find_ids(lines: Iterable[str]) -> list[str]:
    """
    Return the first task id of each line: of ``ID NAME STATE``, of ``Task ID created``. Empty lines are skipped.

    Raises:
        UsageError: A line has no task id.
    """
    method = references.method("queue", "task")
    found = []
    for number, line in enumerate(lines, 1):
        task_id = next((word for word in line.split() if matches_pattern(method, "taskId", word)), None)
        if task_id is not None:
            found.append(task_id)
        elif line.strip():
            shown = line if len(line) <= MAX_SHOWN_CHARACTERS else f"{line[:MAX_SHOWN_CHARACTERS]}…"
            raise UsageError(f"line {number} of stdin has no task id (22 characters): {shown!r}")
    return list(dict.fromkeys(found))


def _find_indexed(client: Client, path: str) -> str:
    what = f"index path {path}"
    task_id = read_field(what, client.call_json(references.method("index", "findTask"), [path]), "taskId", str)
    with blame_response(what):
        check_parameter(references.method("queue", "task"), "taskId", task_id, "taskId")
    return task_id


def _find_labelled(client: Client, group_id: str, label: str, *, newest: bool) -> str:
    names: set[str] = set()
    found: list[dict[str, Any]] = []
    for entry in list_group(client, group_id):
        name = str(read_field(f"group {group_id}", entry["task"], "metadata", dict).get("name"))
        names.add(name)
        if name == label:
            found.append(entry)
    if not found:
        from tccli import names as spelling

        hint = spelling.suggestion(label, names) or f"tc group list {group_id} prints their names"
        raise UsageError(f"group {group_id} has no task named {label!r}", hint=hint)
    found.sort(key=lambda entry: str(entry["task"].get("created")))
    if len(found) > 1 and not newest:
        listed = ", ".join(
            f"{entry['status'].get('taskId')} ({entry['status'].get('state')}, created {entry['task'].get('created')})"
            for entry in found[:MAX_LISTED_CANDIDATES]
        )
        more = f" and {len(found) - MAX_LISTED_CANDIDATES} more" if len(found) > MAX_LISTED_CANDIDATES else ""
        raise UsageError(
            f"group {group_id} has {len(found)} tasks named {label!r}: {listed}{more}",
            hint="give an id, or --newest for the one that was created last",
        )
    return read_field(f"group {group_id}", found[-1]["status"], "taskId", str)
