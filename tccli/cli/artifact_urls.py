"""
The URL of an artifact: which call it is, whether the artifact is there, and the run that it is pinned to.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tccli.cli.artifact_words import resolve_words, split_words
from tccli.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.cli.context import Context
    from tccli.core.calls import MethodArguments
    from tccli.core.client import Client
    from tccli.references import Method


def find_artifact(
    context: Context, client: Client, words: Sequence[str], usage: str, *, newest: bool
) -> tuple[str, str | None, str]:
    """
    Return task, run and name of an artifact; the run is None if none was given.
    """
    found = split_words(words, usage, takes_file=False)
    task_id, run = resolve_words(context, client, found.task, found.run, newest=newest)
    return task_id, run, found.name


def make_url_call(task_id: str, run: str | None, name: str) -> tuple[Method, MethodArguments]:
    """
    Return the call that redirects to an artifact; without *run*, to that of the latest run.
    """
    from tccli import references
    from tccli.core.calls import MethodArguments

    method = references.method("queue", "getLatestArtifact" if run is None else "getArtifact")
    return method, MethodArguments([task_id, name] if run is None else [task_id, run, name], {})


def check_artifact(client: Client, task_id: str, run: str | None, name: str) -> None:
    """
    Check that an artifact is there.

    Raises:
        NotFoundError: It is not, or it is an error artifact.
        RefusedError: Its URL would be refused, too.
    """
    from tccli.core.artifacts.sources import prepare_download
    from tccli.core.response_fields import read_field

    with suggest_artifacts(client, task_id, run, name, f"tc task artifacts {task_id}"):
        content = client.fetch(prepare_download(client, task_id, run, name))
    what = f"{name} of task {task_id}"
    if read_field(what, content, "storageType", str) == "error":
        reason, message = (read_field(what, content, field, str) for field in ("reason", "message"))
        raise NotFoundError(f"{what} is an error artifact: {reason}: {message}", status=424, code=reason)


@contextmanager
def suggest_artifacts(client: Client, task_id: str, run: str | None, name: str, lister: str) -> Iterator[None]:
    """
    Add to the error for an artifact that is not there what its name may be; its task is asked for that.

    Args:
        lister: The command or option that prints the names.
    """
    from tccli.core.artifacts.patterns import suggest_name
    from tccli.core.artifacts.sources import list_artifacts
    from tccli.errors import TcError

    try:
        yield
    except NotFoundError as error:
        if error.status == 404 and not error.hint:
            try:
                names = [artifact["name"] for artifact in list_artifacts(client, task_id, run)]
                error.hint = "" if name in names else suggest_name(name, names, lister)
            except NotFoundError:
                error.hint = explain_missing_run(client, task_id, run)
            except TcError:
                error.hint = f"{lister} prints the names"
        raise


def explain_missing_run(client: Client, task_id: str, run: str | None) -> str:
    """
    Return why a run has no artifacts: the task does not have it, has no runs yet, or does not exist and may be a group.
    Empty if it has the run, or if that cannot be seen.
    """
    from tccli.core.tasks.queue import fetch_status
    from tccli.errors import TcError

    try:
        status = fetch_status(client, task_id)
    except NotFoundError as error:
        return error.hint
    except TcError:
        return ""
    if not status["runs"]:
        return f"the task is {status['state']}, and has no runs and no artifacts yet"
    latest = len(status["runs"]) - 1
    return "" if run is None or int(run) <= latest else f"the task has no run {run}; the latest is run {latest}"


def pin_run(context: Context, client: Client, task_id: str) -> str | None:
    """
    Return the latest run, so that a rerun does not change what the URL gives; None, with a note, if it is hidden.

    Raises:
        NotFoundError: The task has no runs yet.
    """
    from tccli.errors import RefusedError

    try:
        return find_latest_run(client, task_id)
    except RefusedError as error:
        context.note(f"cannot pin the latest run: {error.message}; a rerun changes what the URL gives")
        return None


def find_latest_run(client: Client, task_id: str) -> str:
    """
    Return the latest run of a task.

    Raises:
        NotFoundError: The task has no runs yet.
    """
    from tccli.core.tasks.queue import fetch_status

    runs = fetch_status(client, task_id)["runs"]
    if not runs:
        raise NotFoundError(f"task {task_id} has no runs yet, and no artifacts", status=404)
    return str(len(runs) - 1)
