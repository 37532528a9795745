"""
The artifacts of many tasks, and where below a directory each of them is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.artifacts.paths import last_component
from tccli.core.artifacts.patterns import select_entries
from tccli.core.artifacts.sources import list_artifacts
from tccli.core.parallel import run_parallel
from tccli.errors import BrokenAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tccli.core.client import Client
    from tccli.core.tasks.members import Member


class TaskArtifact(NamedTuple):
    """
    An artifact of a run of a task.

    Attributes:
        is_reference: Whether it is an address that the task has stored.
        entry: Of the queue's listing, where rows are wanted: it takes more memory than all else.
    """

    member: Member
    run_id: int
    name: str
    is_reference: bool
    entry: dict[str, Any] | None

    @property
    def is_live_log(self) -> bool:
        """
        Whether it is the log that its worker still serves.

        A worker first stores its own address under the name of the log, and later a link to the complete one.
        """
        return self.member.state == "running" and self._is_address_of_worker

    @property
    def is_lost_log(self) -> bool:
        """
        Whether it is the address of a worker that was told to stop before it stored the log.
        """
        return self.member.state == "exception" and self._is_address_of_worker

    @property
    def _is_address_of_worker(self) -> bool:
        is_latest = self.run_id == self.member.run_id
        return is_latest and self.is_reference and self.name == self.member.log_name

    def as_row(self) -> dict[str, Any]:
        """
        Return what lists show of it.
        """
        entry = self.entry or {}
        return {"taskId": self.member.task_id, "label": self.member.name, "runId": self.run_id, **entry}


class TaskArtifacts(NamedTuple):
    """
    The artifacts of a task.

    Attributes:
        found: Those that match.
        names: Of those that do not match, as far as they are known before one does.
    """

    found: Sequence[TaskArtifact]
    names: Sequence[str]


def list_task_artifacts(
    client: Client, members: Iterable[Member], pattern: str | None, *, all_runs: bool = False, has_rows: bool = True
) -> Iterator[TaskArtifacts | TcError]:
    """
    Yield the artifacts of each task, or the error of its listing; several tasks at a time.

    Args:
        client: Of `make_parallel_client`.
        pattern: Of their names; None for all.
        all_runs: Whether earlier runs count, too.
        has_rows: Whether the artifacts have what `TaskArtifact.as_row` needs.
    """

    def fetch(member: Member) -> TaskArtifacts:
        names: list[str] = []
        found: list[TaskArtifact] = []
        latest = -1 if member.run_id is None else member.run_id
        for run_id in range(0 if all_runs else max(latest, 0), latest + 1):

            def take(entry: dict[str, Any], run_id: int = run_id) -> TaskArtifact:
                is_reference = entry.get("storageType") == "reference"
                return TaskArtifact(member, run_id, entry["name"], is_reference, entry if has_rows else None)

            matching, others = select_entries(list_artifacts(client, member.task_id, str(run_id)), pattern, take)
            found += matching.values()
            names += others
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
    owners: dict[str, str] = {}
    shared_labels = {
        each.member.name
        for each in artifacts
        if owners.setdefault(each.member.name, each.member.task_id) != each.member.task_id
    }
    paths: dict[str, TaskArtifact] = {}
    shared: dict[str, BrokenAnswerError] = {}
    errors: list[BrokenAnswerError] = []
    for artifact in artifacts:
        label, task_id = artifact.member.name, artifact.member.task_id
        parts = [f"{label}.{task_id}" if label in shared_labels else label]
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
    for path in shared:
        # Neither is written, since which one is wanted cannot be known.
        del paths[path]
    return paths, [*errors, *shared.values()]
