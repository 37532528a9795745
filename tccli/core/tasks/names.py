"""
Words that name a task or a group: an id, ``index:PATH`` or ``GROUP:LABEL``. Addresses are for the command line to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.parameters import check_parameter, matches_pattern
from tccli.core.response_fields import read_field
from tccli.core.tasks.queue import fetch_definition, list_group, read_id
from tccli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.core.client import Client, PreparedCall

MAX_LISTED_CANDIDATES = 5
MAX_SHOWN_CHARACTERS = 60
"""Of a line of stdin, in a message."""
INDEX_PREFIX = "index:"
GITHUB_PREFIX = "github:"
_GITHUB = re.compile(
    r"(?:github:|https?://(?:www\.)?github\.com/)(?P<organization>[^/@#?]+)/(?P<repository>[^/@#?]+)"
    r"(?:(?:@|/commits?/)(?P<sha>[0-9a-f]{40})|(?:#|/pull/)(?P<pullRequest>[0-9]+))(?:[/?#].*)?",
    re.IGNORECASE,
)
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
    labelled = split_label(word)
    if labelled is not None:
        return _find_labelled(client, *labelled, newest=newest)
    check_parameter(references.method("queue", "task"), "taskId", word, "TASK")
    return word


def split_label(word: str) -> tuple[str, str] | None:
    """
    Return the group and the label of ``GROUP:LABEL``, or None for another word.
    """
    found = _GROUP_AND_LABEL.fullmatch(word)
    return None if found is None else (found[1], found[2])


def resolve_group(client: Client, word: str, *, newest: bool = False) -> str:
    """
    Return the id of the group that *word* names: an id; ``index:PATH`` for the group of an indexed task; or a commit
    or pull request on GitHub, by address, ``github:ORG/REPO@SHA`` or ``github:ORG/REPO#NUMBER``.

    Args:
        newest: Of several groups of a commit or pull request, take the one that was created last.

    Raises:
        UsageError: It is empty, not an id, or not exactly one group has it.
        NotFoundError: The index path does not exist, or the deployment has no group of the commit or pull request.
    """
    if not word:
        raise UsageError("GROUP is empty", hint="give a group id; the command that should print it may have failed")
    if word.startswith(INDEX_PREFIX):
        task_id = _find_indexed(client, word.removeprefix(INDEX_PREFIX))
        return read_id(f"task {task_id}", fetch_definition(client, task_id), "taskGroupId")
    if is_github(word):
        return _find_build(client, word, newest=newest)
    check_parameter(references.method("queue", "listTaskGroup"), "taskGroupId", word, "GROUP")
    return word


def is_github(word: str) -> bool:
    """
    Return whether *word* names something on GitHub; whether that has groups is for `resolve_group` to check.
    """
    return re.match(r"(?i)github:|https?://(www\.)?github\.com/", word) is not None


def _find_build(client: Client, word: str, *, newest: bool) -> str:
    found = _GITHUB.fullmatch(word)
    if found is None:
        raise UsageError(
            f"{word} is not a commit or a pull request",
            hint="write github:ORG/REPO@SHA with all 40 digits, github:ORG/REPO#NUMBER, or the address of one",
        )
    query = {name: value for name, value in found.groupdict().items() if value}
    what = f"the builds of {word}"
    call = client.prepare(references.method("github", "builds"), [], query)
    builds: dict[str, dict[str, Any]] = {}
    for page in client.paginate(call):
        for build in read_field(what, page, "builds", list):
            builds.setdefault(read_id(what, build, "taskGroupId"), build)
    if not builds:
        raise NotFoundError(f"no task group of {word}", status=404, hint="has it been pushed, and is it built here?")
    groups = sorted(builds, key=lambda group_id: str(builds[group_id].get("created")))
    if len(groups) > 1 and not newest:
        listed = _list_candidates(
            f"{group_id} ({builds[group_id].get('state')}, created {builds[group_id].get('created')})"
            for group_id in groups
        )
        raise UsageError(
            f"{word} has {len(groups)} task groups: {listed}",
            hint="give an id, or --newest for the one that was created last",
        )
    return groups[-1]


def _list_candidates(candidates: Iterable[str]) -> str:
    listed = list(candidates)
    more = f" and {len(listed) - MAX_LISTED_CANDIDATES} more" if len(listed) > MAX_LISTED_CANDIDATES else ""
    return f"{', '.join(listed[:MAX_LISTED_CANDIDATES])}{more}"


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


def prepare_index_call(client: Client, path: str) -> PreparedCall:
    """
    Return the call that asks for the task at a path of the index.

    Raises:
        UsageError: The path is empty or malformed.
    """
    method = references.method("index", "findTask")
    if not path:
        raise UsageError("the index path is empty", hint="write index:PATH, such as index:example.v1.nightly")
    check_parameter(method, "indexPath", path, "the index path")
    return client.prepare(method, [path])


def _find_indexed(client: Client, path: str) -> str:
    what = f"index path {path}"
    try:
        document = client.fetch(prepare_index_call(client, path))
    except NotFoundError as error:
        # The service's message does not have the path.
        error.message = f"no task is indexed at {path}: {error.message}"
        above = path.rpartition(".")[0]
        error.hint = error.hint or f"tc index listTasks{' ' * bool(above)}{above} prints the tasks next to it"
        raise
    return read_id(what, document, "taskId")


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
        raise NotFoundError(f"group {group_id} has no task named {label!r}", status=404, hint=hint)
    found.sort(key=lambda entry: str(entry["task"].get("created")))
    if len(found) > 1 and not newest:
        listed = _list_candidates(
            f"{entry['status'].get('taskId')} ({entry['status'].get('state')}, created {entry['task'].get('created')})"
            for entry in found
        )
        raise UsageError(
            f"group {group_id} has {len(found)} tasks named {label!r}: {listed}",
            hint="give an id, or --newest for the one that was created last",
        )
    task_id: str = found[-1]["status"]["taskId"]
    return task_id
