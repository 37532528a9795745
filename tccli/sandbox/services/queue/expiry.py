"""
queue: what time does to tasks. Deadlines pass, claims end, and what is expired is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.clock import HOUR, from_json
from tccli.sandbox.registry import passes
from tccli.sandbox.services.queue import artifact_table, dependencies, events, pending_runs, runs, task_table

if TYPE_CHECKING:
    from tccli.sandbox.services.queue.artifact_table import Artifact
    from tccli.sandbox.state import State

AFTERLIFE = HOUR
"""How long an expired artifact answers 410 before it is not found."""


@passes
def end_claims(state: State) -> None:
    """
    Take runs from workers that are not heard of any more; those with retries left are pending again.
    """
    now = state.clock.now()
    with state.store.transaction():
        for row in pending_runs.abandoned(state.store, now):
            task = task_table.load(state.store, row["task_id"])
            assert task is not None
            # What is past its deadline is left to that.
            if from_json(task.definition["deadline"]) <= now or not runs.expire_claim(task, row["run_id"], now):
                continue
            task_table.save(state.store, task)
            events.ended(state, task, row["run_id"])
            if task.state in task_table.RESOLVED:
                dependencies.resolved(state, task)


@passes
def pass_deadlines(state: State) -> None:
    """
    Resolve the tasks whose deadline is over.
    """
    sql = "SELECT task_id FROM tasks WHERE is_open = 1 AND deadline <= ? ORDER BY deadline"
    with state.store.transaction():
        for row in state.store.all(sql, state.clock.now()):
            task = task_table.load(state.store, row["task_id"])
            assert task is not None
            dependencies.cancel(state, task, "deadline-exceeded")


@passes
def forget_expired(state: State) -> None:
    """
    Forget expired tasks with all that belongs to them, groups, and artifacts.
    """
    store, now = state.store, state.clock.now()
    with store.transaction():
        for row in store.all("SELECT task_id FROM tasks WHERE expires < ?", now):
            _forget_artifacts(state, artifact_table.load_all(store, row["task_id"]))
            dependencies.forget(store, row["task_id"])
            task_table.remove(store, row["task_id"])
    _forget_artifacts(state, artifact_table.load_expired(store, now - AFTERLIFE))
    store.run("DELETE FROM task_groups WHERE expires < ?", now)


def _forget_artifacts(state: State, artifacts: list[Artifact]) -> None:
    for artifact in artifacts:
        artifact_table.remove(state.store, artifact)
        if artifact.storage_type == "s3":
            state.storage.remove(artifact.bucket, artifact.path)
