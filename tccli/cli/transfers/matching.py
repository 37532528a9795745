"""
Which artifacts a download is for: the task and its run, the names that match, and what is left out.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.cli.artifact_words import resolve_words
from tccli.errors import NegativeAnswerError, NotFoundError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.cli.artifact_words import ArtifactWords
    from tccli.cli.context import Context
    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client
    from tccli.core.tasks.log_follow import RunLog
    from tccli.core.transfer.context import TransferContext

T = TypeVar("T")


def find_run(
    context: Context, client: Client, wanted: ArtifactWords, options: Mapping[str, Any]
) -> tuple[str, str | None]:
    """
    Return the id of a task and a run, which is None if the latest one is meant.

    Raises:
        NegativeAnswerError: It was resolved longer ago than ``--max-age``.
    """
    task_id, run = resolve_words(context, client, wanted.task, wanted.run, newest=options["newest"])
    return task_id, _check_age(client, task_id, run, options["max_age"])


def _check_age(client: Client, task_id: str, run: str | None, max_age: float | None) -> str | None:
    """
    Return the run, which is now known, if it was not resolved too long ago.

    Raises:
        NegativeAnswerError: It was resolved longer ago.
    """
    if max_age is None:
        return run
    from tccli.core.tasks import queue

    status = queue.fetch_status(client, task_id)
    found = queue.find_run(status, None if run is None else int(run))
    problem = queue.explain_age(f"task {task_id}", found, client.clock.now(), max_age)
    if problem:
        raise NegativeAnswerError(f"task {task_id} {problem}")
    return run if run is not None or not status["runs"] else str(len(status["runs"]) - 1)


def find_artifacts(
    client: Client,
    task: str,
    run: str | None,
    name: str,
    take: Callable[[dict[str, Any]], T],
    *,
    literal: bool = False,
) -> dict[str, T]:
    """
    Return the names of the artifacts that match, sorted, and for each what *take* returns of the queue's entry, of
    which nothing else is stored.

    Raises:
        NotFoundError: None matches.
    """
    from tccli.core.artifacts.patterns import select_entries, suggest_pattern
    from tccli.core.artifacts.sources import list_artifacts

    try:
        found, others = select_entries(list_artifacts(client, task, run), name, take, literal=literal)
    except NotFoundError as error:
        from tccli.cli.artifact_urls import explain_missing_run

        error.hint = error.hint or explain_missing_run(client, task, run)
        raise
    if not found:
        hint = suggest_pattern(name, others, "--list")
        raise NotFoundError(f"no artifact of task {task} matches {name!r}", status=404, hint=hint)
    return found


def drop_directories(found: Sequence[str]) -> dict[str, str]:
    """
    Return the names by the part after the last slash.

    Raises:
        UsageError: Two of them have the same.
    """
    from tccli.core.artifacts.paths import last_component
    from tccli.core.response_fields import blame_response

    names: dict[str, str] = {}
    for name in found:
        with blame_response("the list of artifacts"):
            last = last_component(name)
        if last in names:
            raise UsageError(f"cannot write both {names[last]} and {name} to {last}", hint="leave out --flat")
        names[last] = name
    return names


def is_reference(entry: Mapping[str, Any]) -> bool:
    """
    Return whether an artifact, by the queue's entry, is an address that the task has stored.
    """
    return entry.get("storageType") == "reference"


def leave_out_live_log(
    context: Context, client: Client, run: tuple[str, str | None], found: Mapping[str, bool]
) -> list[str]:
    """
    Return the names of the artifacts that are complete. A live log would be followed for as long as its run takes.

    Args:
        run: The task and the number.
        found: By name, what `is_reference` returns.
    """
    from tccli.core.tasks.logs import find_live_log

    live = None
    if any(found.values()):
        with suppress(RefusedError):
            live = find_live_log(client, *run)
    if live is None or not found.get(live):
        return list(found)
    context.note(f"left out {live}, the live log of a run that has not ended; tc task log {run[0]} follows it")
    if len(found) == 1:
        raise NotFoundError("no artifact that matches is complete", status=404)
    return [name for name in found if name != live]


def open_live_log(
    context: Context, client: Client, transfer: TransferContext, artifact: tuple[str, str | None, str]
) -> RunLog | None:
    """
    Return the log of a run that has not ended, if an artifact is that, and tell that it takes as long as the run.
    """
    from tccli.core.tasks import queue
    from tccli.core.tasks.log_follow import LogOptions, Run, RunLog
    from tccli.core.tasks.log_lines import LineFilter
    from tccli.core.tasks.members import RESOLVED_STATES

    task, run, name = artifact
    # Without the right to see the task, its log is an artifact as any other.
    with suppress(RefusedError):
        status = queue.fetch_status(client, task)
        number = queue.find_latest_run_id(status["runs"]) if run is None else int(run)
        definition = queue.fetch_definition(client, task)
        is_resolved = queue.find_run(status, number)["state"] in RESOLVED_STATES
        if number is not None and not is_resolved and queue.find_log_name(definition) == name:
            shows = f"tc task log --no-follow {task} prints what it has by now"
            context.note_once(f"{name} is a live log, and is followed until the run ends, or Ctrl-C; {shows}")
            options = LogOptions(LineFilter(), is_whole=True)
            return RunLog(client, transfer, Run(task, number, definition), options, report=context.note)
    return None


def prepare_first_call(context: Context, client: Client, wanted: ArtifactWords, *, is_one: bool) -> PreparedCall:
    """
    Return the first call of a download, for ``--dry-run``.
    """
    from tccli import references
    from tccli.core.artifacts.sources import prepare_download, prepare_list
    from tccli.core.tasks.names import INDEX_PREFIX, prepare_index_call, split_label

    if wanted.task.startswith(INDEX_PREFIX):
        return prepare_index_call(client, wanted.task.removeprefix(INDEX_PREFIX))
    labelled = split_label(wanted.task)
    if labelled is not None:
        return client.prepare(references.method("queue", "listTaskGroup"), [labelled[0]])
    task, run = resolve_words(context, client, wanted.task, wanted.run)
    return prepare_download(client, task, run, wanted.name) if is_one else prepare_list(client, task, run)
