"""
queue: periodic jobs for expired claims, deadlines, and expired tasks and artifacts.
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

DELETE_AFTER = HOUR
"""Milliseconds from an artifact's expiry, after which it is 410, to its deletion, after which it is 404."""


@service.periodic
def expire_claims(state: State) -> None:
    """
    Resolve runs whose claims have expired; those with retries left become pending again.
    """
    now = state.clock.now()
    with state.store.transaction():
        for row in pending_runs.list_expired_claims(state.store, now):
            task = task_table.get(state.store, row["task_id"])
            assert task is not None
            # pass_deadlines resolves a run that is past its deadline.
            if from_json(task.definition["deadline"]) <= now or not run_states.expire_claim(task, row["run_id"], now):
                continue
            task_table.update(state.store, task)
            events.ended(state, task, row["run_id"])
            if task.state in task_table.RESOLVED:
                dependencies.resolved(state, task)


@service.periodic
def pass_deadlines(state: State) -> None:
    """
    Resolve tasks whose deadline has passed.
    """
    sql = "SELECT task_id FROM tasks WHERE is_open = 1 AND deadline <= ? ORDER BY deadline"
    with state.store.transaction():
        for row in state.store.all(sql, state.clock.now()):
            task = task_table.get(state.store, row["task_id"])
            assert task is not None
            dependencies.cancel(state, task, "deadline-exceeded")


@service.periodic
def delete_expired(state: State) -> None:
    """
    Delete what has expired: tasks with everything that belongs to them, task groups, artifacts, queues and workers.
    """
    store, now = state.store, state.clock.now()
    with store.transaction():
        for row in store.all("SELECT task_id FROM tasks WHERE expires < ?", now):
            _delete_artifacts(state, artifact_table.list_task(store, row["task_id"]))
            dependencies.delete(store, row["task_id"])
            task_table.delete(store, row["task_id"])
    _delete_artifacts(state, artifact_table.list_expired(store, now - DELETE_AFTER))
    for table in ("task_groups", "task_queues"):
        store.run(f"DELETE FROM {table} WHERE expires < ?", now)  # noqa: S608 - constants
    store.run("DELETE FROM queue_workers WHERE expires < ? AND quarantine_until < ?", now, now)


def _delete_artifacts(state: State, artifacts: list[Artifact]) -> None:
    for artifact in artifacts:
        artifact_table.delete(state.store, artifact)
        if artifact.storage_type == "s3":
            state.storage.delete(artifact.bucket, artifact.path)
