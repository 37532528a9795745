"""
Words that name a task or a group: an id, ``index:PATH`` or ``GROUP:LABEL``. Addresses are for the command line to read.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from tccli import references, strict_json
from tccli.core.addresses import is_address
from tccli.core.parameters import MAX_SHOWN_LENGTH, check_parameter, explain_extra, matches_pattern, show_value
from tccli.core.response_fields import read_field
from tccli.core.tasks.queue import fetch_definition, read_id
from tccli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.tasks.labels import GroupListings

INDEX_PREFIX = "index:"
_GITHUB = re.compile(
    r"(?:github:|https?://(?:www\.)?github\.com/)(?P<organization>[^/@#?]+)/(?P<repository>[^/@#?]+)"
    r"(?:(?:@|/commits?/)(?P<sha>[0-9a-f]{40})|(?:#|/pull/)(?P<pullRequest>[0-9]+))(?:[/?#].*)?",
    re.IGNORECASE,
)
TASK_FORMS = "a slugid (22 characters), GROUP:LABEL, index:PATH or an address"
GROUP_FORMS = "a slugid (22 characters), index:PATH, an address or github:ORG/REPO@SHA"
GROUP_KEY = "taskGroupId"
_ID = r"[A-Za-z0-9_-]{22}"
_CREATED = re.compile(rf"Task ({_ID}) created")
"""What the commands print that create a task."""
_GROUP_AND_LABEL = re.compile(r"([A-Za-z0-9_-]{22}):(.+)", re.DOTALL)


def resolve_task(
    client: Client,
    word: str,
    *,
    newest: bool = False,
    label: str = "TASK",
    listings: GroupListings | None = None,
) -> str:
    """
    Return the id of the task that *word* names. Requests are sent only for an index path or a label.

    Args:
        newest: Of several tasks with the label, take the one that was created last.
        label: Names the argument or the option in messages.
        listings: Of groups, for other words: each group is listed once.

    Raises:
        UsageError: It is empty or names no task, or not exactly one.
        NotFoundError: The index path or the group does not exist.
    """
    if not word:
        raise UsageError(f"{label} is empty", hint="give a task id; the command that should print it may have failed")
    if word.startswith(INDEX_PREFIX):
        return _find_indexed(client, word.removeprefix(INDEX_PREFIX))
    labelled = split_label(word)
    if labelled is not None:
        from tccli.core.tasks.labels import GroupListings

        return (listings or GroupListings()).find(client, *labelled, newest=newest)
    created = _CREATED.fullmatch(word)
    word = created[1] if created else word
    if not matches_pattern(references.method("queue", "task"), "taskId", word):
        raise UsageError(f"{label} must be {TASK_FORMS}, not {show_value(word)}", hint=_suggest_form(word))
    return word


def _suggest_form(word: str) -> str:
    """
    Return what was probably meant by a word that names no task.
    """
    extra = explain_extra(word, _names_something)
    if extra:
        return extra
    if word == "Task":
        return "a line such as 'Task ID created' is taken on stdin, with - for TASK"
    if re.fullmatch(_ID, word):
        return "it has 22 characters, but tc slugid prints no such ids"
    group, separator, label = word.partition(":")
    if separator and not label.strip():
        return f"the label is empty: tc group list {group} prints the names of the tasks"
    if separator and not group:
        return "the group is empty; the command that should print it may have failed"
    found = re.fullmatch(rf"({_ID})[/#. ](.+)", word, re.DOTALL)
    if found:
        return f"a task of a group is {found[1]}:{found[2]}" if len(word) <= MAX_SHOWN_LENGTH else "write GROUP:LABEL"
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+", word, re.ASCII):
        return f"a task of the index is index:{word}" if len(word) <= MAX_SHOWN_LENGTH else "write index:PATH"
    return ""


def _names_something(word: str) -> bool:
    return bool(re.fullmatch(rf"{_ID}(:.+)?|{INDEX_PREFIX}.+", word)) or is_address(word) or is_github(word)


def split_label(word: str) -> tuple[str, str] | None:
    """
    Return the group and the label of ``GROUP:LABEL``, or None for another word.
    """
    found = _GROUP_AND_LABEL.fullmatch(word)
    return None if found is None else (found[1], found[2])


def split_words(text: str) -> list[str]:
    """
    Return words that name tasks and are separated by commas, as in the Go client; a label may have commas, too.
    """
    parts = text.split(",")
    begins = rf"{_ID}$|{_ID}:.|{INDEX_PREFIX}|https?://|-$"
    return parts if all(re.match(begins, part) for part in parts[1:]) else [text]


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
    if not matches_pattern(references.method("queue", "listTaskGroup"), "taskGroupId", word):
        labelled = split_label(word)
        hint = explain_extra(word, _names_something)
        if labelled:
            hint = f"to choose tasks of a group: {labelled[0]} --name {shlex.quote(labelled[1])}"
        raise UsageError(f"GROUP must be {GROUP_FORMS}, not {show_value(word)}", hint=hint)
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
        from tccli.core.printable import list_some

        listed = list_some(
            [
                f"{group_id} ({builds[group_id].get('state')}, created {builds[group_id].get('created')})"
                for group_id in groups
            ]
        )
        raise UsageError(
            f"{word} has {len(groups)} task groups: {listed}",
            hint="give an id, or --newest for the one that was created last",
        )
    return groups[-1]


def find_words(text: str, key: str = "taskId") -> list[str]:
    """
    Return the word of each line that names a task: in ``ID NAME STATE``, in ``Task ID created``, in a JSON object.

    A line with ``GROUP:LABEL`` has nothing else. Empty lines are skipped.

    Args:
        key: Of the JSON objects; ``taskGroupId`` for groups.

    Raises:
        UsageError: A line, or an element of a JSON array, names no task.
    """
    documents = _parse_documents(text)
    if documents is not None:
        found = [_read_word(document, key) for document in documents]
        places = "element {} of stdin"
    else:
        lines = text.splitlines()
        found = [_find_word(line, key) if line.strip() else "" for line in lines]
        documents, places = lines, "line {} of stdin"
    for number, (word, source) in enumerate(zip(found, documents, strict=True), 1):
        if word is None:
            what, forms = ("group", GROUP_FORMS) if key == GROUP_KEY else ("task", TASK_FORMS)
            shown = show_value(source if isinstance(source, str) else strict_json.dump_exactly(source))
            raise UsageError(f"{places.format(number)} names no {what}: {shown}", hint=f"write {forms}")
    return list(dict.fromkeys(word for word in found if word))


def _parse_documents(text: str) -> list[Any] | None:
    """
    Return the elements of a JSON array, or one document in a list; None for other texts, such as JSON lines.
    """
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        document = strict_json.loads_leniently(text)
    except ValueError:
        return None
    return document if isinstance(document, list) else [document]


def _find_word(line: str, key: str) -> str | None:
    line = line.strip()
    if line.startswith(("{", '"')):
        try:
            return _read_word(strict_json.loads_leniently(line), key)
        except ValueError:
            return None
    if key != GROUP_KEY and split_label(line):
        return line
    method = references.method("queue", "task")
    for word in line.split():
        if matches_pattern(method, "taskId", word) or is_address(word) or word.startswith(INDEX_PREFIX):
            return word
        if key == GROUP_KEY and is_github(word):
            return word
    return None


def _read_word(document: Any, key: str) -> str | None:
    """
    Return the id in an object as the API or a command prints it, or the word itself.
    """
    if isinstance(document, dict):
        status = document.get("status")
        document = document.get(key) or (status.get(key) if isinstance(status, dict) else None)
    return _find_word(document, key) if isinstance(document, str) and not document.startswith(("{", '"')) else None


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
