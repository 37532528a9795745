"""
Values for shell completion that only a deployment knows: names of secrets, hooks, artifacts and the like.

Responses are other people's text: values that are malformed or not printable are left out.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.core.addresses import parse_task_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tccli.core.client import Client

MAX_VALUES = 60
"""If more values match, only their next level is offered: up to a slash or colon."""
MAX_PAGES = 10
MAX_RECENT_TASKS = 5
MAX_DESCRIPTION_LENGTH = 60


class Value(NamedTuple):
    """
    A value, and a short description of it or an empty string.
    """

    text: str
    description: str = ""


class CompletionRequest(NamedTuple):
    """
    What to complete.

    Attributes:
        kind: As in ``cli/completion/kinds.py``.
        preceding_words: The arguments before it, such as the task of an artifact.
        prefix: What the value begins with.
        recent_tasks: Task ids, the latest first.
        group: A task group id, or empty.
    """

    kind: str
    preceding_words: tuple[str, ...]
    prefix: str
    recent_tasks: tuple[str, ...] = ()
    group: str = ""

    def without_prefix(self) -> CompletionRequest:
        """
        Return the request whose values include those of this one, so that they can be cached together.

        The index is listed level by level: there, the level stays.
        """
        level = self.prefix.rpartition(".")[0] if self.kind in {"index-path", "namespace"} else ""
        return self._replace(prefix=level)


class _Listing(NamedTuple):
    """
    A method that lists values. Its arguments are the last words before; the others are paths in its response.
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


def list_values(client: Client, request: CompletionRequest) -> Iterator[Value]:
    """
    Yield the distinct values for *request*, as the pages arrive.

    Args:
        request: From :meth:`CompletionRequest.without_prefix`.

    Raises:
        TcError: A call failed.
    """
    found: Iterable[Value]
    if request.kind in _LISTINGS:
        found = _listed(client, _LISTINGS[request.kind], request.preceding_words)
    elif request.kind in _SOURCES:
        found = _SOURCES[request.kind](client, request)
    else:
        found = ()
    seen = set()
    for text, description in found:
        if text and text.isprintable() and text not in seen:
            seen.add(text)
            first_line = description.strip().partition("\n")[0].strip()
            yield Value(text, first_line[:MAX_DESCRIPTION_LENGTH] if first_line.isprintable() else "")


def filter_by_prefix(found: Iterable[Value], prefix: str) -> list[Value]:
    """
    Return the values that begin with *prefix*; of more than ``MAX_VALUES``, only their next level.
    """
    chosen = [value for value in found if value.text.startswith(prefix)]
    while len(chosen) > MAX_VALUES:
        levels = {_level(value.text, len(prefix)): value for value in chosen}
        if len(levels) > 1:
            return [value if text == value.text else Value(text) for text, value in levels.items()]
        prefix = next(iter(levels))
    return chosen


def _level(text: str, start: int) -> str:
    found = re.compile("[/:]").search(text, start)
    return text[: found.end()] if found else text


def _listed(client: Client, listing: _Listing, words: Sequence[str]) -> Iterator[Value]:
    service, _, name = listing.method.partition(".")
    method = references.method(service, name)
    args = words[len(words) - len(method.args) :]
    if len(args) < len(method.args):
        return
    for page in islice(client.paginate(client.prepare(method, args)), MAX_PAGES):
        entries = _at(page, listing.entries)
        for entry in entries if isinstance(entries, list) else [entries]:
            text, meaning = _at(entry, listing.text), _at(entry, listing.meaning) if listing.meaning else ""
            if isinstance(text, str | int):
                yield Value(str(text), meaning if isinstance(meaning, str) else "")


def _at(document: Any, path: str) -> Any:
    # The path is "a.b"; None stands for whatever is not there.
    for step in filter(None, path.split(".")):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _artifacts(client: Client, request: CompletionRequest) -> Iterator[Value]:
    task, *run = request.preceding_words or ("",)
    address = parse_task_address(task)
    if address is None or not all(word.isdigit() for word in run):
        return iter(())
    return _listed(client, _ARTIFACTS if run else _LATEST_ARTIFACTS, (address.task_id, *run))


def _indexed_artifacts(client: Client, request: CompletionRequest) -> Iterator[Value]:
    if not request.preceding_words:
        return iter(())
    found = client.call_json(references.method("index", "findTask"), request.preceding_words[-1:])
    return _listed(client, _LATEST_ARTIFACTS, (str(_at(found, "taskId")),))


def _index_paths(client: Client, request: CompletionRequest) -> Iterator[Value]:
    below = (Value(f"{text}.") for text, _ in _listed(client, _NAMESPACES, (request.prefix,)))
    return chain(_listed(client, _INDEXED, (request.prefix,)), below)


def _namespaces(client: Client, request: CompletionRequest) -> Iterator[Value]:
    for text, _ in _listed(client, _NAMESPACES, (request.prefix,)):
        # The namespace itself, and the start of what is below it.
        yield Value(text)
        yield Value(f"{text}.")


def _provisioners(client: Client, _request: CompletionRequest) -> Iterator[Value]:
    return (Value(text.partition("/")[0]) for text, _ in _listed(client, _LISTINGS["task-queue"], ()))


def _worker_types(client: Client, request: CompletionRequest) -> Iterator[Value]:
    if not request.preceding_words:
        return iter(())
    start = f"{request.preceding_words[-1]}/"
    queues = _listed(client, _LISTINGS["task-queue"], ())
    return (Value(text.removeprefix(start), description) for text, description in queues if text.startswith(start))


def _workers(client: Client, request: CompletionRequest) -> Iterator[Value]:
    # The queue lists the workers that it has seen, worker-manager those that it has created.
    # A worker pool is one word with a slash, a provisioner and a worker type are two.
    provisioner, worker_type, group, *_ = [*"/".join(request.preceding_words).split("/"), "", "", ""]
    seen = _listed(client, _WORKERS, (provisioner, worker_type))
    for worker, its_group in chain(seen, _listed(client, _POOL_WORKERS, (f"{provisioner}/{worker_type}",))):
        if request.kind == "worker-group":
            yield Value(its_group)
        elif its_group == group:
            yield Value(worker)


def _groups(client: Client, request: CompletionRequest) -> Iterator[Value]:
    if request.group:
        yield Value(request.group)
    for task in request.recent_tasks[:MAX_RECENT_TASKS]:
        yield from _listed(client, _Listing("queue.status", "", "status.taskGroupId"), (task,))


def _tasks(client: Client, request: CompletionRequest) -> Iterator[Value]:
    # The tasks of the given group, or of the latest task's group; then the latest tasks.
    group = next(_groups(client, request), None)
    if group is not None:
        yield from _listed(client, _GROUP, (group.text,))
    yield from map(Value, request.recent_tasks)


_SOURCES: dict[str, Callable[[Client, CompletionRequest], Iterator[Value]]] = {
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
