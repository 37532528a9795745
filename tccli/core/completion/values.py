"""
Values that only a deployment knows, by their kind: names of secrets, hooks, artifacts and the like, for completion.

Answers are taken for what they are, other people's texts: what is malformed or cannot be printed is left out.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tccli.core.client import Client

MOST_AT_ONCE = 60
"""More values than these are shown level by level."""

MOST_PAGES = 10
MOST_RECENT_TASKS = 5
LONGEST_MEANING = 60


class Value(NamedTuple):
    """
    A value, and a few words about it, or none.
    """

    text: str
    meaning: str = ""


class Question(NamedTuple):
    """
    What is asked for.

    Attributes:
        kind: As in ``documents/kinds.py``.
        words: The arguments before it: the task whose artifact it is, the group whose hook.
        prefix: What its value begins with.
        tasks: Ids of tasks that were of interest lately, latest first.
        group: Of tasks, or empty.
    """

    kind: str
    words: tuple[str, ...]
    prefix: str
    tasks: tuple[str, ...] = ()
    group: str = ""

    def without_prefix(self) -> Question:
        """
        Return the question whose answer holds all that this one's does: of an index, only a level is asked for.
        """
        level = self.prefix.rpartition(".")[0] if self.kind in {"index-path", "namespace"} else ""
        return self._replace(prefix=level)


class _Listing(NamedTuple):
    """
    Where values stand in the answer of a method whose arguments are the words before.
    """

    method: str
    entries: str
    text: str = ""
    meaning: str = ""


_LISTINGS = {
    "client": _Listing("auth.listClients", "clients", "clientId", "description"),
    "hook": _Listing("hooks.listHooks", "hooks", "hookId", "metadata.name"),
    "hook-group": _Listing("hooks.listHookGroups", "groups"),
    "role": _Listing("auth.listRoleIds", "roleIds"),
    "run": _Listing("queue.status", "status.runs", "runId", "state"),
    "secret": _Listing("secrets.list", "secrets"),
    "task-queue": _Listing("queue.listTaskQueues", "taskQueues", "taskQueueId", "description"),
    "worker-pool": _Listing("worker-manager.listWorkerPools", "workerPools", "workerPoolId", "description"),
}
_LATEST_ARTIFACTS = _Listing("queue.listLatestArtifacts", "artifacts", "name", "contentType")
_ARTIFACTS = _Listing("queue.listArtifacts", "artifacts", "name", "contentType")
_NAMESPACES = _Listing("index.listNamespaces", "namespaces", "namespace")
_INDEXED = _Listing("index.listTasks", "tasks", "namespace", "taskId")
_GROUP = _Listing("queue.listTaskGroup", "tasks", "status.taskId", "task.metadata.name")
_WORKERS = _Listing("queue.listWorkers", "workers", "workerId", "workerGroup")
_POOL_WORKERS = _Listing("worker-manager.listWorkersForWorkerPool", "workers", "workerId", "workerGroup")


def task_id(word: str) -> str:
    """
    Return the task that a word names, by its id or by its address in the web; empty if it names none.
    """
    found = re.fullmatch(r"(?:https?://.*/tasks/)?([A-Za-z0-9_-]{22})(?:[/?#].*)?", word)
    return found[1] if found else ""


def values(client: Client, question: Question) -> Iterator[Value]:
    """
    Yield the values that answer *question*, page by page as they come.

    Args:
        question: As :meth:`Question.without_prefix` leaves it.

    Raises:
        TcError: The deployment does not say.
    """
    found: Iterable[Value]
    if question.kind in _LISTINGS:
        found = _listed(client, _LISTINGS[question.kind], question.words)
    elif question.kind in _SOURCES:
        found = _SOURCES[question.kind](client, question)
    else:
        found = ()
    seen = set()
    for text, meaning in found:
        if text and text.isprintable() and text not in seen:
            seen.add(text)
            first_line = meaning.strip().partition("\n")[0].strip()
            yield Value(text, first_line[:LONGEST_MEANING] if first_line.isprintable() else "")


def matching(found: Iterable[Value], prefix: str) -> list[Value]:
    """
    Return the values that begin with *prefix*: whole, or if there are many only up to the next slash or colon.
    """
    chosen = [value for value in found if value.text.startswith(prefix)]
    while len(chosen) > MOST_AT_ONCE:
        levels = {_level(value.text, len(prefix)): value for value in chosen}
        if len(levels) > 1:
            return [value if text == value.text else Value(text) for text, value in levels.items()]
        prefix = next(iter(levels))
    return chosen


def _level(text: str, start: int) -> str:
    found = re.compile("[/:]").search(text, start)
    return text[: found.end()] if found else text


def _listed(client: Client, listing: _Listing, words: Sequence[str]) -> Iterator[Value]:
    """
    Yield what a method lists.
    """
    service, _, name = listing.method.partition(".")
    method = references.method(service, name)
    args = words[len(words) - len(method.args) :]
    if len(args) < len(method.args):
        return
    for page in islice(client.pages(method, args, {}), MOST_PAGES):
        entries = _at(page, listing.entries)
        for entry in entries if isinstance(entries, list) else [entries]:
            text, meaning = _at(entry, listing.text), _at(entry, listing.meaning) if listing.meaning else ""
            if isinstance(text, str | int):
                yield Value(str(text), meaning if isinstance(meaning, str) else "")


def _at(document: Any, path: str) -> Any:
    """
    Return what stands at ``a.b`` in a document, or None.
    """
    for step in filter(None, path.split(".")):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _artifacts(client: Client, question: Question) -> Iterator[Value]:
    task, *run = question.words or ("",)
    if not task_id(task) or not all(word.isdigit() for word in run):
        return iter(())
    return _listed(client, _ARTIFACTS if run else _LATEST_ARTIFACTS, (task_id(task), *run))


def _indexed_artifacts(client: Client, question: Question) -> Iterator[Value]:
    if not question.words:
        return iter(())
    found = client.value(references.method("index", "findTask"), question.words[-1:])
    return _listed(client, _LATEST_ARTIFACTS, (str(_at(found, "taskId")),))


def _index_paths(client: Client, question: Question) -> Iterator[Value]:
    below = (Value(f"{text}.") for text, _ in _listed(client, _NAMESPACES, (question.prefix,)))
    return chain(_listed(client, _INDEXED, (question.prefix,)), below)


def _namespaces(client: Client, question: Question) -> Iterator[Value]:
    for text, _ in _listed(client, _NAMESPACES, (question.prefix,)):
        # Both what it is, and where to go on.
        yield Value(text)
        yield Value(f"{text}.")


def _provisioners(client: Client, _question: Question) -> Iterator[Value]:
    return (Value(text.partition("/")[0]) for text, _ in _listed(client, _LISTINGS["task-queue"], ()))


def _worker_types(client: Client, question: Question) -> Iterator[Value]:
    if not question.words:
        return iter(())
    start = f"{question.words[-1]}/"
    queues = _listed(client, _LISTINGS["task-queue"], ())
    return (Value(text.removeprefix(start), said) for text, said in queues if text.startswith(start))


def _workers(client: Client, question: Question) -> Iterator[Value]:
    """
    Yield the groups of a queue's workers, or the workers of a group: those that the queue has seen, and those that
    worker-manager has made.
    """
    # A pool is one word with a slash; elsewhere its halves are two.
    provisioner, worker_type, group, *_ = [*"/".join(question.words).split("/"), "", "", ""]
    seen = _listed(client, _WORKERS, (provisioner, worker_type))
    for worker, its_group in chain(seen, _listed(client, _POOL_WORKERS, (f"{provisioner}/{worker_type}",))):
        if question.kind == "worker-group":
            yield Value(its_group)
        elif its_group == group:
            yield Value(worker)


def _groups(client: Client, question: Question) -> Iterator[Value]:
    """
    Yield the group that is known, and those of the latest tasks.
    """
    if question.group:
        yield Value(question.group)
    for task in question.tasks[:MOST_RECENT_TASKS]:
        yield from _listed(client, _Listing("queue.status", "", "status.taskGroupId"), (task,))


def _tasks(client: Client, question: Question) -> Iterator[Value]:
    """
    Yield the tasks of the group that is known, else of the latest task's; then the latest tasks.
    """
    group = next(_groups(client, question), None)
    if group is not None:
        yield from _listed(client, _GROUP, (group.text,))
    yield from map(Value, question.tasks)


_SOURCES: dict[str, Callable[[Client, Question], Iterator[Value]]] = {
    "artifact": _artifacts,
    "index-path": _index_paths,
    "indexed-artifact": _indexed_artifacts,
    "namespace": _namespaces,
    "provisioner": _provisioners,
    "task": _tasks,
    "task-group": _groups,
    "worker": _workers,
    "worker-group": _workers,
    "worker-type": _worker_types,
}
