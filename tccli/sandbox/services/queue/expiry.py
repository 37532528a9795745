"""
queue: what time does to tasks. Deadlines pass, claims end, and what is expired is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.clock import HOUR, from_json
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import artifact_table, dependencies, events, pending_runs, run_states, task_table

if TYPE_CHECKING:
    from tccli.sandbox.services.queue.artifact_table import Artifact
    from tccli.sandbox.state import State

service = Service("queue")

AFTERLIFE = HOUR
"""How long an expired artifact answers 410 before it is not found."""


@service.periodic
def end_claims(state: State) -> None:
    """
    Take runs from workers that are not heard of any more; those with retries left are pending again.
    """
    now = state.clock.now()
    with state.store.transaction():
        for row in pending_runs.list_expired_claims(state.store, now):
            task = task_table.get(state.store, row["task_id"])
            assert task is not None
            # What is past its deadline is left to that.
            if from_json(task.definition["deadline"]) <= now or not run_states.expire_claim(task, row["run_id"], now):
                continue
            task_table.update(state.store, task)
            events.ended(state, task, row["run_id"])
            if task.state in task_table.RESOLVED:
                dependencies.resolved(state, task)


@service.periodic
def pass_deadlines(state: State) -> None:
    """
    Resolve the tasks whose deadline is over.
    """
    sql = "SELECT task_id FROM tasks WHERE is_open = 1 AND deadline <= ? ORDER BY deadline"
    with state.store.transaction():
        for row in state.store.all(sql, state.clock.now()):
            task = task_table.get(state.store, row["task_id"])
            assert task is not None
            dependencies.cancel(state, task, "deadline-exceeded")


@service.periodic
def forget_expired(state: State) -> None:
    """
    Forget expired tasks with all that belongs to them, groups, and artifacts.
    """
    store, now = state.store, state.clock.now()
    with store.transaction():
        for row in store.all("SELECT task_id FROM tasks WHERE expires < ?", now):
            _forget_artifacts(state, artifact_table.list_task(store, row["task_id"]))
            dependencies.delete(store, row["task_id"])
            task_table.delete(store, row["task_id"])
    _forget_artifacts(state, artifact_table.list_expired(store, now - AFTERLIFE))
    store.run("DELETE FROM task_groups WHERE expires < ?", now)


def _forget_artifacts(state: State, artifacts: list[Artifact]) -> None:
    for artifact in artifacts:
        artifact_table.delete(state.store, artifact)
        if artifact.storage_type == "s3":
            state.storage.delete(artifact.bucket, artifact.path)
