"""
The artifacts of many tasks, and where below a directory each of them is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.artifacts.paths import last_component, match_names
from tccli.core.artifacts.sources import list_artifacts
from tccli.core.parallel import run_parallel
from tccli.core.tasks.logs import is_live_log
from tccli.errors import BrokenAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tccli.core.client import Client
    from tccli.core.tasks.members import Member


class TaskArtifact(NamedTuple):
    """
    An artifact of a run of a task.

    Attributes:
        entry: Of the queue's listing.
    """

    member: Member
    run_id: int
    entry: dict[str, Any]

    @property
    def name(self) -> str:
        """
        Its name.
        """
        return str(self.entry["name"])

    @property
    def is_live_log(self) -> bool:
        """
        Whether its worker still serves it.
        """
        is_latest = self.run_id == self.member.run_id
        return is_latest and self.member.state == "running" and is_live_log(self.entry, self.member.log_name)

    def as_row(self) -> dict[str, Any]:
        """
        Return what lists show of it.
        """
        return {"taskId": self.member.task_id, "label": self.member.name, "runId": self.run_id, **self.entry}


class TaskArtifacts(NamedTuple):
    """
    The artifacts of a task.

    Attributes:
        found: Those that match.
        names: Of all.
    """

    found: Sequence[TaskArtifact]
    names: Sequence[str]


def list_task_artifacts(
    client: Client, members: Iterable[Member], pattern: str | None, *, all_runs: bool = False
) -> Iterator[TaskArtifacts | TcError]:
    """
    Yield the artifacts of each task, or the error of its listing; several tasks at a time.

    Args:
        client: Of `make_parallel_client`.
        pattern: Of their names; None for all.
        all_runs: Whether earlier runs count, too.
    """

    def fetch(member: Member) -> TaskArtifacts:
        names: list[str] = []
        found: list[TaskArtifact] = []
        latest = -1 if member.run_id is None else member.run_id
        for run_id in range(0 if all_runs else max(latest, 0), latest + 1):
            entries = {entry["name"]: entry for entry in list_artifacts(client, member.task_id, str(run_id))}
            matching = sorted(entries) if pattern is None else match_names(pattern, entries)
            found += (TaskArtifact(member, run_id, entries[name]) for name in matching)
            names += entries
        return TaskArtifacts(found, names)

    for _, result in run_parallel(fetch, members, cancellation=client.cancellation):
        yield result


def plan_paths(
    artifacts: Iterable[TaskArtifact], *, flat: bool, all_runs: bool
) -> tuple[dict[str, TaskArtifact], list[BrokenAnswerError]]:
    """
    Return the artifacts by their paths below a directory: ``LABEL/NAME``; a slash in a label is one in the path. Also
    return why others have no path: tasks have chosen their names.

    Of several tasks with the same label, each has a directory ``LABEL.TASK-ID``.

    Args:
        flat: Whether of the name only the part after the last slash counts.
        all_runs: Whether there is a directory for each run, ``LABEL/run-0/NAME``.

    Raises:
        UsageError: Two artifacts have the same path because of *flat*.
    """
    artifacts = list(artifacts)
    ids: dict[str, set[str]] = {}
    for artifact in artifacts:
        ids.setdefault(artifact.member.name, set()).add(artifact.member.task_id)
    paths: dict[str, TaskArtifact] = {}
    shared: dict[str, BrokenAnswerError] = {}
    errors: list[BrokenAnswerError] = []
    for artifact in artifacts:
        label, task_id = artifact.member.name, artifact.member.task_id
        parts = [label if len(ids[label]) == 1 else f"{label}.{task_id}"]
        parts += [f"run-{artifact.run_id}"] if all_runs else []
        try:
            parts.append(last_component(artifact.name) if flat else artifact.name)
        except UsageError as error:
            errors.append(BrokenAnswerError(f"task {task_id}: {error.message}"))
            continue
        path = "/".join(parts)
        if path in paths:
            one, other = (f"{each.name} of task {each.member.task_id}" for each in (paths[path], artifact))
            message = f"cannot write both {one} and {other} to {path}"
            if flat:
                raise UsageError(message, hint="leave out --flat")
            shared.setdefault(path, BrokenAnswerError(message, hint="download them one by one"))
        paths[path] = artifact
    # Neither is written, since which one is wanted cannot be known.
    return {path: artifact for path, artifact in paths.items() if path not in shared}, [*errors, *shared.values()]
